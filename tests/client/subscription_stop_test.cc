// Whatever a subscription is doing, Stop ends it soon, and what it says of its end is that it was stopped.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "client/subscription.h"
#include "tests/client/silent_port.h"
#include "tests/client/subscription_testing.h"
#include "tests/client/test_server.h"

namespace pipeline {
namespace {

using Kind = SubscriptionResult::Kind;

TEST(StopTest, BeforeRun) {
  Heard heard;
  Subscription subscription(QuickOptions("127.0.0.1:1"), &heard);
  subscription.Stop();
  EXPECT_EQ(subscription.Run().kind, Kind::kStopped);
  EXPECT_TRUE(heard.connecting.empty());
}

TEST(StopTest, WhileConnecting) {
  SilentPort port;
  SubscriptionOptions options = QuickOptions(port.address());
  options.connect_timeout_ns = int64_t{3600} * 1'000'000'000;
  Heard heard;
  RunningSubscription running(options, &heard);
  ASSERT_TRUE(port.WaitForConnection());
  EXPECT_EQ(running.StopAndWait().kind, Kind::kStopped);
}

TEST(StopTest, WhileTheServerHoldsItsFirstWordBack) {
  TestServer server;
  server.Misbehave({.silent = true});
  Heard heard;
  RunningSubscription running(QuickOptions(server.address()), &heard);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (server.requests().empty() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(running.StopAndWait().kind, Kind::kStopped);
  EXPECT_TRUE(heard.starts.empty());
}

TEST(StopTest, WhileTheStreamIsIdle) {
  TestServer server;
  Heard heard;
  RunningSubscription running(QuickOptions(server.address()), &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.starts.size() == 1; }));
  EXPECT_EQ(running.StopAndWait().kind, Kind::kStopped);
}

TEST(StopTest, WhileTheStreamIsBusy) {
  TestServer server(1);
  for (int i = 0; i < 20'000; ++i) server.Append(0);
  Heard heard;
  RunningSubscription running(QuickOptions(server.address()), &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() > 100; }));
  EXPECT_EQ(running.StopAndWait().kind, Kind::kStopped);
}

TEST(StopTest, WhileWaitingForTheNextAttempt) {
  SubscriptionOptions options = QuickOptions("127.0.0.1:1");
  options.reconnect.delay_min_ns = options.reconnect.delay_max_ns = int64_t{3600} * 1'000'000'000;
  Heard heard;
  RunningSubscription running(options, &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.attempts.size() == 1; }));
  EXPECT_EQ(running.StopAndWait().kind, Kind::kStopped);
}

TEST(StopTest, FromTheObserver) {
  TestServer server;
  server.Append(0);
  Heard heard;
  Subscription subscription(QuickOptions(server.address()), &heard);
  heard.on_event = [&](const ReceivedEvent&) { subscription.Stop(); };
  EXPECT_EQ(subscription.Run().kind, Kind::kStopped);
}

}  // namespace
}  // namespace pipeline
