// The window holds the newest entries within its bytes, says truly what it holds, and finds any position in it.
#include "stream/log_window.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <limits>
#include <vector>

#include "tests/stream/stream_testing.h"

namespace pipeline {
namespace {

WindowEntry Entry(int32_t partition, int64_t offset) {
  const LogRecord record = MakeRecord(partition, offset, "pay_1");
  return {record.frame, offset, partition, record.record_crc32c, record.provider, record.status};
}

RC_GTEST_PROP(LogWindowTest, AnswersAsTheWholeLogWould, ()) {
  const int32_t partitions = *rc::gen::inRange(1, 4);
  const int64_t entry_bytes = [] {
    LogWindow one(1'000'000);
    one.Start({-1});
    one.Append(Entry(0, 0));
    return one.bytes();
  }();
  const int held_max = *rc::gen::inRange(1, 8);
  LogWindow window(held_max * (entry_bytes + 8));
  window.Start(std::vector<int64_t>(partitions, -1));
  const uint64_t begin = window.begin_sequence();
  std::vector<WindowEntry> all;
  std::vector<int64_t> next(partitions, 0);
  const int count = *rc::gen::inRange(0, 30);
  for (int i = 0; i < count; ++i) {
    const int32_t p = *rc::gen::inRange(0, partitions);
    next[p] += *rc::gen::inRange(0, 3);  // offsets may have holes
    all.push_back(Entry(p, next[p]++));
    window.Append(all.back());
  }
  RC_ASSERT(window.end_sequence() == begin + all.size());
  const uint64_t held = window.end_sequence() - window.begin_sequence();
  RC_ASSERT(held >= std::min<uint64_t>(all.size(), held_max) && held <= static_cast<uint64_t>(held_max) + 1);
  RC_ASSERT(window.bytes() <= held_max * (entry_bytes + 8));

  std::vector<int64_t> after(partitions);
  for (int64_t& a : after) a = *rc::gen::inRange(-1, 30);
  bool holds = true;
  uint64_t first = window.end_sequence();
  for (size_t i = all.size(); i-- > 0;) {
    const bool owed = all[i].offset > after[all[i].partition];
    const bool in = begin + i >= window.begin_sequence();
    if (owed && !in) holds = false;
    if (owed && in) first = begin + i;
    if (in) RC_ASSERT(window.at(begin + i).offset == all[i].offset);
    if (in) RC_ASSERT(window.ChecksumAt(all[i].partition, all[i].offset) == all[i].record_crc32c);
  }
  RC_ASSERT(window.HoldsAfter(after) == holds);
  RC_ASSERT(window.Locate(after) == first);
}

TEST(LogWindowTest, HoldsTheNewestHoweverLarge) {
  LogWindow window(1);
  window.Start({-1, 9});
  window.Append(Entry(0, 0));
  window.Append(Entry(1, 10));
  EXPECT_EQ(window.end_sequence() - window.begin_sequence(), 1u);
  EXPECT_FALSE(window.HoldsAfter({-1, 9}));
  EXPECT_TRUE(window.HoldsAfter({0, 9}));
  EXPECT_EQ(window.ChecksumAt(0, 0), Entry(0, 0).record_crc32c) << "the last one to leave is remembered";
  EXPECT_EQ(window.ChecksumAt(1, 10), Entry(1, 10).record_crc32c);
  EXPECT_EQ(window.ChecksumAt(1, 9), std::nullopt) << "what was before the start was never seen";
  EXPECT_EQ(window.ChecksumAt(1, 11), std::nullopt);
}

TEST(LogWindowTest, ANewStartIsBehindEveryEarlierPlace) {
  LogWindow window(1'000);
  window.Start({-1});
  window.Append(Entry(0, 0));
  const uint64_t end = window.end_sequence();
  window.Start({4});
  EXPECT_GT(window.begin_sequence(), end);
  EXPECT_EQ(window.bytes(), 0);
  EXPECT_FALSE(window.HoldsAfter({3}));
  EXPECT_TRUE(window.HoldsAfter({4}));
  EXPECT_TRUE(window.HoldsAfter({std::numeric_limits<int64_t>::max()}));
}

}  // namespace
}  // namespace pipeline
