// payment-client as a person or a script meets it: what it prints where, that it stops when told to, and its exit
// codes.
#include "tests/client/client_program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/client/silent_port.h"
#include "tests/client/test_server.h"

namespace pipeline {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;

constexpr char kNew[] = "🆕 [2026-01-31T10:00:00.000Z] p0-1 | STRIPE | $1.50 USD | COMPLETED\n";
constexpr char kExisting[] = "📦 [2026-01-31T10:00:00.000Z] p0-0 | STRIPE | $1.50 USD | COMPLETED\n";

TEST(ClientProgramTest, ShowsASessionFromBannerToBox) {
  for (const int signal : {SIGINT, SIGTERM}) {
    TestServer server(1);
    server.Append(0);
    ClientProgram client({"--server", server.address()});
    // Through a pipe, and with nothing behind it that could push it out.
    client.ReadUntil(kExisting);
    server.Append(0);
    client.ReadUntil(kNew);
    client.Signal(signal);
    EXPECT_EQ(client.Wait(), 0);
    EXPECT_THAT(client.output(), StartsWith("Payment client\n  Connecting to: " + server.address() +
                                            "\n  Auto-reconnect: enabled\nConnected to " + server.address() +
                                            " (test-server)\n" + kExisting + kNew + "┌"));
    EXPECT_THAT(client.output(), HasSubstr("│ Total:      2 "));
    EXPECT_THAT(client.output(), HasSubstr("│ Existing:   1 "));
    EXPECT_THAT(client.output(), HasSubstr("│ Reconnects: 0 "));
    EXPECT_EQ(client.errors(), "");
  }
}

TEST(ClientProgramTest, ReconnectsAndSaysSo) {
  TestServer server(1);
  server.Append(0);
  server.Misbehave({.cut_after = 1});
  server.Misbehave({.cut_after = 0, .status = grpc::Status::OK, .repeat = 1});
  ClientProgram client({"--server", server.address(), "--backoff", "10ms"});
  client.ReadUntil("Stream ended by server\n");
  server.Append(0);
  client.ReadUntil(kNew);
  client.Signal(SIGTERM);
  EXPECT_EQ(client.Wait(), 0);
  EXPECT_THAT(client.output(), HasSubstr("Stream error (code 14): cut\nReconnecting in 10ms (attempt 1/10)...\n"));
  EXPECT_THAT(client.output(), HasSubstr("Reconnects: 2"));
  EXPECT_THAT(client.output(), HasSubstr("Total:      2"));
}

TEST(ClientProgramTest, JsonStandsAloneOnStandardOutput) {
  TestServer server(1);
  server.Append(0);
  ClientProgram client({"--json"},
                       {{"GRPC_SERVER_HOST", "127.0.0.1"}, {"GRPC_SERVER_PORT", std::to_string(server.port())}});
  client.ReadUntil("p0-0");
  server.Append(0);
  client.ReadUntil("p0-1");
  client.Signal(SIGINT);
  EXPECT_EQ(client.Wait(), 0);
  const std::vector<std::string> lines = Lines(client.output());
  ASSERT_EQ(lines.size(), 2u);
  const Json event = Json::parse(lines[1]);
  EXPECT_EQ(event["kind"], "new");
  EXPECT_EQ(event["o"], 1);
  EXPECT_EQ(event["payment"]["units"], 15000);
  EXPECT_THAT(client.errors(), HasSubstr("Auto-reconnect: enabled"));
  EXPECT_THAT(client.errors(), HasSubstr("Total:      2"));
}

TEST(ClientProgramTest, PlainAndNarrowWhereTheTerminalIs) {
  TestServer server(1);
  server.Append(0);
  ClientProgram client({"--server", server.address()}, {{"LANG", "C"}, {"COLUMNS", "40"}});
  client.ReadUntil("OLD [2026-01-31T10:00:00.000Z] p0-0\n   STRIPE | 1.50 USD | COMPLETED\n");
  client.Signal(SIGINT);
  EXPECT_EQ(client.Wait(), 0);
  EXPECT_THAT(client.output(), HasSubstr("| Total:      1 "));
  for (const char c : client.output()) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
}

TEST(ClientProgramTest, GivesUpWithStatisticsAfterTheLastTry) {
  ClientProgram client({"--server", "127.0.0.1:1", "--attempts", "2", "--backoff", "10ms"});
  EXPECT_EQ(client.Wait(), 1);
  EXPECT_THAT(client.output(), HasSubstr("Stream error (code 14): "));
  EXPECT_THAT(client.output(), HasSubstr("Reconnecting in 10ms (attempt 2/2)...\n"));
  EXPECT_THAT(client.output(), HasSubstr("Total:      0"));
  EXPECT_THAT(client.errors(), StartsWith("payment-client: gave up after the last attempt: "));
}

TEST(ClientProgramTest, AFatalStatusIsOne) {
  TestServer server;
  server.Misbehave({.refuse = grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "not you")});
  ClientProgram client({"--server", server.address()});
  EXPECT_EQ(client.Wait(), 1);
  EXPECT_EQ(client.errors(), "payment-client: not retried: not you (code 7)\n");
}

TEST(ClientProgramTest, AGapHasItsOwnCodeAndIsPrinted) {
  TestServer server(1);
  server.Misbehave({.cut_after = 0});
  Misbehaviour gap;
  gap.refuse = grpc::Status(grpc::StatusCode::OUT_OF_RANGE, "gone");
  gap.gaps = {{.partition = 0, .wanted = 3, .earliest = 9}};
  server.Misbehave(gap);
  ClientProgram client({"--server", server.address(), "--backoff", "10ms"});
  EXPECT_EQ(client.Wait(), 6);
  EXPECT_EQ(client.errors(),
            "payment-client: can't go on where it was (see --on-gap): gone (code 11)\n"
            "Gap in partition 0: offsets 3 to 8 are gone, the earliest left is 9\n");
}

TEST(ClientProgramTest, WrongUsageIsTwo) {
  const TempFolder folder;
  WriteFile(folder.File("log"), "not a log\nat all\n{\"type\":\"end\"}\n");
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"--backoff", "x"}, {"--event-log", folder.File("log")}, {"get"}}) {
    ClientProgram client(args);
    EXPECT_EQ(client.Wait(), 2);
    EXPECT_EQ(client.output(), "");
    EXPECT_NE(client.errors(), "");
  }
}

TEST(ClientProgramTest, AClosedStandardOutputEndsItCleanly) {
  TestServer server(1);
  server.Append(0);
  ClientProgram client({"--server", server.address()});
  client.ReadUntil(kExisting);
  client.CloseOutput();
  server.Append(0);
  EXPECT_EQ(client.Wait(), 0);
  EXPECT_EQ(client.errors(), "");
}

TEST(ClientProgramTest, StopsThoughNobodyReadsItsOutput) {
  TestServer server(1);
  for (int i = 0; i < 5000; ++i) server.Append(0);
  ClientProgram client({"--server", server.address()});
  client.WaitUntilPipeIsFull();
  client.Signal(SIGTERM);
  EXPECT_EQ(client.WaitWithoutReading(), 0);
}

TEST(ClientProgramTest, StopsWhileItConnects) {
  const SilentPort port;
  ClientProgram client({"--server", port.address(), "--connect-timeout", "1h"});
  ASSERT_TRUE(port.WaitForConnection());
  client.Signal(SIGINT);
  EXPECT_EQ(client.Wait(), 0);
  EXPECT_THAT(client.output(), HasSubstr("Total:      0"));
}

TEST(ClientProgramTest, KilledAgainAndAgainItsEventLogHoldsEachRecordOnce) {
  const TempFolder folder;
  const std::string path = folder.File("log");
  TestServer server(1);
  for (int run = 0; run < 3; ++run) {
    for (int i = 0; i < 2000; ++i) server.Append(0);
    ClientProgram client({"--server", server.address(), "--event-log", path, "--json"});
    // In the middle of what it receives; the last run reads it all.
    client.ReadUntil(run < 2 ? "\"id\":\"p0-" + std::to_string(2000 * run + 500) + "\"" : "\"id\":\"p0-5999\"");
    client.Signal(SIGKILL);
    EXPECT_EQ(client.Wait(), -SIGKILL);
  }
  std::map<int64_t, int> counts;
  for (const std::string& line : Lines(ReadFile(path))) {
    const Json entry = Json::parse(line);
    if (entry["type"] == "event") ++counts[entry["o"].get<int64_t>()];
  }
  EXPECT_EQ(counts.size(), 6000u);
  for (const auto& [offset, count] : counts) EXPECT_EQ(count, 1) << offset;
}

TEST(ClientProgramTest, GetsAndLists) {
  TestServer server(1);
  for (int i = 0; i < 3; ++i) server.Append(0);
  const auto run = [&](std::vector<std::string> args, int exit_code) {
    args.insert(args.end(), {"--server", server.address()});
    ClientProgram client(args);
    EXPECT_EQ(client.Wait(), exit_code);
    return client.output() + client.errors();
  };
  EXPECT_THAT(run({"get", "p0-1"}, 0), StartsWith("p0-1\n  Provider:   STRIPE\n  Amount:     $1.50 USD\n"));
  EXPECT_EQ(Json::parse(run({"get", "p0-1", "--json"}, 0))["payment"]["id"], "p0-1");
  EXPECT_EQ(run({"get", "absent"}, 1), "payment-client: no payment absent (code 5)\n");
  EXPECT_THAT(run({"list", "--limit", "2"}, 0), HasSubstr("\n2 of 3 payments; the next page: --cursor 2\n"));
  EXPECT_THAT(run({"list", "--limit", "2", "--cursor", "2"}, 0), HasSubstr("\n1 of 3 payments\n"));
  const std::vector<std::string> lines = Lines(run({"list", "--limit", "2", "--all", "--json"}, 0));
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(Json::parse(lines[2])["payment"]["id"], "p0-2");
  EXPECT_EQ(lines[3], R"({"total_count":3,"next_cursor":""})");
}

// Whichever way a payment is shown; the event log is the record, and stays whole.
TEST(ClientProgramTest, ShowsNobodysAddressWhenTold) {
  const TempFolder folder;
  TestServer server(1);
  server.Append(0);
  const auto run = [&](std::vector<std::string> args) {
    args.insert(args.end(), {"--server", server.address(), "--mask-personal"});
    ClientProgram client(args);
    if (args[0] == "stream") {
      client.ReadUntil("p0-0");
      client.Signal(SIGINT);
    }
    EXPECT_EQ(client.Wait(), 0);
    return client.output();
  };
  EXPECT_THAT(run({"get", "p0-0"}), HasSubstr("s***@example.com"));
  for (const std::vector<std::string>& args : {std::vector<std::string>{"get", "p0-0", "--json"},
                                               {"list", "--json"},
                                               {"stream", "--json", "--event-log", folder.File("log")}}) {
    const Json shown = Json::parse(Lines(run(args)).at(0));
    EXPECT_EQ(shown["payment"]["customer_email"], "s***@example.com");
  }
  EXPECT_THAT(ReadFile(folder.File("log")), HasSubstr("someone@example.com"));
}

}  // namespace
}  // namespace pipeline
