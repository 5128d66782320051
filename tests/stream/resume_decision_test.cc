// A token is served, asked about or refused as the contract says: never a silent jump, never a wrong refusal, and never
// asked about twice.
#include "stream/resume_decision.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/stream/stream_testing.h"

namespace pipeline {
namespace {

using Action = ResumeDecision::Action;

constexpr char kLogId[] = "cluster/payments.raw";

uint32_t Checksum(int32_t partition, int64_t offset) { return MakeRecord(partition, offset, "").record_crc32c; }

// Two partitions, [10, 20) and [0, 5), all applied; the window holds the newest two entries: offsets 18 and 19 of
// partition 0. What Kafka says now is [10, 20), [0, 5) too, unless a test says otherwise.
class ResumeDecisionTest : public ::testing::Test {
 protected:
  ResumeDecisionTest() : state_(2 * EntryBytes()) {
    state_.Start(kLogId, {{10, 20}, {0, 5}});
    for (int64_t offset = 0; offset < 5; ++offset) state_.Apply(MakeRecord(1, offset, "pay_b"));
    for (int64_t offset = 10; offset < 20; ++offset) state_.Apply(MakeRecord(0, offset, "pay_a"));
  }
  static int64_t EntryBytes() {
    LogWindow window(1'000'000);
    window.Start({-1});
    const LogRecord record = MakeRecord(0, 10, "pay_a");
    window.Append({record.frame, 10, 0, record.record_crc32c, record.provider, record.status});
    return window.bytes() + 4;
  }
  static ::payment::ResumeToken Token(int64_t after0, int64_t after1) {
    return MakeToken(kLogId, {{after0, std::nullopt, std::nullopt}, {after1, std::nullopt, std::nullopt}});
  }
  ResumeDecision Decide(const ::payment::ResumeToken& token) const { return DecideResume(token, state_, nullptr); }
  // With what Kafka says: the marks of `fresh_`, and `records`.
  ResumeDecision DecideFresh(const ::payment::ResumeToken& token,
                             std::vector<KafkaEvidence::Record> records = {}) const {
    const KafkaEvidence evidence = {state_.generation(), fresh_, std::move(records)};
    return DecideResume(token, state_, &evidence);
  }
  void ExpectInvalid(const ::payment::ResumeToken& token, const std::string& what) const {
    const ResumeDecision decision = Decide(token);
    EXPECT_EQ(decision.action, Action::kRefuse) << what;
    EXPECT_EQ(decision.refusal.code, RefusalCode::kInvalidArgument) << what;
    EXPECT_NE(decision.refusal.message.find(what), std::string::npos) << decision.refusal.message;
  }

  ReplicaState state_;
  std::vector<Watermarks> fresh_ = {{10, 20}, {0, 5}};
};

TEST_F(ResumeDecisionTest, ServesAtTheEndAndInTheWindow) {
  EXPECT_EQ(Decide(Token(19, 4)).action, Action::kServe);
  EXPECT_EQ(Decide(Token(18, 4)).action, Action::kServe);
  EXPECT_EQ(Decide(Token(17, 4)).action, Action::kServe) << "17 was the last to leave: all behind it is held";
}

TEST_F(ResumeDecisionTest, AsksKafkaForWhatIsOlderThanTheWindow) {
  EXPECT_EQ(Decide(Token(16, 4)).action, Action::kAskKafka);
  EXPECT_EQ(Decide(Token(19, 3)).action, Action::kAskKafka);
  EXPECT_EQ(DecideFresh(Token(16, 4)).action, Action::kServe);
  EXPECT_EQ(DecideFresh(Token(9, -1)).action, Action::kServe) << "exactly from the log's start";
}

TEST_F(ResumeDecisionTest, RefusesWhatTheLogNoLongerHolds) {
  fresh_[1].low = 3;
  const ResumeDecision decision = DecideFresh(Token(7, 1));
  EXPECT_EQ(decision.action, Action::kRefuse);
  EXPECT_EQ(decision.refusal.code, RefusalCode::kOutOfRange);
  EXPECT_EQ(decision.refusal.gaps, (std::vector<PartitionGap>{{0, 8, 10}, {1, 2, 3}}));
  EXPECT_EQ(decision.refusal.message,
            "the log no longer reaches back: offset 8 in partition 0 is wanted, the log begins at 10 (and 1 more "
            "partitions)");
}

TEST_F(ResumeDecisionTest, ServesFromTheWindowWhatKafkaHasTrimmedSince) {
  fresh_[0].low = 20;
  EXPECT_EQ(DecideFresh(Token(17, 4)).action, Action::kServe);
}

TEST_F(ResumeDecisionTest, AnAbsentPartitionStartsAtItsBeginning) {
  ::payment::ResumeToken token = Token(19, 4);
  token.mutable_partitions()->RemoveLast();
  const ResumeDecision decision = DecideFresh(token);
  EXPECT_EQ(decision.action, Action::kServe);
  EXPECT_EQ(decision.starts[1].after, -1);
}

TEST_F(ResumeDecisionTest, WhatIsAheadIsAskedForThenRefusedOrServed) {
  EXPECT_EQ(Decide(Token(20, 4)).action, Action::kAskKafka);
  const ResumeDecision refused = DecideFresh(Token(20, 4));
  EXPECT_EQ(refused.action, Action::kRefuse);
  EXPECT_EQ(refused.refusal.code, RefusalCode::kOutOfRange);
  EXPECT_EQ(refused.refusal.gaps, (std::vector<PartitionGap>{{0, 21, 10}}));
  EXPECT_NE(refused.refusal.message.find("ahead of the log"), std::string::npos);
  fresh_[0].high = 21;
  EXPECT_EQ(DecideFresh(Token(20, 4)).action, Action::kServe) << "ahead of this replica only";
  EXPECT_EQ(DecideFresh(Token(std::numeric_limits<int64_t>::max(), 4)).refusal.code, RefusalCode::kOutOfRange);
}

TEST_F(ResumeDecisionTest, ComparesTheRecordAtTheTokensPlace) {
  struct Case {
    int64_t after;
    uint32_t change;
    Action action;
  };
  for (const Case& c : {Case{19, 0, Action::kServe}, Case{19, 1, Action::kRefuse}, Case{18, 0, Action::kServe},
                        Case{18, 1, Action::kRefuse}, Case{17, 0, Action::kServe}, Case{17, 1, Action::kRefuse}}) {
    ::payment::ResumeToken token = Token(c.after, 4);
    token.mutable_partitions(0)->set_record_crc32c(Checksum(0, c.after) + c.change);
    token.mutable_partitions(1)->set_record_crc32c(Checksum(1, 4));  // has left the window, and is its partition's last
    const ResumeDecision decision = Decide(token);
    EXPECT_EQ(decision.action, c.action) << c.after << " " << c.change;
    if (c.action == Action::kRefuse) {
      EXPECT_EQ(decision.refusal.code, RefusalCode::kFailedPrecondition);
    }
  }
}

TEST_F(ResumeDecisionTest, AsksForTheRecordsThatOnlyKafkaCanTell) {
  ::payment::ResumeToken token = Token(14, 4);
  token.mutable_partitions(0)->set_record_crc32c(1);
  const ResumeDecision asks = Decide(token);
  EXPECT_EQ(asks.action, Action::kAskKafka);
  EXPECT_EQ(asks.asked, (std::vector<Position>{{0, 14}}));
  EXPECT_EQ(DecideFresh(token, {{{0, 14}, 1}}).action, Action::kServe);
  EXPECT_EQ(DecideFresh(token, {{{0, 14}, std::nullopt}}).action, Action::kServe) << "there is no record any more";
  const ResumeDecision other = DecideFresh(token, {{{0, 14}, 2}});
  EXPECT_EQ(other.action, Action::kRefuse);
  EXPECT_EQ(other.refusal.code, RefusalCode::kFailedPrecondition);
  // Trimmed since, but nothing behind it: there is no record at `after` any more, so none to compare.
  fresh_[0].low = 15;
  EXPECT_EQ(DecideFresh(token).action, Action::kServe);
}

// The record at partition 0's position is yet to be applied here, partition 1's has left the window: one question for
// both.
TEST_F(ResumeDecisionTest, AsksForAllRecordsAtOnce) {
  ::payment::ResumeToken token = Token(20, 2);
  token.mutable_partitions(0)->set_record_crc32c(5);
  token.mutable_partitions(1)->set_record_crc32c(6);
  EXPECT_EQ(Decide(token).asked, (std::vector<Position>{{0, 20}, {1, 2}}));
  fresh_[0].high = 21;
  EXPECT_EQ(DecideFresh(token, {{{0, 20}, 5}, {{1, 2}, 6}}).action, Action::kServe);
  EXPECT_EQ(DecideFresh(token, {{{0, 20}, 6}, {{1, 2}, 6}}).refusal.code, RefusalCode::kFailedPrecondition);
}

TEST_F(ResumeDecisionTest, WhatKafkaSaidOfAnotherLogOrOfFewerPartitionsIsVoid) {
  KafkaEvidence evidence = {state_.generation() + 1, fresh_, {}};
  EXPECT_EQ(DecideResume(Token(16, 4), state_, &evidence).action, Action::kAskKafka);
  evidence = {state_.generation(), {{10, 20}}, {}};
  EXPECT_EQ(DecideResume(Token(16, 4), state_, &evidence).action, Action::kAskKafka);
  evidence.marks = fresh_;
  EXPECT_EQ(DecideResume(Token(16, 4), state_, &evidence).action, Action::kServe);
}

TEST_F(ResumeDecisionTest, ASnapshotsTokenNeedsTheLogOnlyBehindTheSnapshot) {
  ::payment::ResumeToken token = Token(-1, -1);
  token.mutable_partitions(0)->set_snapshot_until(19);
  token.mutable_partitions(1)->set_snapshot_until(4);
  EXPECT_EQ(Decide(token).action, Action::kServe);
  token.mutable_partitions(0)->set_snapshot_until(20);
  EXPECT_EQ(DecideFresh(token).refusal.code, RefusalCode::kOutOfRange) << "ahead";
  token.mutable_partitions(0)->set_snapshot_until(8);
  EXPECT_EQ(DecideFresh(token).refusal.gaps, (std::vector<PartitionGap>{{0, 9, 10}}));
}

// The client has come to offset 4 of a snapshot up to 19, on a replica that is older than this one. What was trimmed
// since is not in this store: the payments of 5 to 9 would be left out.
TEST_F(ResumeDecisionTest, ASnapshotThatWasTrimmedWithinIsAGap) {
  ::payment::ResumeToken token = Token(4, 4);
  token.mutable_partitions(0)->set_snapshot_until(19);
  const ResumeDecision decision = Decide(token);
  EXPECT_EQ(decision.action, Action::kRefuse);
  EXPECT_EQ(decision.refusal.code, RefusalCode::kOutOfRange);
  EXPECT_EQ(decision.refusal.gaps, (std::vector<PartitionGap>{{0, 5, 10}}));
  token.mutable_partitions(0)->set_after(9);
  EXPECT_EQ(Decide(token).action, Action::kServe) << "exactly from the store's beginning";
  token.mutable_partitions(0)->set_after(-1);
  EXPECT_EQ(Decide(token).action, Action::kServe) << "nothing of the partition was sent: a snapshot from its beginning";
}

// A replica that has kept what Kafka has trimmed since serves it.
TEST_F(ResumeDecisionTest, ASnapshotOfWhatTheStoreStillHasIsServed) {
  ::payment::ResumeToken token = Token(12, 4);
  token.mutable_partitions(0)->set_snapshot_until(19);
  fresh_[0].low = 18;
  EXPECT_EQ(DecideFresh(token).action, Action::kServe);
}

TEST_F(ResumeDecisionTest, RefusesWhatIsMalformed) {
  ExpectInvalid({}, "without a log id");
  ExpectInvalid(Token(-2, 4), "after -2");
  ExpectInvalid(Token(std::numeric_limits<int64_t>::min(), 4), "after");
  ::payment::ResumeToken token = Token(19, 4);
  token.mutable_partitions(1)->set_partition(0);
  ExpectInvalid(token, "partition 0 twice");
  token.mutable_partitions(1)->set_partition(2);
  EXPECT_EQ(Decide(token).action, Action::kAskKafka) << "it may have been added since";
  EXPECT_EQ(DecideFresh(token).refusal.code, RefusalCode::kInvalidArgument);
  EXPECT_NE(DecideFresh(token).refusal.message.find("unknown partition 2; the topic has 2"), std::string::npos);
  token.mutable_partitions(1)->set_partition(-1);
  ExpectInvalid(token, "partition -1");
  token = Token(19, 4);
  token.mutable_partitions(1)->set_snapshot_until(-2);
  ExpectInvalid(token, "snapshot_until -2");
}

TEST_F(ResumeDecisionTest, RefusesAnotherLog) {
  ::payment::ResumeToken token = Token(19, 4);
  token.set_log_id("other/payments.raw");
  token.add_partitions()->set_partition(7);  // other logs may have more partitions
  const ResumeDecision decision = Decide(token);
  EXPECT_EQ(decision.action, Action::kRefuse);
  EXPECT_EQ(decision.refusal.code, RefusalCode::kFailedPrecondition);
  EXPECT_EQ(decision.refusal.message,
            "the resume token is of log other/payments.raw, this server reads cluster/payments.raw");
}

// Whatever the token, the log and Kafka's answer: with the answer to what was asked nothing more is asked, and a stream
// that is served begins with every checksum compared but those of records that it will pass.
RC_GTEST_PROP(ResumeDecisionPropertyTest, AsksOnceAtMost, ()) {
  const auto partitions = *rc::gen::inRange<int32_t>(1, 4);
  const TestLog log = DrawLog(partitions);
  ReplicaState state(*rc::gen::inRange<int64_t>(1, 3000));
  std::vector<Watermarks> marks;
  for (const auto& records : log) {
    const auto high = static_cast<int64_t>(records.size());
    marks.push_back({high == 0 ? 0 : *rc::gen::inRange<int64_t>(0, high), high});
  }
  state.Start(kLogId, marks);
  ::payment::ResumeToken token;
  token.set_log_id(kLogId);
  for (int32_t p = 0; p < partitions; ++p) {
    const auto applied = *rc::gen::inRange<int64_t>(marks[p].low, marks[p].high + 1);
    while (state.next_offset(p) < applied) ApplyNext(log, p, &state);
    ::payment::PartitionResume* at = token.add_partitions();
    at->set_partition(p);
    at->set_after(*rc::gen::inRange<int64_t>(-1, marks[p].high + 3));
    if (*rc::gen::arbitrary<bool>())
      at->set_record_crc32c(Checksum(p, at->after()) + *rc::gen::inRange<uint32_t>(0, 2));
    if (*rc::gen::inRange(0, 4) == 0) at->set_snapshot_until(*rc::gen::inRange<int64_t>(-1, marks[p].high + 3));
  }
  ResumeDecision decision = DecideResume(token, state, nullptr);
  if (decision.action == Action::kAskKafka) {
    KafkaEvidence evidence = {state.generation(), marks, {}};
    for (const Position& position : decision.asked) {
      const bool there =
          position.offset >= marks[position.partition].low && position.offset < marks[position.partition].high;
      evidence.records.push_back(
          {position, there ? std::optional(Checksum(position.partition, position.offset)) : std::nullopt});
    }
    // Meanwhile the replica goes on.
    for (int32_t p = 0; p < partitions; ++p) {
      const auto applied = *rc::gen::inRange<int64_t>(state.next_offset(p), marks[p].high + 1);
      while (state.next_offset(p) < applied) ApplyNext(log, p, &state);
    }
    decision = DecideResume(token, state, &evidence);
  }
  RC_ASSERT(decision.action != Action::kAskKafka);
  if (decision.action == Action::kRefuse) return;
  for (int32_t p = 0; p < partitions; ++p) {
    const PartitionStart& start = decision.starts[p];
    RC_ASSERT(!start.record_crc32c || start.after >= state.next_offset(p));
  }
}

}  // namespace
}  // namespace pipeline
