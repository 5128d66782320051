// A log that only grows, is trimmed and compacted is the same as the one that was read; one that holds something else
// where the newest record of a partition stood, or ends before it, is not.
#include "stream/same_log.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <vector>

#include "tests/stream/stream_testing.h"

namespace pipeline {
namespace {

ReplicaState Applied(const TestLog& log) {
  ReplicaState state(1'000'000);
  std::vector<Watermarks> marks;
  marks.reserve(log.size());
  for (const std::vector<Logged>& partition : log) marks.push_back({0, static_cast<int64_t>(partition.size())});
  state.Start("log", marks);
  for (size_t p = 0; p < log.size(); ++p) {
    for (size_t i = 0; i < log[p].size(); ++i) ApplyNext(log, static_cast<int32_t>(p), &state);
  }
  return state;
}

// What Kafka says of a log that has grown by `more` and begins at `lows`.
KafkaEvidence AsLogged(const TestLog& log, const std::vector<NewestRecord>& newest, const std::vector<int64_t>& lows,
                       int64_t more) {
  KafkaEvidence evidence;
  for (size_t p = 0; p < log.size(); ++p) {
    evidence.marks.push_back({lows[p], static_cast<int64_t>(log[p].size()) + more});
  }
  for (const NewestRecord& record : newest) {
    const auto& [partition, offset] = record.position;
    const bool is_there = offset >= lows[partition];
    evidence.records.push_back(
        {record.position, is_there ? std::optional(log[partition][offset].record.record_crc32c) : std::nullopt});
  }
  return evidence;
}

RC_GTEST_PROP(SameLogProperty, ALogThatGrewAndWasTrimmedIsTheSame, ()) {
  const TestLog log = DrawLog(3);
  const std::vector<NewestRecord> newest = NewestRecords(Applied(log));
  std::vector<int64_t> lows;
  lows.reserve(log.size());
  for (const std::vector<Logged>& partition : log) {
    lows.push_back(*rc::gen::inRange<int64_t>(0, static_cast<int64_t>(partition.size()) + 1));
  }
  RC_ASSERT(IsSameLog(newest, AsLogged(log, newest, lows, *rc::gen::inRange(0, 3))));
}

RC_GTEST_PROP(SameLogProperty, OnePartitionThatDiffersIsEnough, ()) {
  const TestLog log = DrawLog(3);
  const std::vector<NewestRecord> newest = NewestRecords(Applied(log));
  RC_PRE(!newest.empty());
  KafkaEvidence evidence = AsLogged(log, newest, {0, 0, 0}, 1);
  const auto at = *rc::gen::inRange<size_t>(0, newest.size());
  const auto partition = static_cast<size_t>(newest[at].position.partition);
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      evidence.records[at].crc32c = *evidence.records[at].crc32c + 1;
      break;
    case 1:
      evidence.marks[partition].high = newest[at].position.offset;
      break;
    default:
      evidence.marks.resize(partition);
  }
  RC_ASSERT(!IsSameLog(newest, evidence));
}

TEST(SameLogTest, TheNewestRecordIsTheOneThatWasTakenLast) {
  TestLog log(2);
  for (int64_t offset = 0; offset < 3; ++offset) log[1].push_back({MakeRecord(1, offset, "pay"), offset == 2});
  const std::vector<NewestRecord> newest = NewestRecords(Applied(log));
  ASSERT_EQ(newest.size(), 1u) << "nothing was taken of the other one";
  EXPECT_EQ(newest[0], (NewestRecord{{1, 1}, log[1][1].record.record_crc32c})) << "the last was rejected";
}

}  // namespace
}  // namespace pipeline
