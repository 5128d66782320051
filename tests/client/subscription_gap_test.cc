// A gap, and another log in the place of the one that was read, end a subscription unless it was told to go on with a
// snapshot or with the earliest record that there is.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "client/subscription.h"
#include "tests/client/subscription_testing.h"
#include "tests/client/test_server.h"

namespace pipeline {
namespace {

using Kind = SubscriptionResult::Kind;

Misbehaviour GapAt(int64_t earliest) {
  Misbehaviour how;
  how.refuse = grpc::Status(grpc::StatusCode::OUT_OF_RANGE, "gone");
  how.gaps = {{.partition = 0, .wanted = 2, .earliest = earliest}};
  return how;
}

TEST(SubscriptionGapTest, AGapEndsItUnlessToldOtherwise) {
  TestServer server;
  Fill(&server, 2);
  server.Misbehave({.cut_after = 4});
  server.Misbehave(GapAt(7));
  Heard heard;
  RunningSubscription running(QuickOptions(server.address()), &heard);
  const SubscriptionResult result = running.Result();
  EXPECT_EQ(result.kind, Kind::kGap);
  EXPECT_EQ(result.code, 11);
  ASSERT_EQ(result.gaps.size(), 1u);
  EXPECT_EQ(result.gaps[0].wanted, 2);
  EXPECT_EQ(result.gaps[0].earliest, 7);
  EXPECT_EQ(heard.ends.back().gaps.size(), 1u);
}

TEST(SubscriptionGapTest, AGapMayBeFilledWithASnapshot) {
  TestServer server;
  Fill(&server, 2);
  server.Misbehave({.cut_after = 4});
  server.Misbehave(GapAt(7));
  SubscriptionOptions options = QuickOptions(server.address());
  options.on_gap = OnGap::kSnapshot;
  Heard heard;
  RunningSubscription running(options, &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 8; }));
  running.StopAndWait();
  EXPECT_FALSE(server.requests()[2].has_resume());
  EXPECT_FALSE(heard.starts.back().resumed);
  EXPECT_TRUE(heard.events.back().existing);
}

TEST(SubscriptionGapTest, AGapMayBeSkippedToTheEarliestRecord) {
  TestServer server;
  Fill(&server, 5);
  server.Misbehave({.cut_after = 4});
  server.Misbehave(GapAt(4));
  SubscriptionOptions options = QuickOptions(server.address());
  options.on_gap = OnGap::kEarliest;
  Heard heard;
  RunningSubscription running(options, &heard);
  ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 8; }));
  running.StopAndWait();
  const ::payment::ListPaymentsRequest request = server.requests()[2];
  EXPECT_EQ(request.resume().partitions(0).after(), 3);
  EXPECT_FALSE(request.resume().partitions(0).has_record_crc32c());
  EXPECT_EQ(request.resume().partitions(1).after(), 1);
  EXPECT_EQ(heard.Offsets().at(0), (std::vector<int64_t>{0, 1, 4}));
  EXPECT_EQ(heard.Offsets().at(1), UpTo(5));
}

TEST(SubscriptionGapTest, AnotherLogIsAGapToo) {
  for (const OnGap on_gap : {OnGap::kFail, OnGap::kSnapshot, OnGap::kEarliest}) {
    TestServer server;
    Fill(&server, 2);
    SubscriptionOptions options = QuickOptions(server.address());
    options.on_gap = on_gap;
    Heard heard;
    RunningSubscription running(options, &heard);
    ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 4; }));
    server.SetLogId("log-2");
    Fill(&server, 3);
    if (on_gap == OnGap::kFail) {
      const SubscriptionResult result = running.Result();
      EXPECT_EQ(result.kind, Kind::kGap);
      EXPECT_EQ(result.code, 9);
      continue;
    }
    ASSERT_TRUE(heard.WaitFor([&] { return heard.events.size() == 10; }));
    running.StopAndWait();
    // From the earliest record of the new log: all of it as "new", not as a snapshot.
    EXPECT_EQ(heard.starts.back().resumed, on_gap == OnGap::kEarliest);
    EXPECT_EQ(heard.events.back().existing, on_gap == OnGap::kSnapshot);
    EXPECT_EQ(heard.starts.back().token.log_id, "log-2");
  }
}

TEST(SubscriptionGapTest, AServerThatAnswersForAnotherLogIsNotBelieved) {
  TestServer server;
  Fill(&server, 2);
  server.Misbehave({.cut_after = 4});
  ::payment::StreamStart start;
  start.mutable_token()->set_log_id("log-of-somebody-else");
  server.Misbehave({.start_bytes = start.SerializeAsString()});
  Heard heard;
  RunningSubscription running(QuickOptions(server.address()), &heard);
  const SubscriptionResult result = running.Result();
  EXPECT_EQ(result.kind, Kind::kGap);
  EXPECT_EQ(result.message, server.address() + " has the log log-of-somebody-else, this stream resumes log-1");
  EXPECT_EQ(heard.starts.size(), 1u);
}

}  // namespace
}  // namespace pipeline
