// The command line means what --help says, settings from the environment fill in what it leaves open, and what makes no
// sense is refused with a sentence before anything is connected.
#include "client/command.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace pipeline {
namespace {

class CommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    unsetenv("GRPC_SERVER_HOST");
    unsetenv("GRPC_SERVER_PORT");
  }
  void TearDown() override { SetUp(); }

  static ClientCommand Parse(std::vector<std::string> args) {
    const ClientParse parse = ParseClientCommand(std::move(args));
    EXPECT_FALSE(parse.exit_code);
    return parse.command;
  }
  // What is printed on standard error; the exit code must be that of wrong usage.
  static std::string Refusal(std::vector<std::string> args) {
    ::testing::internal::CaptureStderr();
    const ClientParse parse = ParseClientCommand(std::move(args));
    EXPECT_EQ(parse.exit_code, kExitUsage);
    return ::testing::internal::GetCapturedStderr();
  }
};

TEST_F(CommandTest, DefaultsAreTheTutorials) {
  const ClientCommand command = Parse({});
  EXPECT_EQ(command.action, ClientAction::kStream);
  EXPECT_EQ(command.subscription.servers, (std::vector<std::string>{"localhost:50051"}));
  EXPECT_EQ(command.subscription.reconnect.attempts_max, 10);
  EXPECT_EQ(command.subscription.reconnect.delay_min_ns, 3'000'000'000);
  EXPECT_FALSE(command.subscription.reconnect.exponential());
  EXPECT_EQ(command.subscription.keepalive_time_ns, 10'000'000'000);
  EXPECT_EQ(command.subscription.keepalive_timeout_ns, 5'000'000'000);
  EXPECT_EQ(command.subscription.connect_timeout_ns, 5'000'000'000);
  EXPECT_EQ(command.subscription.on_gap, OnGap::kFail);
  EXPECT_EQ(command.subscription.filter, Filter{});
  EXPECT_FALSE(command.json);
  EXPECT_EQ(Parse({"stream"}).action, ClientAction::kStream);
}

TEST_F(CommandTest, EveryOptionArrives) {
  const ClientCommand stream = Parse({"--server",          "a,b:7",    "--port",      "9",   "--provider", "PayPal",
                                      "--status=refunded", "--json",   "--event-log", "f",   "--backoff",  "100ms..2s",
                                      "--keepalive",       "1s,500ms", "--attempts",  "0",   "--on-gap",   "earliest",
                                      "--connect-timeout", "2s",       "--resume",    "none"});
  EXPECT_FALSE(stream.subscription.resume);
  EXPECT_EQ(stream.subscription.servers, (std::vector<std::string>{"a:9", "b:7"}));
  EXPECT_EQ(stream.subscription.filter.provider, Provider::kPaypal);
  EXPECT_EQ(stream.subscription.filter.status, PaymentStatus::kRefunded);
  EXPECT_TRUE(stream.json);
  EXPECT_EQ(stream.subscription.event_log_path, "f");
  EXPECT_EQ(stream.subscription.reconnect.delay_min_ns, 100'000'000);
  EXPECT_EQ(stream.subscription.reconnect.delay_max_ns, 2'000'000'000);
  EXPECT_EQ(stream.subscription.reconnect.attempts_max, 0);
  EXPECT_EQ(stream.subscription.keepalive_time_ns, 1'000'000'000);
  EXPECT_EQ(stream.subscription.keepalive_timeout_ns, 500'000'000);
  EXPECT_EQ(stream.subscription.on_gap, OnGap::kEarliest);
  EXPECT_EQ(stream.subscription.connect_timeout_ns, 2'000'000'000);

  const ClientCommand get = Parse({"get", "pay_1", "--server", "a", "--json", "--timeout", "3s"});
  EXPECT_EQ(get.action, ClientAction::kGet);
  EXPECT_EQ(get.payment_id, "pay_1");
  EXPECT_EQ(get.subscription.servers[0], "a:50051");
  EXPECT_TRUE(get.json);
  EXPECT_EQ(get.timeout_ns, 3'000'000'000);

  const ClientCommand list = Parse({"list", "--limit", "100", "--cursor", "c", "--all", "--provider", "stripe"});
  EXPECT_EQ(list.action, ClientAction::kList);
  EXPECT_EQ(list.limit, 100);
  EXPECT_EQ(list.cursor, "c");
  EXPECT_TRUE(list.all);
  EXPECT_EQ(list.subscription.filter.provider, Provider::kStripe);
}

TEST_F(CommandTest, TheEnvironmentFillsInAndFlagsWin) {
  setenv("GRPC_SERVER_HOST", "pay.example.com", 1);
  setenv("GRPC_SERVER_PORT", "7000", 1);
  EXPECT_EQ(Parse({}).subscription.servers[0], "pay.example.com:7000");
  EXPECT_EQ(Parse({"--server", "other"}).subscription.servers[0], "other:7000");
  EXPECT_EQ(Parse({"list"}).subscription.servers[0], "pay.example.com:7000");
  for (const char* port : {"0", "65536", "many"}) {
    setenv("GRPC_SERVER_PORT", port, 1);
    EXPECT_NE(Refusal({"list"}), "") << port;
    EXPECT_EQ(Parse({"--port", "7001"}).subscription.servers[0], "pay.example.com:7001") << port;
  }
}

TEST_F(CommandTest, NonsenseIsRefused) {
  EXPECT_NE(Refusal({"--provider", "square"}).find("--provider: found \"square\"; allowed: stripe, razorpay, paypal"),
            std::string::npos);
  EXPECT_NE(Refusal({"--status", "odd"}).find("allowed: pending, completed, failed, refunded"), std::string::npos);
  EXPECT_NE(Refusal({"--backoff", "2s..1s"}).find("--backoff: found \"2s..1s\""), std::string::npos);
  EXPECT_NE(Refusal({"--keepalive", "10s"}).find("--keepalive: found \"10s\""), std::string::npos);
  EXPECT_NE(Refusal({"--connect-timeout", "0s"}).find("--connect-timeout: found \"0s\""), std::string::npos);
  EXPECT_NE(Refusal({"--attempts", "-1"}), "");
  EXPECT_NE(Refusal({"--on-gap", "ignore"}), "");
  EXPECT_NE(Refusal({"--server", "a:99999"}), "");
  EXPECT_NE(Refusal({"get"}), "");
  EXPECT_NE(Refusal({"get", ""}), "");
  EXPECT_NE(Refusal({"list", "--limit", "-1"}), "");
  EXPECT_NE(Refusal({"list", "--limit", "1000000000"}), "");
  EXPECT_NE(Refusal({"get", "x", "--event-log", "f"}).find("--event-log: allowed with `stream` only"),
            std::string::npos);
  EXPECT_NE(Refusal({"bogus"}), "");
}

TEST_F(CommandTest, HelpAndVersionAreNoErrors) {
  for (const char* flag : {"--help", "--version"}) {
    ::testing::internal::CaptureStdout();
    EXPECT_EQ(ParseClientCommand({flag}).exit_code, 0);
    EXPECT_NE(::testing::internal::GetCapturedStdout(), "");
  }
}

TEST_F(CommandTest, Pairs) {
  EXPECT_EQ(ParseBackoff("100ms..2s"), std::pair(int64_t{100'000'000}, int64_t{2'000'000'000}));
  EXPECT_EQ(ParseBackoff("3s"), std::pair(int64_t{3'000'000'000}, int64_t{3'000'000'000}));
  for (const char* bad : {"", "..", "1s..", "..1s", "1..2", "2s..1s", "0s", "-1s", "1s...2s", "1s,2s"}) {
    EXPECT_EQ(ParseBackoff(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(ParseKeepalive("10s,5s"), std::pair(int64_t{10'000'000'000}, int64_t{5'000'000'000}));
  for (const char* bad : {"", ",", "1s", "1s,", ",1s", "1s,0s", "1s,2s,3s", "100us,1s"}) {
    EXPECT_EQ(ParseKeepalive(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace pipeline
