// Histograms in HdrHistogram's formats come back as they were, and their tables say what the histogram says. That
// HdrHistogram's own tools read them is tests/measure/hdr_tools_test's.
#include "harness/measure/hdr_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <map>
#include <string>

namespace harness {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::map<int64_t, int64_t> Buckets(const LatencyHistogram& histogram) {
  std::map<int64_t, int64_t> buckets;
  histogram.ForEachBucket([&](int64_t value_ns, int64_t count) {
    buckets[static_cast<int64_t>(LatencyHistogram::IndexOf(value_ns))] += count;
  });
  return buckets;
}

RC_GTEST_PROP(HdrLogTest, WhatIsWrittenIsReadAgain, ()) {
  LatencyHistogram histogram;
  const auto values = *rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(0, 3'600'000'000'000));
  for (const int64_t value : values) histogram.Record(value, *rc::gen::inRange<int64_t>(1, int64_t{1} << 40));
  const auto read = FromHdrLog(HdrLog({{"e2e.latency", &histogram}}, 1.5, 2.5), "e2e.latency");
  RC_ASSERT(read.has_value() == !values.empty());
  if (read) RC_ASSERT(Buckets(*read) == Buckets(histogram) && read->Max() == histogram.Max());
}

RC_GTEST_PROP(HdrLogTest, AnyTextIsReadWithoutHarm, ()) {
  FromHdrLog("Tag=x,0.000,1.000,1.000," + *rc::gen::arbitrary<std::string>(), "x");
  LatencyHistogram histogram;
  histogram.Record(7);
  std::string log = HdrLog({{"x", &histogram}}, 1, 1);
  log[*rc::gen::inRange<size_t>(0, log.size())] = *rc::gen::arbitrary<char>();
  FromHdrLog(log, "x");
}

TEST(HdrLogTest, TheFirstOfATagIsRead) {
  LatencyHistogram one, other;
  one.Record(1000);
  other.Record(2000, 2);
  const std::string log = HdrLog({{"a", &one}, {"b", &other}, {"none", &one}}, 1.7e9, 12.5);
  EXPECT_THAT(log,
              StartsWith("#[Histogram log format version 1.3]\n#[StartTime: 1700000000.000 (seconds since epoch)"));
  EXPECT_THAT(log, HasSubstr("\nTag=b,0.000,12.500,0.002,HISTF"));
  EXPECT_EQ(FromHdrLog(log, "b")->count(), 2);
  EXPECT_EQ(FromHdrLog(log, "c"), std::nullopt);
}

// HdrHistogram knows neither: what is kept of them is said, and nothing is dropped.
TEST(HdrLogTest, NegativeValuesAndThoseWithoutEnd) {
  LatencyHistogram histogram;
  histogram.Record(1000);
  histogram.Record(-5000, 2);
  histogram.Record(2 * LatencyHistogram::kHighest);
  histogram.RecordWithoutEnd(3);
  const std::string log = HdrLog({{"ack.server", &histogram}}, 1, 1);
  EXPECT_EQ(FromHdrLog(log, "ack.server")->count(), 5);
  EXPECT_EQ(FromHdrLog(log, "ack.server")->Max(), LatencyHistogram::kHighest);
  EXPECT_EQ(FromHdrLog(log, "ack.server.negative")->count(), 2);
  EXPECT_THAT(log, HasSubstr("#[ack.server: 3 without end, in the last bucket]\n"));
  EXPECT_THAT(HdrPercentiles(histogram), HasSubstr("Total count    =            7]"));
  EXPECT_THAT(HdrPercentiles(histogram), HasSubstr("\n      -0.005 0.000000000000          2           1.00\n"));
}

TEST(HdrLogTest, ThePercentilesOfAKnownHistogram) {
  LatencyHistogram histogram;
  for (int i = 1; i <= 4; ++i) histogram.Record(i * 1'000'000);
  EXPECT_EQ(HdrPercentiles(histogram),
            "       Value     Percentile TotalCount 1/(1-Percentile)\n\n"
            "       1.000 0.000000000000          1           1.00\n"
            "       1.000 0.100000000000          1           1.11\n"
            "       1.000 0.200000000000          1           1.25\n"
            "       2.001 0.300000000000          2           1.43\n"
            "       2.001 0.400000000000          2           1.67\n"
            "       2.001 0.500000000000          2           2.00\n"
            "       3.000 0.550000000000          3           2.22\n"
            "       3.000 0.600000000000          3           2.50\n"
            "       3.000 0.650000000000          3           2.86\n"
            "       3.000 0.700000000000          3           3.33\n"
            "       3.000 0.750000000000          3           4.00\n"
            "       4.002 0.775000000000          4           4.44\n"
            "       4.002 1.000000000000          4\n"
            "#[Mean    =        2.500, StdDeviation   =        1.118]\n"
            "#[Max     =        4.002, Total count    =            4]\n"
            "#[Buckets =           32, SubBuckets     =         2048]\n");
  EXPECT_EQ(HdrPercentiles({}), "");
}

}  // namespace
}  // namespace harness
