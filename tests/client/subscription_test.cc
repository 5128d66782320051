// A subscriber is handed every record exactly once and in partition order, whatever the server does to its streams: it
// cuts them, repeats records, refuses, is away, or never answers. And it ends when it should: on a fatal status, after
// its last attempt (on a gap: subscription_gap_test).
#include "client/subscription.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/client/silent_port.h"
#include "tests/client/subscription_testing.h"
#include "tests/client/test_server.h"

namespace pipeline {
namespace {

using Kind = SubscriptionResult::Kind;

TEST(SubscriptionTest, ASnapshotThenWhatIsNew) {
  TestServer server;
  Fill(&server, 2);
  Heard heard;
  RunningSubscription running(QuickOptions(server.address()), &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 4 && heard.caught_up_at == 4; }));
  server.Append(1);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 5 && heard.caught_up_at == 5; }));
  EXPECT_EQ(running.StopAndWait().kind, Kind::kStopped);

  ASSERT_EQ(heard.starts.size(), 1u);
  const StreamStarted& start = heard.starts[0];
  EXPECT_EQ(start.connection, 1u);
  EXPECT_EQ(start.server, server.address());
  EXPECT_EQ(start.server_id, "test-server");
  EXPECT_TRUE(start.has_start);
  EXPECT_FALSE(start.resumed);
  EXPECT_EQ(start.token.log_id, "log-1");
  EXPECT_EQ(start.token.partitions.at(1).snapshot_until, 1);
  for (size_t i = 0; i < 5; ++i) {
    const ReceivedEvent& event = heard.events[i];
    EXPECT_EQ(event.existing, i < 4);
    EXPECT_EQ(event.connection, 1u);
    EXPECT_GE(event.time_ns, start.time_ns);
    EXPECT_EQ(event.record_crc32c, TestServer::Checksum(event.partition, event.offset, "log-1"));
  }
  const Payment& payment = heard.events[4].payment;
  EXPECT_EQ(payment.id, "p1-2");
  EXPECT_EQ(payment.amount, (Money{.units = 15000, .exponent = 4}));
  EXPECT_EQ(payment.metadata, (std::vector<std::pair<std::string, std::string>>{{"k", "v"}}));
  EXPECT_EQ(heard.events[4].processed_at_s, 1'769'853'601);
  ASSERT_EQ(heard.ends.size(), 1u);
  EXPECT_EQ(heard.ends[0].code, 1);
  EXPECT_EQ(heard.ends[0].message, "stopped by this client");
}

// A name that the server gives comes with the start; one that is longer than anybody needs is no name.
TEST(SubscriptionTest, AStreamIsCalledWhatItsServerCallsIt) {
  TestServer server;
  Fill(&server, 1);
  server.Misbehave({.cut_after = 1, .subscription = "host#1.1/7"});
  server.Misbehave({.cut_after = 1, .subscription = std::string(1025, 'x')});
  Heard heard;
  RunningSubscription running(QuickOptions(server.address()), &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.starts.size() == 3; }));
  running.StopAndWait();
  EXPECT_EQ(heard.starts[0].subscription, "host#1.1/7");
  EXPECT_EQ(heard.starts[1].subscription, "");
  EXPECT_EQ(heard.starts[2].subscription, "");
}

class CutTest : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(EveryRetriedStatus, CutTest, ::testing::Values(0, 1, 2, 4, 8, 10, 13, 14));

TEST_P(CutTest, ACutStreamIsResumedWhereItWas) {
  TestServer server;
  Fill(&server, 3);
  server.Misbehave({.cut_after = 4,
                    .status = grpc::Status(static_cast<grpc::StatusCode>(GetParam()), GetParam() == 0 ? "" : "why")});
  Heard heard;
  RunningSubscription running(QuickOptions(server.address()), &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 6; }));
  server.Append(0);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 7; }));
  running.StopAndWait();

  EXPECT_EQ(heard.Offsets().at(0), UpTo(4));
  EXPECT_EQ(heard.Offsets().at(1), UpTo(3));
  EXPECT_EQ(heard.ends[0].code, GetParam());
  EXPECT_EQ(heard.ends[0].connection, 1u);
  ASSERT_EQ(heard.starts.size(), 2u);
  EXPECT_TRUE(heard.starts[1].resumed);
  const auto requests = server.requests();
  EXPECT_FALSE(requests[0].has_resume());
  const ::payment::PartitionResume& part = requests[1].resume().partitions(0);
  EXPECT_EQ(part.after(), 1);
  EXPECT_EQ(part.record_crc32c(), TestServer::Checksum(0, 1, "log-1"));
  EXPECT_EQ(part.snapshot_until(), 2) << "the snapshot is still under way";
}

TEST(SubscriptionTest, WhatIsRepeatedIsDroppedAndCounted) {
  TestServer server;
  Fill(&server, 5);
  server.Misbehave({.cut_after = 10});
  server.Misbehave({.repeat = 3});
  Heard heard;
  RunningSubscription running(QuickOptions(server.address()), &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.dropped.size() == 6; }));
  server.Append(0);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 11; }));
  running.StopAndWait();
  EXPECT_EQ(heard.Offsets().at(0), UpTo(6));
  EXPECT_EQ(heard.dropped[0].connection, 2u);
}

TEST(SubscriptionTest, TheTokenForgetsTheSnapshotBeyondIt) {
  TestServer server;
  Fill(&server, 1);
  Heard heard;
  RunningSubscription running(QuickOptions(server.address()), &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 2; }));
  server.Append(0);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 3; }));
  server.CutAll();
  ASSERT_TRUE(heard.WaitFor([&] { return heard.starts.size() == 2; }));
  running.StopAndWait();
  const auto requests = server.requests();
  EXPECT_FALSE(requests[1].resume().partitions(0).has_snapshot_until());
  EXPECT_TRUE(requests[1].resume().partitions(1).has_snapshot_until());
}

RC_GTEST_PROP(SubscriptionProperty, EveryRecordOnceAndInOrder, ()) {
  TestServer server;
  const int before = *rc::gen::inRange(0, 8);
  const int later = *rc::gen::inRange(1, 12);
  Fill(&server, before);
  const int faults = *rc::gen::inRange(0, 6);
  for (int i = 0; i < faults; ++i) {
    Misbehaviour how;
    how.repeat = *rc::gen::inRange(0, 4);
    if (*rc::gen::inRange(0, 4) == 0) how.refuse = grpc::Status(grpc::StatusCode::UNAVAILABLE, "not now");
    how.cut_after = *rc::gen::inRange(0, 10);
    server.Misbehave(how);
  }
  Heard heard;
  RunningSubscription running(QuickOptions(server.address()), &heard);
  for (int i = 0; i < later; ++i) {
    server.Append(i % 3 == 0 ? 1 : 0);
    if (*rc::gen::inRange(0, 5) == 0) server.CutAll();
  }
  const int all = 2 * before + later;
  RC_ASSERT(heard.WaitFor([&] { return std::ssize(heard.events) >= all; }));
  running.StopAndWait();
  auto offsets = heard.Offsets();
  RC_ASSERT(offsets[0] == UpTo(server.records(0)));
  RC_ASSERT(offsets[1] == UpTo(server.records(1)));
}

TEST(SubscriptionTest, AServerThatIsAwayIsFoundWhenItReturns) {
  auto server = std::make_unique<TestServer>();
  Fill(server.get(), 1);
  Heard heard;
  RunningSubscription running(QuickOptions(server->address()), &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 2; }));
  const int port = server->port();
  server.reset();
  ASSERT_TRUE(heard.WaitFor([&] { return heard.ends.size() >= 3; }));
  EXPECT_EQ(heard.ends[2].code, 14);
  EXPECT_EQ(heard.ends[2].connection, 0u) << "an attempt that never became a stream";
  server = std::make_unique<TestServer>(2, "log-1", port);
  Fill(server.get(), 2);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 4; }));
  running.StopAndWait();
  EXPECT_EQ(heard.starts[1].connection, 2u);
  EXPECT_EQ(heard.Offsets().at(0), UpTo(2));
}

TEST(SubscriptionTest, TheNextServerAfterAFailure) {
  TestServer first;
  TestServer second;
  for (TestServer* server : {&first, &second}) Fill(server, 3);
  first.Misbehave({.cut_after = 2});
  SubscriptionOptions options = QuickOptions(first.address());
  options.servers.push_back("127.0.0.1:1");
  options.servers.push_back(second.address());
  Heard heard;
  RunningSubscription running(options, &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 6; }));
  running.StopAndWait();
  EXPECT_EQ(heard.connecting, (std::vector<std::string>{first.address(), "127.0.0.1:1", second.address()}));
  EXPECT_EQ(heard.Offsets().at(0), UpTo(3));
  EXPECT_EQ(heard.events.back().connection, 2u);
}

TEST(SubscriptionTest, GivesUpAfterTheLastAttempt) {
  SubscriptionOptions options = QuickOptions("127.0.0.1:1");
  options.reconnect.attempts_max = 3;
  Heard heard;
  RunningSubscription running(options, &heard);
  const SubscriptionResult result = running.Result();
  EXPECT_EQ(result.kind, Kind::kExhausted);
  EXPECT_EQ(result.code, 14);
  EXPECT_EQ(heard.connecting.size(), 4u);
  EXPECT_EQ(heard.attempts, (std::vector<int>{1, 2, 3}));
}

TEST(SubscriptionTest, DataResetsTheAttemptsAndRepeatsDoNot) {
  TestServer server(1);
  for (int i = 0; i < 6; ++i) {
    server.Append(0);
    server.Misbehave({.cut_after = 1});
  }
  for (int i = 0; i < 3; ++i) server.Misbehave({.cut_after = 1, .repeat = 1});
  SubscriptionOptions options = QuickOptions(server.address());
  options.reconnect.attempts_max = 2;
  Heard heard;
  RunningSubscription running(options, &heard);
  EXPECT_EQ(running.Result().kind, Kind::kExhausted);
  EXPECT_EQ(heard.Offsets().at(0), UpTo(6));
  EXPECT_EQ(heard.dropped.size(), 2u);
  EXPECT_EQ(heard.attempts, (std::vector<int>{1, 1, 1, 1, 1, 1, 2}));
}

TEST(SubscriptionTest, AFatalStatusIsNotRetried) {
  for (const int code : {3, 5, 7, 12, 16}) {
    TestServer server;
    server.Misbehave({.refuse = grpc::Status(static_cast<grpc::StatusCode>(code), "no")});
    Heard heard;
    RunningSubscription running(QuickOptions(server.address()), &heard);
    const SubscriptionResult result = running.Result();
    EXPECT_EQ(result.kind, Kind::kFatal);
    EXPECT_EQ(result.code, code);
    EXPECT_EQ(result.message, "no");
    EXPECT_EQ(server.requests().size(), 1u);
  }
}

// ---- servers of another make ----

// As the tutorial's clients do: no token is ever sent, and what was handed on comes again.
TEST(SubscriptionTest, WithoutResumeEachStreamBeginsAnew) {
  TestServer server;
  Fill(&server, 2);
  server.Misbehave({.cut_after = 4});
  SubscriptionOptions options = QuickOptions(server.address());
  options.resume = false;
  Heard heard;
  RunningSubscription running(options, &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 8; }));
  running.StopAndWait();
  for (const auto& request : server.requests()) EXPECT_FALSE(request.has_resume());
  for (const auto& start : heard.starts) EXPECT_FALSE(start.resumed);
  EXPECT_TRUE(heard.events.back().existing);
}

TEST(SubscriptionTest, ATutorialServerBeginsEachConnectionAfresh) {
  TestServer server;
  Fill(&server, 2);
  server.Misbehave({.cut_after = 4, .no_start = true});
  server.Misbehave({.no_start = true});
  Heard heard;
  RunningSubscription running(QuickOptions(server.address()), &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 8; }));
  running.StopAndWait();
  EXPECT_FALSE(server.requests()[1].has_resume());
  ASSERT_EQ(heard.starts.size(), 2u);
  EXPECT_FALSE(heard.starts[0].has_start);
  for (const ReceivedEvent& event : heard.events) {
    EXPECT_EQ(event.offset, -1);
    EXPECT_EQ(event.partition, -1);
    EXPECT_EQ(event.record_crc32c, std::nullopt);
  }
}

TEST(SubscriptionTest, AnEventWithoutAPaymentIsPassedOver) {
  TestServer server(1);
  server.Append(0);
  server.Append(0);
  server.Misbehave({.cut_after = 1, .empty_event = true});
  Heard heard;
  RunningSubscription running(QuickOptions(server.address()), &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 1; }));
  running.StopAndWait();
  EXPECT_EQ(heard.skipped.size(), 1u);
  EXPECT_EQ(heard.Offsets().at(0), (std::vector<int64_t>{1})) << "its position counts as covered";
}

TEST(SubscriptionTest, AMalformedStartIsAnErrorOfTheServer) {
  TestServer server;
  server.Misbehave({.start_bytes = "\xff\xff"});
  Fill(&server, 1);
  Heard heard;
  RunningSubscription running(QuickOptions(server.address()), &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 2; }));
  running.StopAndWait();
  EXPECT_EQ(heard.ends[0].code, 13);
  EXPECT_EQ(heard.ends[0].message, server.address() + " sent 2 bytes that are no StreamStart");
}

// ---- servers that never answer, and Stop() in every state ----

TEST(SubscriptionTest, AConnectionThatNeverComesIsGivenUp) {
  SilentPort port;
  SubscriptionOptions options = QuickOptions(port.address());
  options.connect_timeout_ns = 50'000'000;
  Heard heard;
  RunningSubscription running(options, &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.ends.size() == 2; }));
  running.StopAndWait();
  EXPECT_EQ(heard.ends[0].code, 4);
  EXPECT_EQ(heard.ends[0].message, "no connection to " + port.address() + " within 50ms");
}

TEST(SubscriptionTest, AServerThatFallsSilentIsNoticedByKeepalive) {
  TestServer server;
  Fill(&server, 1);
  FreezableRelay relay(server.port());
  SubscriptionOptions options = QuickOptions(relay.address());
  options.keepalive_time_ns = 100'000'000;
  options.keepalive_timeout_ns = 100'000'000;
  Heard heard;
  RunningSubscription running(options, &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 2; }));
  // The stream is idle: from here on the client sends pings alone. It goes on with more of them than gRPC's default of
  // two without data.
  const int before = relay.from_client();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (relay.from_client() < before + 6 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ASSERT_GE(relay.from_client(), before + 6);
  relay.Freeze();
  ASSERT_TRUE(heard.WaitFor([&] { return !heard.ends.empty(); }));
  running.StopAndWait();
  EXPECT_EQ(heard.ends[0].code, 14);
}

}  // namespace
}  // namespace pipeline
