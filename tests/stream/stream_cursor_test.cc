// What a cursor says of its stream: a record of a token's that is another one, records that were trimmed, partitions
// that were added, a log that was replaced, how far its subscriber has everything; what a catch-up plan offers; when a
// replica is loaded. That every subscriber gets what it is owed: stream_cursor_property_test.cc.
#include "stream/stream_cursor.h"

#include <gtest/gtest.h>

#include <vector>

#include "stream/bookmarks.h"
#include "stream/resume_decision.h"
#include "tests/stream/stream_testing.h"

namespace pipeline {
namespace {

using Outcome = StreamCursor::Outcome;

constexpr char kLogId[] = "cluster/payments.raw";

// A lagging replica passes the record that the token names later, and compares it then.
TEST(StreamCursorTest, ComparesTheRecordOfATokenAheadOfTheReplica) {
  for (const bool same : {true, false}) {
    TestLog log(1);
    for (int64_t offset = 0; offset < 4; ++offset) log[0].push_back({MakeRecord(0, offset, "pay_1"), false});
    ReplicaState state(1'000'000);
    state.Start(kLogId, {{0, 4}});
    ApplyNext(log, 0, &state);
    ::payment::ResumeToken token =
        MakeToken(kLogId, {{2, std::nullopt, log[0][2].record.record_crc32c + (same ? 0 : 1)}});
    const ResumeDecision decision = DecideResume(token, state, nullptr);
    ASSERT_EQ(decision.action, ResumeDecision::Action::kServe);
    StreamCursor cursor({}, decision.starts, state);
    std::vector<StreamEvent> out;
    EXPECT_EQ(cursor.Pull(state, {}, &out), Outcome::kIdle);
    for (int i = 0; i < 3; ++i) ApplyNext(log, 0, &state);
    if (same) {
      EXPECT_EQ(cursor.Pull(state, {}, &out), Outcome::kEvents);
      ASSERT_EQ(out.size(), 1u);
      EXPECT_EQ(out[0].offset, 3);
    } else {
      EXPECT_EQ(cursor.Pull(state, {}, &out), Outcome::kRefused);
      EXPECT_EQ(cursor.refusal().code, RefusalCode::kFailedPrecondition);
    }
  }
}

// It is looked at when it may have to refuse, and when there is a record for it; not with each batch of the backlog.
TEST(StreamCursorTest, AStreamAheadOfTheReplicaAwaitsItsOwnPlaces) {
  TestLog log(2);
  for (int32_t p = 0; p < 2; ++p) {
    for (int64_t offset = 0; offset < 9; ++offset) log[p].push_back({MakeRecord(p, offset, "pay_1"), false});
  }
  ReplicaState state(1'000'000);
  state.Start(kLogId, {{0, 9}, {0, 9}});
  const ::payment::ResumeToken token =
      MakeToken(kLogId, {{4, std::nullopt, log[0][4].record.record_crc32c}, {6, std::nullopt, std::nullopt}});
  StreamCursor cursor({}, DecideResume(token, state, nullptr).starts, state);
  std::vector<StreamEvent> out;
  ASSERT_EQ(cursor.Pull(state, {}, &out), Outcome::kIdle);
  EXPECT_EQ(cursor.Awaited(state), (std::vector<Position>{{0, 4}, {1, 7}}));
  while (state.next_offset(0) < 5) ApplyNext(log, 0, &state);
  ASSERT_EQ(cursor.Pull(state, {}, &out), Outcome::kIdle);
  EXPECT_EQ(cursor.Awaited(state), (std::vector<Position>{{0, 5}, {1, 7}}));
  while (state.next_offset(1) < 7) ApplyNext(log, 1, &state);
  ASSERT_EQ(cursor.Pull(state, {}, &out), Outcome::kIdle);
  EXPECT_TRUE(cursor.Awaited(state).empty()) << "it is ahead of nothing any more";
}

// What leaves the window is nothing that it is owed: it has not fallen off, and compares the token's record all the
// same.
TEST(StreamCursorTest, AStreamAheadOfTheReplicaDoesNotFallOff) {
  for (const uint32_t change : {0u, 1u}) {
    TestLog log(1);
    for (int64_t offset = 0; offset < 9; ++offset) log[0].push_back({MakeRecord(0, offset, "pay_1"), false});
    ReplicaState state(1);  // one entry
    state.Start(kLogId, {{0, 9}});
    const ::payment::ResumeToken token =
        MakeToken(kLogId, {{6, std::nullopt, log[0][6].record.record_crc32c + change}});
    StreamCursor cursor({}, DecideResume(token, state, nullptr).starts, state);
    std::vector<StreamEvent> out;
    ASSERT_EQ(cursor.Pull(state, {}, &out), Outcome::kIdle);
    while (state.next_offset(0) < 7) ApplyNext(log, 0, &state);
    EXPECT_FALSE(cursor.HasFallenOff(state));
    EXPECT_EQ(cursor.Pull(state, {}, &out), change == 0 ? Outcome::kIdle : Outcome::kRefused);
    if (change != 0) continue;
    ApplyNext(log, 0, &state);
    EXPECT_EQ(cursor.Pull(state, {}, &out), Outcome::kEvents);
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].offset, 7);
    ApplyNext(log, 0, &state);
    out.clear();
    EXPECT_EQ(cursor.Pull(state, {}, &out), Outcome::kEvents);
    EXPECT_FALSE(cursor.HasFallenOff(state));
  }
}

TEST(StreamCursorTest, ALiveSubscriberThatTheWindowLeftBehindIsToldSo) {
  TestLog log(1);
  for (int64_t offset = 0; offset < 9; ++offset) log[0].push_back({MakeRecord(0, offset, "pay_1"), false});
  ReplicaState state(1);  // one entry
  state.Start(kLogId, {{0, 0}});
  StreamCursor cursor({}, StreamCursor::SnapshotStarts(state), state);
  std::vector<StreamEvent> out;
  ASSERT_EQ(cursor.Pull(state, {}, &out), Outcome::kIdle);
  ApplyNext(log, 0, &state);
  ASSERT_EQ(cursor.Pull(state, {}, &out), Outcome::kEvents);
  EXPECT_FALSE(cursor.HasFallenOff(state));
  ApplyNext(log, 0, &state);
  ApplyNext(log, 0, &state);
  EXPECT_TRUE(cursor.HasFallenOff(state));
  EXPECT_EQ(cursor.Pull(state, {}, &out), Outcome::kFellOff);
}

// Records that were trimmed before this replica read them: nobody may go on as if nothing had been there.
TEST(StreamCursorTest, ASkipOverTrimmedRecordsEndsEverySubscriber) {
  ReplicaState state(1'000'000);
  state.Start(kLogId, {{0, 0}, {0, 0}});
  StreamCursor cursor({}, StreamCursor::SnapshotStarts(state), state);
  std::vector<StreamEvent> out;
  ASSERT_EQ(cursor.Pull(state, {}, &out), Outcome::kIdle);
  state.Skip(1, 50);
  EXPECT_EQ(cursor.Pull(state, {}, &out), Outcome::kFellOff);
  const ::payment::ResumeToken token = MakeToken(kLogId, {{-1, -1, std::nullopt}, {-1, -1, std::nullopt}});
  const KafkaEvidence evidence = {state.generation(), {{0, 0}, {50, 50}}, {}};
  const ResumeDecision decision = DecideResume(token, state, &evidence);
  EXPECT_EQ(decision.action, ResumeDecision::Action::kRefuse);
  EXPECT_EQ(decision.refusal.gaps, (std::vector<PartitionGap>{{1, 0, 50}}));
}

// A partition that was found with its beginning trimmed: nobody is owed what nobody here could read.
TEST(StreamCursorTest, AnOpenStreamServesAnAddedPartitionFromItsStart) {
  ReplicaState state(1'000'000);
  state.Start(kLogId, {{0, 0}});
  StreamCursor cursor({}, StreamCursor::SnapshotStarts(state), state);
  std::vector<StreamEvent> out;
  ASSERT_EQ(cursor.Pull(state, {}, &out), Outcome::kIdle);
  state.AddPartitions({{7, 8}});
  EXPECT_TRUE(state.loaded());
  EXPECT_EQ(state.partition_count(), 2);
  state.Apply(MakeRecord(1, 7, "pay_1"));
  EXPECT_EQ(cursor.Pull(state, {}, &out), Outcome::kEvents);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].partition, 1);
  EXPECT_FALSE(out[0].existing);
  EXPECT_NE(state.store().Find("pay_1"), nullptr);
}

// A reader that catches a stream up was made before the partition was there, and can't bring what left the window: the
// next one does.
TEST(StreamCursorTest, AnAddedPartitionThatTheWindowLostNeedsAnotherReader) {
  ReplicaState state(1);  // one entry
  state.Start(kLogId, {{0, 0}});
  for (int64_t offset = 0; offset < 2; ++offset) state.Apply(MakeRecord(0, offset, "pay_1"));
  StreamCursor cursor({}, {{-1, std::nullopt, std::nullopt}}, state);
  std::vector<StreamEvent> out;
  ASSERT_EQ(cursor.Pull(state, {}, &out), Outcome::kCatchUp);
  state.AddPartitions({{0, 0}});
  state.Apply(MakeRecord(1, 0, "pay_1"));
  EXPECT_FALSE(cursor.OutgrewReader(state));
  EXPECT_FALSE(cursor.TryJoin(state, {0})) << "offset 1 of the first partition has left";
  state.Apply(MakeRecord(1, 1, "pay_1"));
  EXPECT_TRUE(cursor.OutgrewReader(state));
  EXPECT_FALSE(cursor.TryJoin(state, {1}));
  cursor.SetCaughtUpTo({1});
  EXPECT_EQ(cursor.Pull(state, {}, &out), Outcome::kCatchUp);
  EXPECT_EQ(cursor.catch_up_from(), (std::vector<int64_t>{1, -1}));
  EXPECT_FALSE(cursor.OutgrewReader(state));
  EXPECT_TRUE(cursor.TryJoin(state, {1, 1}));
}

TEST(StreamCursorTest, AReplacedLogEndsEverySubscriber) {
  ReplicaState state(1'000'000);
  state.Start(kLogId, {{0, 0}});
  StreamCursor cursor({}, StreamCursor::SnapshotStarts(state), state);
  state.Start("another", {{0, 0}});
  std::vector<StreamEvent> out;
  EXPECT_TRUE(cursor.IsReplaced(state));
  EXPECT_EQ(cursor.Pull(state, {}, &out), Outcome::kReplaced);
  EXPECT_FALSE(cursor.TryJoin(state, {100}));
}

// What was rejected, and what is another filter's, is covered all the same; a subscriber of what is to come owes
// nothing of what was.
TEST(StreamCursorTest, SaysHowFarASubscriberHasEverything) {
  TestLog log(1);
  log[0].push_back({MakeRecord(0, 0, "pay_1"), false});
  log[0].push_back({MakeRecord(0, 1, "pay_2"), true});
  log[0].push_back({MakeRecord(0, 2, "pay_3", PaymentStatus::kFailed), false});
  log[0].push_back({MakeRecord(0, 3, "pay_4"), true});
  ReplicaState state(1'000'000);
  state.Start(kLogId, {{0, 0}});
  StreamCursor all({}, StreamCursor::LiveStarts(state), state);
  ToldOffsets told({-1});
  std::vector<StreamEvent> out;
  EXPECT_EQ(all.Covered(state), (std::vector<int64_t>{-1}));
  for (int i = 0; i < 4; ++i) ApplyNext(log, 0, &state);
  EXPECT_EQ(all.Covered(state), (std::vector<int64_t>{-1})) << "nothing of it was pulled yet";
  PullLimits one;
  one.events_max = 1;
  ASSERT_EQ(all.Pull(state, one, &out), Outcome::kEvents);
  EXPECT_EQ(all.Covered(state), (std::vector<int64_t>{0}));
  ASSERT_EQ(all.Pull(state, one, &out), Outcome::kEvents);
  EXPECT_EQ(all.Covered(state), (std::vector<int64_t>{3})) << "what follows was rejected";
  for (const StreamEvent& event : out) told.OnEvent(event.partition, event.offset);
  EXPECT_EQ(told.Untold({3}), 1);
  EXPECT_EQ(told.Take({3}), (std::vector<Bookmark>{{0, 3}}));
  EXPECT_TRUE(told.Take({3}).empty()) << "told already";
  EXPECT_EQ(told.Take({3, 0}), (std::vector<Bookmark>{{1, 0}})) << "a partition that was created later";
  const std::vector<PartitionStart> live = StreamCursor::LiveStarts(state);
  EXPECT_EQ(live[0].after, 3);
  EXPECT_FALSE(live[0].snapshot_until);
  StreamCursor from_now({}, live, state);
  EXPECT_EQ(from_now.Pull(state, {}, &out), Outcome::kIdle);
}

TEST(CatchUpPlanTest, OffersEachRecordOnceAndNeverGoesBack) {
  CatchUpPlan plan({Provider::kUnknown, PaymentStatus::kFailed}, {4, -1});
  EXPECT_EQ(plan.next_offset(0), 5);
  EXPECT_FALSE(plan.Offer(0, 4, Provider::kStripe, PaymentStatus::kFailed)) << "covered before";
  EXPECT_TRUE(plan.Offer(0, 5, Provider::kStripe, PaymentStatus::kFailed));
  EXPECT_FALSE(plan.Offer(0, 5, Provider::kStripe, PaymentStatus::kFailed)) << "read again";
  EXPECT_FALSE(plan.Offer(0, 8, Provider::kStripe, PaymentStatus::kPending)) << "not the filter's";
  plan.Advance(0, 3);
  plan.Advance(1, 2);
  EXPECT_EQ(plan.covered(), (std::vector<int64_t>{8, 1}));
}

TEST(ReplicaStateTest, IsLoadedOnceItsBacklogIsApplied) {
  ReplicaState state(1'000'000);
  EXPECT_FALSE(state.loaded());
  state.Start(kLogId, {{5, 7}, {3, 3}});
  EXPECT_TRUE(state.started());
  EXPECT_FALSE(state.loaded());
  EXPECT_EQ(state.BacklogLeft(), 2);
  state.Apply(MakeRecord(0, 5, "pay_1"));
  EXPECT_FALSE(state.loaded());
  state.Advance(0, 7);  // the last one was rejected
  EXPECT_TRUE(state.loaded());
  EXPECT_EQ(state.BacklogLeft(), 0);
  state.Advance(0, 9);
  EXPECT_TRUE(state.loaded());
  EXPECT_EQ(state.high_watermark(0), 9);
  state.Start(kLogId, {{0, 1}});
  EXPECT_FALSE(state.loaded());
  EXPECT_EQ(state.store().size(), 0);
}

}  // namespace
}  // namespace pipeline
