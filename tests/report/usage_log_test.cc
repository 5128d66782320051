// What processes used: a bounded log, a file that can be read again, and cores and memory at each interval.
#include "harness/report/usage_log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace harness {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kOrigin = 7'000 * kMs;

Timeline TenIntervals() {
  Timeline timeline;
  timeline.origin_ns = kOrigin;
  timeline.interval_ns = 100 * kMs;
  timeline.points.resize(10);
  for (size_t i = 0; i < 10; ++i) timeline.points[i].begin_ns = static_cast<int64_t>(i) * 100 * kMs;
  return timeline;
}

UsageSample At(int64_t ms, const std::string& name, int64_t pid, int64_t cpu_ms, int64_t rss_bytes) {
  return {kOrigin + ms * kMs, name, pid, cpu_ms * kMs, rss_bytes};
}

TEST(UsageLogTest, StaysBoundedAndKeepsTheWholeSpan) {
  UsageLog log;
  int64_t taken = 0;
  for (int64_t round = 0; round < 100'000; ++round) {
    if (!log.WantsRound()) continue;
    ++taken;
    log.AddRound({At(round, "a", 1, round, 1), At(round, "b", 2, round, 1)});
    ASSERT_LE(log.samples().size(), UsageLog::kSamplesMax);
  }
  EXPECT_GT(log.samples().size(), UsageLog::kSamplesMax / 4);
  EXPECT_LT(taken, 50'000);
  EXPECT_EQ(log.samples().front().time_ns, kOrigin);
  EXPECT_GT(log.samples().back().time_ns, kOrigin + 99'900 * kMs);
  // A round is kept whole or not at all.
  for (size_t i = 0; i < log.samples().size(); i += 2) {
    ASSERT_EQ(log.samples()[i].time_ns, log.samples()[i + 1].time_ns);
  }
}

TEST(UsageLogTest, ARoundThatNoLogHoldsDoesNotGrowIt) {
  UsageLog log;
  for (int round = 0; round < 3; ++round) {
    log.AddRound(std::vector<UsageSample>(UsageLog::kSamplesMax - 1, At(round, "a", 1, 1, 1)));
    ASSERT_LT(log.samples().size(), UsageLog::kSamplesMax);
  }
}

TEST(UsageLogTest, TheFileIsReadAgainAndWhatIsNoSampleIsPassedOver) {
  const std::vector<UsageSample> samples = {At(0, "server-1", 12, 5, 4096), At(250, "shop#2", 13, 6, 8192)};
  EXPECT_EQ(ParseUsageCsv(UsageCsv(samples)), samples);
  EXPECT_EQ(
      ParseUsageCsv(UsageCsv(samples) + "x\n1,,2,3,4\n1,a,2,3\n1,a,-2,3,4\n1,a,2,3,4,5\n99999999999999999999,a,1,1,1"),
      samples);
  EXPECT_TRUE(ParseUsageCsv("").empty());
}

TEST(UsageLogTest, TimeOnTheProcessorIsSpreadBetweenItsSamples) {
  const auto series =
      UsageOver(TenIntervals(), {At(0, "a", 1, 100, 10), At(200, "a", 1, 300, 30), At(450, "a", 1, 300, 20)});
  ASSERT_EQ(series.size(), 1u);
  EXPECT_DOUBLE_EQ(series[0].cores[0], 1.0);
  EXPECT_DOUBLE_EQ(series[0].cores[1], 1.0);
  EXPECT_DOUBLE_EQ(series[0].cores[2], 0.0);
  EXPECT_DOUBLE_EQ(series[0].cores[4], 0.0);
  EXPECT_LT(series[0].cores[5], 0);
  EXPECT_EQ(series[0].rss_bytes[0], 30);
  EXPECT_EQ(series[0].rss_bytes[4], 20);
  EXPECT_EQ(series[0].rss_bytes[5], -1);
  EXPECT_EQ(series[0].rss_bytes_max, 30);
  EXPECT_DOUBLE_EQ(series[0].cores_max, 1.0);
}

TEST(UsageLogTest, ProcessesOfOneNameAddUpAndTheBusiestIsFirst) {
  const auto series =
      UsageOver(TenIntervals(),
                {At(-100, "idle", 9, 0, 5), At(0, "a", 1, 0, 10), At(0, "a", 2, 0, 100), At(100, "idle", 9, 1, 5),
                 At(100, "a", 1, 50, 10), At(100, "a", 2, 25, 100), At(300, "a", 3, 0, 7), At(400, "a", 3, 100, 7)});
  ASSERT_EQ(series.size(), 2u);
  EXPECT_EQ(series[0].name, "a");
  EXPECT_DOUBLE_EQ(series[0].cores[0], 0.75);
  EXPECT_EQ(series[0].rss_bytes[0], 110);
  EXPECT_LT(series[0].cores[1], 0);  // ended; the next one began later
  EXPECT_DOUBLE_EQ(series[0].cores[3], 1.0);
  EXPECT_EQ(series[0].rss_bytes[3], 7);
  EXPECT_DOUBLE_EQ(series[1].cores[0], 0.005);
}

TEST(UsageLogTest, TimesFromElsewhereHurtNobody) {
  const auto series =
      UsageOver(TenIntervals(), {At(0, "a", 1, 100, 10), {0, "a", 1, 0, 1}, {INT64_MAX, "a", 1, INT64_MAX, 1}});
  ASSERT_EQ(series.size(), 1u);
  EXPECT_TRUE(UsageOver(Timeline{}, {At(0, "a", 1, 1, 1)}).empty());
}

}  // namespace
}  // namespace harness
