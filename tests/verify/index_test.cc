// Finding a record by place or by rec, and the arithmetic of intervals, agree with looking at everything.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "harness/verify/intervals.h"
#include "harness/verify/log_index.h"
#include "tests/verify/verify_testing.h"

namespace harness {
namespace {

RC_GTEST_PROP(LogIndexTest, FindsWhatIsThereAndNothingElse, ()) {
  const History history = MakeRun(*AnyPlan()).history;
  const LogIndex log(history);
  std::map<uint64_t, std::vector<LogPlace>> by_rec;
  LogPlace place = 0;
  for (int32_t p = 0; p < log.partitions(); ++p) {
    const PartitionLog& partition = history.partitions[static_cast<size_t>(p)];
    RC_ASSERT(log.begin(p) == place);
    size_t next = 0;
    for (int64_t offset = -1; offset <= partition.end_offset + 1; ++offset) {
      const auto& records = partition.records;
      const bool is_there = next < records.size() && records[next].offset == offset;
      RC_ASSERT(log.Find(p, offset) == (is_there ? place : kNoPlace));
      RC_ASSERT(log.LowerBound(p, offset) == place);
      RC_ASSERT(partition.Find(offset) == (is_there ? &records[next] : nullptr));
      if (!is_there) continue;
      RC_ASSERT(&log.record(place) == &records[next]);
      RC_ASSERT(log.partition(place) == p);
      if (records[next].rec.has_value()) by_rec[records[next].rec.bits].push_back(place);
      ++next;
      ++place;
    }
    RC_ASSERT(log.end(p) == place);
  }
  RC_ASSERT(log.size() == place);
  for (uint16_t producer = 0; producer < 5; ++producer) {
    for (uint64_t sequence = 0; sequence < 100; ++sequence) {
      const Rec rec = Rec::Make(producer, sequence);
      const auto places = log.Places(rec);
      RC_ASSERT(std::vector<LogPlace>(places.begin(), places.end()) == by_rec[rec.bits]);
    }
  }
}

// Two records have the same number when they have the same id, and the numbers are in the order of the hashes.
RC_GTEST_PROP(LogIndexTest, NumbersThePaymentIds, ()) {
  const History history = MakeRun(*AnyPlan()).history;
  const LogIndex log(history);
  std::map<uint64_t, uint32_t> numbers;
  for (LogPlace place = 0; place < log.size(); ++place) {
    if (log.record(place).valid) numbers.emplace(log.record(place).id_hash, 0);
  }
  uint32_t next = 0;
  for (auto& [id_hash, number] : numbers) {
    number = next++;
    RC_ASSERT(log.NumberOf(id_hash) == number);
    if (!numbers.contains(id_hash + 1)) RC_ASSERT(log.NumberOf(id_hash + 1) == kNoPlace);
  }
  RC_ASSERT(log.id_count() == numbers.size());
  for (LogPlace place = 0; place < log.size(); ++place) {
    if (log.record(place).valid) RC_ASSERT(log.id(place) == numbers[log.record(place).id_hash]);
  }
}

TEST(LogIndexTest, AForgedSequenceCostsNoMemory) {
  History history;
  history.producers.emplace_back().name = "load";
  LogRecord record;
  record.rec = Rec::Make(0, 0xFFFF'FFFF'FFFF);
  history.partitions.emplace_back().records.push_back(record);
  record.rec = Rec::Make(0xFFFF, 1);
  record.offset = 1;
  history.partitions[0].records.push_back(record);
  const LogIndex log(history);
  EXPECT_EQ(log.Places(Rec::Make(0, 0xFFFF'FFFF'FFFF)).size(), 1u);
  EXPECT_EQ(log.Places(Rec::Make(0xFFFF, 1)).size(), 1u);
  EXPECT_TRUE(log.Places(Rec::Make(0, 1)).empty());
}

std::vector<Interval> AnySpans() {
  std::vector<Interval> spans;
  for (const auto& [begin, length] : *rc::gen::container<std::vector<std::pair<int, int>>>(
           rc::gen::pair(rc::gen::inRange(0, 60), rc::gen::inRange(0, 8)))) {
    spans.push_back({begin, begin + length});
  }
  return spans;
}

bool Covers(const std::vector<Interval>& spans, int64_t time_ns) {
  return std::any_of(spans.begin(), spans.end(),
                     [&](const Interval& span) { return span.begin_ns <= time_ns && time_ns < span.end_ns; });
}

RC_GTEST_PROP(IntervalsTest, AreSetsOfMoments, ()) {
  const auto any_a = AnySpans(), any_b = AnySpans();
  const auto a = United(any_a), b = United(any_b);
  const auto both = Intersection(a, b), rest = Difference(a, b);
  for (int64_t t = -1; t < 70; ++t) {
    RC_ASSERT(Covers(a, t) == Covers(any_a, t));
    RC_ASSERT(Covers(both, t) == (Covers(a, t) && Covers(b, t)));
    RC_ASSERT(Covers(rest, t) == (Covers(a, t) && !Covers(b, t)));
    for (int64_t end = t; end < 70; end += 7) {
      bool meets = false;
      for (int64_t moment = t; moment <= end; ++moment) meets = meets || Covers(a, moment);
      RC_ASSERT(Meets(a, t, end) == meets);
    }
  }
  for (const auto* spans : {&a, &both, &rest}) RC_ASSERT(United(*spans) == *spans || spans == &rest);
}

}  // namespace
}  // namespace harness
