// A log that only grows, is trimmed and compacted is the same after every loss of contact, and each of its records is
// taken once; one that holds something else where a record was seen, or ends before the position, is never read on:
// whatever partitions answer, and in whatever order.
#include "stream/log_continuity.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace pipeline {
namespace {

using Verdict = LogContinuity::Verdict;

LogContinuity Seen(const std::vector<int64_t>& records) {  // offsets 0 and on, of each partition
  LogContinuity log;
  log.Start(std::vector<int64_t>(records.size(), 0));
  log.ReadFrom();
  for (size_t p = 0; p < records.size(); ++p) {
    for (int64_t offset = 0; offset < records[p]; ++offset) {
      EXPECT_EQ(log.OnRecord(static_cast<int32_t>(p), offset, static_cast<uint32_t>(offset)), Verdict::kTake);
    }
  }
  return log;
}

TEST(LogContinuityTest, TheRecordThatWasSeenLastProvesIt) {
  LogContinuity log = Seen({5});
  log.Lose();
  EXPECT_FALSE(log.passed());
  EXPECT_EQ(log.ReadFrom(), std::vector<int64_t>{4});
  EXPECT_EQ(log.OnRecord(0, 4, 4), Verdict::kDrop);
  EXPECT_TRUE(log.passed());
  EXPECT_EQ(log.OnRecord(0, 5, 5), Verdict::kTake);
}

TEST(LogContinuityTest, AnotherRecordThereIsAnotherLog) {
  LogContinuity log = Seen({5});
  log.Lose();
  log.ReadFrom();
  EXPECT_EQ(log.OnRecord(0, 4, 99), Verdict::kAnother);
}

// Behind the last record there were markers of a transaction alone.
TEST(LogContinuityTest, ARecordWhereThereWasNoneIsAnotherLog) {
  LogContinuity log = Seen({5});
  EXPECT_EQ(log.OnEnd(0, 8, 0), Verdict::kTake);
  log.Lose();
  EXPECT_EQ(log.ReadFrom(), std::vector<int64_t>{4});
  EXPECT_EQ(log.OnRecord(0, 6, 4), Verdict::kAnother) << "though it has the checksum of the last one";
}

TEST(LogContinuityTest, ControlRecordsAtThePositionAreTheSameLog) {
  LogContinuity log = Seen({0});
  EXPECT_EQ(log.OnEnd(0, 3, 0), Verdict::kTake);
  log.Lose();
  EXPECT_EQ(log.ReadFrom(), std::vector<int64_t>{2});
  EXPECT_EQ(log.OnEnd(0, 3, 0), Verdict::kTake);
  EXPECT_TRUE(log.passed());
}

TEST(LogContinuityTest, ARecordThatWasCompactedAwayIsTheSameLog) {
  LogContinuity log = Seen({5});
  log.Lose();
  log.ReadFrom();
  EXPECT_EQ(log.OnRecord(0, 7, 7), Verdict::kTake);
  EXPECT_TRUE(log.passed());
}

TEST(LogContinuityTest, ATrimmedLogIsTheSameAndWhatWasNotReadIsSkipped) {
  for (const auto& [low, skipped] : std::vector<std::pair<int64_t, int64_t>>{{5, 0}, {9, 4}}) {
    LogContinuity log = Seen({5});
    log.Lose();
    log.ReadFrom();
    const LogContinuity::Range found = log.OnOutOfRange(0, {low, 9});
    EXPECT_EQ(found.verdict, Verdict::kDrop);
    EXPECT_EQ(found.skipped, skipped);
    EXPECT_EQ(log.ReadFrom(), std::vector<int64_t>{low});
    EXPECT_TRUE(log.passed());
  }
}

TEST(LogContinuityTest, AnEndBelowThePositionIsAnotherLog) {
  LogContinuity log = Seen({5});
  log.Lose();
  log.ReadFrom();
  EXPECT_EQ(log.OnOutOfRange(0, {0, 3}).verdict, Verdict::kAnother);
}

// A new leader may tell an end that is behind for a while.
TEST(LogContinuityTest, AnEndJustBelowThePositionIsAskedForAgain) {
  LogContinuity log = Seen({5});
  log.Lose();
  log.ReadFrom();
  EXPECT_EQ(log.OnEnd(0, 4, 100), Verdict::kDrop);
  EXPECT_FALSE(log.passed());
  EXPECT_TRUE(log.TooShort(100 + kShortEndNsMax - 1).empty());
  log.Lose();  // once more: the time goes on
  log.ReadFrom();
  EXPECT_EQ(log.OnEnd(0, 4, 200), Verdict::kDrop);
  EXPECT_EQ(log.TooShort(100 + kShortEndNsMax), std::vector<int32_t>{0});
  LogContinuity whole = log;
  EXPECT_EQ(whole.OnOutOfRange(0, {0, 5}).verdict, Verdict::kDrop);
  EXPECT_EQ(whole.ReadFrom(), std::vector<int64_t>{4});
  EXPECT_EQ(whole.OnRecord(0, 4, 4), Verdict::kDrop);
  EXPECT_TRUE(whole.passed());
  EXPECT_EQ(log.OnOutOfRange(0, {0, 4}).verdict, Verdict::kAnother);
}

// Nothing was seen of partition 1: what it holds may be another log's as long as partition 0 has not told.
TEST(LogContinuityTest, APartitionThatCanTellNothingWaitsForOneThatCan) {
  LogContinuity log = Seen({5, 0});
  log.Lose();
  EXPECT_EQ(log.ReadFrom(), (std::vector<int64_t>{4, 0}));
  EXPECT_EQ(log.OnRecord(1, 0, 0), Verdict::kDrop);
  EXPECT_EQ(log.OnRecord(1, 1, 1), Verdict::kDrop);
  LogContinuity other = log;
  EXPECT_EQ(log.OnRecord(0, 4, 4), Verdict::kDrop);
  EXPECT_EQ(log.OnRecord(1, 2, 2), Verdict::kDrop) << "0 and 1 are to come first";
  EXPECT_TRUE(log.must_reread());
  EXPECT_EQ(log.ReadFrom(), (std::vector<int64_t>{5, 0}));
  EXPECT_EQ(log.OnRecord(1, 0, 0), Verdict::kTake);
  EXPECT_EQ(other.OnRecord(0, 4, 99), Verdict::kAnother);
}

TEST(LogContinuityTest, WithNothingToCompareAnywhereItGoesOn) {
  LogContinuity log = Seen({5, 5, 0});
  log.Lose();
  log.ReadFrom();
  EXPECT_EQ(log.OnRecord(0, 6, 6), Verdict::kDrop);
  EXPECT_EQ(log.OnEnd(2, 0, 0), Verdict::kDrop);
  EXPECT_EQ(log.OnEnd(1, 5, 0), Verdict::kTake);
  EXPECT_TRUE(log.must_reread());
  EXPECT_EQ(log.ReadFrom(), (std::vector<int64_t>{5, 5, 0}));
  EXPECT_EQ(log.OnRecord(0, 6, 6), Verdict::kTake);
  EXPECT_TRUE(log.passed());
}

TEST(LogContinuityTest, AnAddedPartitionIsReadFromItsBeginning) {
  LogContinuity log = Seen({5});
  log.Add(3);
  EXPECT_TRUE(log.must_reread());
  EXPECT_EQ(log.ReadFrom(), (std::vector<int64_t>{5, 3}));
  EXPECT_EQ(log.OnRecord(1, 3, 3), Verdict::kTake);
}

// --- Properties ---

// A partition of a broker's: which offsets hold records, and their checksums; the others are markers, or compacted
// away.
struct Partition {
  int64_t low = 0;
  int64_t high = 0;
  std::map<int64_t, uint32_t> records;

  void Append(bool record) {
    if (record) records[high] = *rc::gen::arbitrary<uint32_t>();
    ++high;
  }
};

struct Cluster {
  std::vector<Partition> partitions;

  void Grow() {
    for (Partition& at : partitions) {
      for (int left = *rc::gen::inRange(0, 4); left > 0; --left) at.Append(*rc::gen::inRange(0, 4) > 0);
    }
  }
  void Trim() {
    for (Partition& at : partitions) {
      if (*rc::gen::inRange(0, 3) > 0) continue;
      at.low = *rc::gen::inRange(at.low, at.high + 1);
      std::erase_if(at.records, [&](const auto& record) { return record.first < at.low; });
    }
  }
  void Compact() {
    for (Partition& at : partitions) {
      if (at.records.empty() || *rc::gen::inRange(0, 3) > 0) continue;
      auto record = at.records.begin();
      std::advance(record, *rc::gen::inRange<size_t>(0, at.records.size()));
      at.records.erase(record);
    }
  }
};

// A reader with the messages that it is given, as KafkaReader is.
class Reader {
 public:
  explicit Reader(const Cluster& cluster) : taken_(cluster.partitions.size()) {
    std::vector<int64_t> begins;
    for (const Partition& at : cluster.partitions) begins.push_back(at.low);
    log_.Start(begins);
    from_ = log_.ReadFrom();
  }

  void Lose() {
    log_.Lose();
    from_ = log_.ReadFrom();
  }
  // One message of one partition, or an answer that there is none. False: it is another log.
  bool Step(const Cluster& cluster, size_t p) {
    if (log_.must_reread()) from_ = log_.ReadFrom();
    const Partition& at = cluster.partitions[p];
    const auto partition = static_cast<int32_t>(p);
    if (from_[p] < at.low || from_[p] > at.high) {
      const int64_t before = log_.next_offset(partition);
      const LogContinuity::Range found = log_.OnOutOfRange(partition, {at.low, at.high});
      skipped_ += found.skipped;
      RC_ASSERT(found.skipped == 0 || log_.next_offset(partition) == at.low);
      RC_ASSERT(log_.next_offset(partition) == before + found.skipped);
      return found.verdict != Verdict::kAnother;
    }
    const auto next = at.records.lower_bound(from_[p]);
    if (next == at.records.end()) {
      from_[p] = at.high;
      return log_.OnEnd(partition, at.high, now_ns_++) != Verdict::kAnother;
    }
    from_[p] = next->first + 1;
    const Verdict verdict = log_.OnRecord(partition, next->first, next->second);
    if (verdict == Verdict::kTake) {
      RC_ASSERT(taken_[p].emplace(next->first, next->second).second);
      RC_ASSERT(taken_[p].rbegin()->first == next->first);  // in order
    }
    return verdict != Verdict::kAnother;
  }
  // Until nothing more comes of it; false: it is another log.
  bool ReadAll(const Cluster& cluster) {
    for (size_t step = 0; step < 2000; ++step) {
      if (!Step(cluster, step % from_.size())) return false;
      bool level = log_.passed();
      for (size_t p = 0; p < from_.size(); ++p) level = level && at_end(cluster, p);
      if (level) return true;
    }
    for (const int32_t p : log_.TooShort(now_ns_ + kShortEndNsMax)) {
      const Partition& at = cluster.partitions[static_cast<size_t>(p)];
      if (log_.OnOutOfRange(p, {at.low, at.high}).verdict == Verdict::kAnother) return false;
    }
    RC_FAIL("it neither goes on nor says why");
    return false;
  }
  bool at_end(const Cluster& cluster, size_t p) const {
    return log_.next_offset(static_cast<int32_t>(p)) == cluster.partitions[p].high;
  }
  const std::vector<std::map<int64_t, uint32_t>>& taken() const { return taken_; }
  int64_t skipped() const { return skipped_; }

 private:
  LogContinuity log_;
  std::vector<int64_t> from_;
  std::vector<std::map<int64_t, uint32_t>> taken_;
  int64_t skipped_ = 0;
  int64_t now_ns_ = 0;
};

Cluster MakeCluster() {
  Cluster cluster;
  cluster.partitions.resize(*rc::gen::inRange<size_t>(1, 4));
  cluster.Grow();
  cluster.Trim();
  return cluster;
}

RC_GTEST_PROP(LogContinuityProperty, TheSameLogIsReadOnAndEachRecordTakenOnce, ()) {
  Cluster cluster = MakeCluster();
  Reader reader(cluster);
  std::vector<std::map<int64_t, uint32_t>> written(cluster.partitions.size());
  for (int round = *rc::gen::inRange(1, 8); round > 0; --round) {
    cluster.Grow();
    for (size_t p = 0; p < written.size(); ++p) {
      written[p].insert(cluster.partitions[p].records.begin(), cluster.partitions[p].records.end());
    }
    for (int steps = *rc::gen::inRange(0, 8); steps > 0; --steps) {
      RC_ASSERT(reader.Step(cluster, *rc::gen::inRange<size_t>(0, written.size())));
    }
    if (*rc::gen::inRange(0, 2) == 0) cluster.Trim();
    if (*rc::gen::inRange(0, 2) == 0) cluster.Compact();
    if (*rc::gen::inRange(0, 2) == 0) reader.Lose();
  }
  RC_ASSERT(reader.ReadAll(cluster));
  for (size_t p = 0; p < written.size(); ++p) {
    // All that is there was taken, and nothing that was never written.
    for (const auto& record : cluster.partitions[p].records) RC_ASSERT(reader.taken()[p].contains(record.first));
    for (const auto& record : reader.taken()[p]) RC_ASSERT(written[p].at(record.first) == record.second);
  }
}

// What was seen last of some partition is another record now, or cut off.
RC_GTEST_PROP(LogContinuityProperty, AnotherLogIsNeverReadOn, ()) {
  Cluster cluster = MakeCluster();
  Reader reader(cluster);
  cluster.Grow();
  cluster.partitions[0].Append(true);
  RC_ASSERT(reader.ReadAll(cluster));
  std::vector<size_t> read;  // partitions that can tell
  for (size_t p = 0; p < reader.taken().size(); ++p) {
    if (!reader.taken()[p].empty()) read.push_back(p);
  }
  Cluster other;
  other.partitions.resize(cluster.partitions.size());
  for (size_t p = 0; p < other.partitions.size(); ++p) {
    for (int64_t left = *rc::gen::inRange<int64_t>(0, 8); left > 0; --left) other.partitions[p].Append(true);
  }
  // The record itself is there no more in any of them.
  for (const size_t p : read) {
    const auto& [offset, crc32c] = *reader.taken()[p].rbegin();
    const auto found = other.partitions[p].records.find(offset);
    RC_PRE((found == other.partitions[p].records.end() || found->second != crc32c));
  }
  const auto before = reader.taken();
  reader.Lose();
  RC_ASSERT(!reader.ReadAll(other));
  RC_ASSERT(reader.taken() == before);
}

}  // namespace
}  // namespace pipeline
