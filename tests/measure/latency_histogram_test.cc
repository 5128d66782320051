// A histogram says what sorting the values would say, to three digits: every percentile, whatever the values, however
// they were split over histograms and merged. Nothing recorded is ever left out, and nothing recorded has no
// percentiles.
#include "harness/measure/latency_histogram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace harness {
namespace {

constexpr int64_t kHour = LatencyHistogram::kHighest;

// Values of all magnitudes, 1 us to 1 h most of them, some beyond either end.
rc::Gen<int64_t> AnyValue() {
  const auto magnitude = rc::gen::map(
      rc::gen::pair(rc::gen::inRange(0, 43), rc::gen::inRange<int64_t>(0, 1 << 20)), [](std::pair<int, int64_t> parts) {
        return static_cast<int64_t>((uint64_t{1} << parts.first) +
                                    ((static_cast<uint64_t>(parts.second) << parts.first) >> 20));
      });
  return rc::gen::map(rc::gen::pair(magnitude, rc::gen::inRange(0, 20)),
                      [](std::pair<int64_t, int> value) { return value.second == 0 ? -value.first : value.first; });
}

// Within 1/1000, and never beyond the bucket's upper end.
void ExpectNear(int64_t found, int64_t exact) {
  const double allowed = std::abs(static_cast<double>(exact)) / 1000;
  RC_ASSERT(std::abs(static_cast<double>(found) - static_cast<double>(exact)) <= allowed);
}

RC_GTEST_PROP(LatencyHistogramTest, PercentilesAreThoseOfSorting, ()) {
  auto values = *rc::gen::nonEmpty(rc::gen::container<std::vector<int64_t>>(AnyValue()));
  LatencyHistogram histogram;
  for (const int64_t value : values) histogram.Record(value);
  std::sort(values.begin(), values.end());
  RC_ASSERT(histogram.count() == static_cast<int64_t>(values.size()));
  RC_ASSERT(histogram.Min() == values.front());
  RC_ASSERT(histogram.Max() == values.back());
  RC_ASSERT(histogram.negative_count() ==
            std::count_if(values.begin(), values.end(), [](int64_t value) { return value < 0; }));
  const auto beyond = [](int64_t value) { return value > kHour || value < -kHour; };
  RC_ASSERT(histogram.overflow_count() == std::count_if(values.begin(), values.end(), beyond));
  for (size_t rank = 1; rank <= values.size(); ++rank) {
    const double q = static_cast<double>(rank) / static_cast<double>(values.size());
    const int64_t exact = values[rank - 1];
    const int64_t found = *histogram.AtQuantile(q);
    if (exact > kHour) {
      RC_ASSERT(found == values.back());
    } else if (exact < -kHour) {
      RC_ASSERT(found == values.front());
    } else {
      ExpectNear(found, exact);
    }
  }
}

RC_GTEST_PROP(LatencyHistogramTest, MergedIsAsRecordedTogether, ()) {
  const auto left = *rc::gen::container<std::vector<int64_t>>(AnyValue());
  const auto right = *rc::gen::container<std::vector<int64_t>>(AnyValue());
  LatencyHistogram all, first, second;
  for (const int64_t value : left) first.Record(value), all.Record(value);
  for (const int64_t value : right) second.Record(value), all.Record(value);
  first.Merge(second);
  std::vector<std::pair<int64_t, int64_t>> merged, together;
  first.ForEachBucket([&](int64_t value, int64_t count) { merged.emplace_back(value, count); });
  all.ForEachBucket([&](int64_t value, int64_t count) { together.emplace_back(value, count); });
  RC_ASSERT(merged == together);
  RC_ASSERT(std::is_sorted(merged.begin(), merged.end()));
  RC_ASSERT(first.count() == all.count());
  RC_ASSERT(first.Min() == all.Min());
  RC_ASSERT(first.Max() == all.Max());
  RC_ASSERT(first.negative_count() == all.negative_count());
  RC_ASSERT(first.overflow_count() == all.overflow_count());
}

TEST(LatencyHistogramTest, EmptyHasNoPercentiles) {
  const LatencyHistogram histogram;
  EXPECT_TRUE(histogram.empty());
  EXPECT_EQ(histogram.AtQuantile(0.95), std::nullopt);
  EXPECT_EQ(histogram.Min(), std::nullopt);
  EXPECT_EQ(histogram.Max(), std::nullopt);
  EXPECT_EQ(histogram.Mean(), std::nullopt);
}

TEST(LatencyHistogramTest, TheRankIsTheLeastThatCoversTheShare) {
  LatencyHistogram histogram;
  for (int64_t value = 1; value <= 1000; ++value) histogram.Record(value);
  EXPECT_EQ(histogram.AtQuantile(0.5), 500);
  EXPECT_EQ(histogram.AtQuantile(0.99), 990);
  EXPECT_EQ(histogram.AtQuantile(0.999), 999);
  EXPECT_EQ(histogram.AtQuantile(1), 1000);
  EXPECT_EQ(histogram.AtQuantile(0), 1);
  EXPECT_EQ(histogram.Mean(), 500.5);
}

TEST(LatencyHistogramTest, TheEndsOfTheRangeBelongToIt) {
  LatencyHistogram histogram;
  histogram.Record(kHour);
  histogram.Record(-kHour);
  histogram.Record(0);
  EXPECT_EQ(histogram.overflow_count(), 0);
  histogram.Record(kHour + 1);
  histogram.Record(-kHour - 1);
  histogram.Record(INT64_MAX);
  histogram.Record(INT64_MIN);
  EXPECT_EQ(histogram.overflow_count(), 4);
  EXPECT_EQ(histogram.negative_count(), 3);
  EXPECT_EQ(histogram.count(), 7);
  EXPECT_EQ(histogram.AtQuantile(1), INT64_MAX);
}

}  // namespace
}  // namespace harness
