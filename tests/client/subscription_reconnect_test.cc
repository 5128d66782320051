// A subscriber does not give up on servers that serve it, and does on those that don't: what counts as a success, how
// it takes complaints about its pings, what servers say about another try, and that its attempts share a connection.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/subscription.h"
#include "common/clock.h"
#include "payment/retry_info.h"
#include "tests/client/silent_port.h"
#include "tests/client/subscription_testing.h"
#include "tests/client/test_server.h"

namespace pipeline {
namespace {

using Kind = SubscriptionResult::Kind;

// The next failure after a failure is the last.
SubscriptionOptions OneFailure(const std::string& server) {
  SubscriptionOptions options = QuickOptions(server);
  options.reconnect.attempts_max = 1;
  return options;
}

// Returns when the last stream that `heard` heard of is so old that its end is no failure.
void OutlastTheWaits(Heard* heard) {
  const int64_t deadline_ns = MonotonicNs() + 1'100'000'000;
  std::unique_lock lock(heard->mutex);
  while (MonotonicNs() < deadline_ns) heard->changed.wait_for(lock, std::chrono::milliseconds(20));
}

// No payment for a year and a disconnect now and then: each stream was accepted and stood.
TEST(SubscriptionReconnectTest, AStreamThatStoodIsASuccessWithoutAnyPayment) {
  TestServer server;
  Heard heard;
  RunningSubscription running(OneFailure(server.address()), &heard);
  for (size_t streams = 1; streams <= 3; ++streams) {
    ASSERT_TRUE(heard.WaitFor([&] { return heard.starts.size() == streams; }));
    OutlastTheWaits(&heard);
    server.CutAll();
  }
  ASSERT_TRUE(heard.WaitFor([&] { return heard.starts.size() == 4; }));
  EXPECT_EQ(running.StopAndWait().kind, Kind::kStopped);
  EXPECT_EQ(heard.attempts, (std::vector<int>{1, 1, 1}));
}

TEST(SubscriptionReconnectTest, AStreamThatIsAcceptedAndEndedAtOnceIsAFailure) {
  TestServer server;
  for (int i = 0; i < 10; ++i) server.Misbehave({.cut_after = 0});
  SubscriptionOptions options = QuickOptions(server.address());
  options.reconnect.attempts_max = 4;
  Heard heard;
  RunningSubscription running(options, &heard);
  EXPECT_EQ(running.Result().kind, Kind::kExhausted);
  EXPECT_EQ(heard.starts.size(), 5u);
  EXPECT_EQ(heard.attempts, (std::vector<int>{1, 2, 3, 4}));
}

// On a topic where nothing matches the filter, bookmarks are all that comes.
TEST(SubscriptionReconnectTest, ABookmarkThatIsNewsIsASuccess) {
  TestServer server;
  server.OfferBatches(10);
  Heard heard;
  RunningSubscription running(OneFailure(server.address()), &heard);
  for (size_t bookmarks = 1; bookmarks <= 4; ++bookmarks) {
    ASSERT_TRUE(heard.WaitFor([&] { return heard.starts.size() == bookmarks; }));
    server.Bookmark(0, static_cast<int64_t>(bookmarks) - 1);
    ASSERT_TRUE(heard.WaitFor([&] { return heard.bookmarks.size() == bookmarks; }));
    server.Append(0);  // so that the token names a record of the log
    ASSERT_TRUE(heard.WaitFor([&] { return heard.caught_up_at == heard.events.size(); }));
    server.CutAll();
  }
  ASSERT_TRUE(heard.WaitFor([&] { return heard.starts.size() == 5; }));
  EXPECT_EQ(running.StopAndWait().kind, Kind::kStopped);
}

// ---- connections ----

TEST(SubscriptionReconnectTest, AttemptsShareAConnection) {
  TestServer server;
  server.Append(0);
  Heard heard;
  RunningSubscription running(QuickOptions(server.address()), &heard);
  for (size_t streams = 1; streams <= 5; ++streams) {
    ASSERT_TRUE(heard.WaitFor([&] { return heard.starts.size() == streams; }));
    server.CutAll();
  }
  ASSERT_TRUE(heard.WaitFor([&] { return heard.starts.size() == 6; }));
  running.StopAndWait();
  EXPECT_EQ(server.connections(), 1u);
}

// An attempt that waited in gRPC's own back-off, which begins at a second, would connect nobody.
TEST(SubscriptionReconnectTest, EachAttemptIsARealAttemptToConnect) {
  const SilentPort port;
  SubscriptionOptions options = QuickOptions(port.address());
  options.reconnect.attempts_max = 11;
  Heard heard;
  std::atomic<bool> done = false;
  int connections = 0;
  std::thread closes_each([&] {
    while (!done) connections += port.CountConnections(10);
  });
  RunningSubscription running(options, &heard);
  EXPECT_EQ(running.Result().kind, Kind::kExhausted);
  done = true;
  closes_each.join();
  EXPECT_EQ(heard.connecting.size(), 12u);
  EXPECT_EQ(connections, 12);
}

// ---- pings ----

// As against a server of any make whose owner never heard of keepalive.
TEST(SubscriptionReconnectTest, PingsThatAreTooManyBecomeFewer) {
  TestServer server(1, "log-1", 0, PingsTaken::kFew);
  SubscriptionOptions options = OneFailure(server.address());
  options.keepalive_time_ns = 20'000'000;
  Heard heard;
  RunningSubscription running(options, &heard);
  // gRPC sends a ping a second at most, so that each complaint takes three.
  ASSERT_TRUE(heard.WaitFor([&] { return heard.starts.size() == 3; }));
  server.Append(0);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 1; }));
  EXPECT_EQ(running.StopAndWait().kind, Kind::kStopped);
  ASSERT_GE(heard.ends.size(), 2u);
  const std::vector<std::pair<std::string, std::string>> intervals = {{"20ms", "40ms"}, {"40ms", "80ms"}};
  for (size_t i = 0; i < intervals.size(); ++i) {
    EXPECT_EQ(heard.ends[i].code, 14);
    const std::string& message = heard.ends[i].message;
    EXPECT_NE(message.find("finds a ping every " + intervals[i].first + " too many: every " + intervals[i].second +
                           " from now on"),
              std::string::npos)
        << message;
  }
  for (const int attempt : heard.attempts) EXPECT_EQ(attempt, 0) << "no failure";
}

// ---- what a server says about another try ----

constexpr auto kExhausted = grpc::StatusCode::RESOURCE_EXHAUSTED;

Misbehaviour Refuse(std::optional<int64_t> retry_delay_ns) {
  Misbehaviour how;
  how.refuse = grpc::Status(kExhausted, "full", EncodeStatusDetails(kExhausted, "full", retry_delay_ns));
  return how;
}

TEST(SubscriptionReconnectTest, AServerThatNamesATimeIsLeftAloneUntilThen) {
  TestServer server;
  server.Misbehave(Refuse(700'000'000));
  Heard heard;
  RunningSubscription running(QuickOptions(server.address()), &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.starts.size() == 1; }));
  running.StopAndWait();
  EXPECT_EQ(server.requests().size(), 2u);
  EXPECT_GE(heard.starts[0].time_ns - heard.ends[0].time_ns, 690'000'000);
}

TEST(SubscriptionReconnectTest, AServerThatRefusesForGoodIsNotAskedAgain) {
  TestServer never;
  TestServer other;
  never.Misbehave(Refuse(std::nullopt));
  for (int i = 0; i < 3; ++i) other.Misbehave({.cut_after = 0});
  SubscriptionOptions options = QuickOptions(never.address());
  options.servers.push_back(other.address());
  Heard heard;
  RunningSubscription running(options, &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.starts.size() == 4; }));
  EXPECT_EQ(running.StopAndWait().kind, Kind::kStopped);
  EXPECT_EQ(never.requests().size(), 1u);
  EXPECT_EQ(other.requests().size(), 4u);
}

TEST(SubscriptionReconnectTest, TheOnlyServerThatRefusesForGoodEndsIt) {
  TestServer server;
  server.Misbehave(Refuse(std::nullopt));
  Heard heard;
  RunningSubscription running(QuickOptions(server.address()), &heard);
  const SubscriptionResult result = running.Result();
  EXPECT_EQ(result.kind, Kind::kFatal);
  EXPECT_EQ(result.code, 8);
  EXPECT_EQ(server.requests().size(), 1u);
}

// Without details, or with bytes that are none, it may be for now: as before there were details.
TEST(SubscriptionReconnectTest, DetailsThatAreNoneSayNothing) {
  TestServer server;
  server.Misbehave({.refuse = grpc::Status(kExhausted, "full")});
  server.Misbehave({.refuse = grpc::Status(kExhausted, "full", std::string("\xff\x00\x08garbage", 10))});
  server.Misbehave({.refuse = grpc::Status(kExhausted, "full", EncodeStatusDetails(14, "another", std::nullopt))});
  Heard heard;
  RunningSubscription running(QuickOptions(server.address()), &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.starts.size() == 1; }));
  EXPECT_EQ(running.StopAndWait().kind, Kind::kStopped);
  EXPECT_EQ(server.requests().size(), 4u);
}

}  // namespace
}  // namespace pipeline
