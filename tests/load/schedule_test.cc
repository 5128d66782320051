// Property: planned send times are ordered, lie within their phase, have the asked mean rate, and depend on nothing but
// rate, arrival and seed.
#include "harness/load/schedule.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace harness {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

std::vector<int64_t> Times(int64_t begin_ns, int64_t duration_ns, double rate_per_s, Arrival arrival, uint64_t seed) {
  Schedule schedule(begin_ns, duration_ns, rate_per_s, arrival, seed);
  std::vector<int64_t> times;
  for (; schedule.Peek(); schedule.Pop()) times.push_back(*schedule.Peek());
  return times;
}

RC_GTEST_PROP(ScheduleTest, TimesAreOrderedAndWithinThePhase, ()) {
  const int64_t begin_ns = *rc::gen::inRange<int64_t>(0, kSecondNs * 1'000'000);
  const int64_t duration_ns = *rc::gen::inRange<int64_t>(0, 3 * kSecondNs);
  const double rate_per_s = *rc::gen::inRange(1, 5'000'000) / 1000.0;
  const Arrival arrival = *rc::gen::element(Arrival::kUniform, Arrival::kPoisson);
  const std::vector<int64_t> times = Times(begin_ns, duration_ns, rate_per_s, arrival, *rc::gen::arbitrary<uint64_t>());
  RC_ASSERT(std::is_sorted(times.begin(), times.end()));
  if (!times.empty()) {
    RC_ASSERT(times.front() >= begin_ns);
    RC_ASSERT(times.back() < begin_ns + duration_ns);
  }
}

RC_GTEST_PROP(ScheduleTest, UniformHasItsCountAndSpacing, ()) {
  const int64_t rate_per_s = *rc::gen::inRange<int64_t>(1, 20'000);
  const int64_t duration_ms = *rc::gen::inRange<int64_t>(1, 2'000);
  const std::vector<int64_t> times =
      Times(7, duration_ms * 1'000'000, static_cast<double>(rate_per_s), Arrival::kUniform, 1);
  const int64_t expected = (rate_per_s * duration_ms + 999) / 1000;
  RC_ASSERT(static_cast<int64_t>(times.size()) == expected);
  for (size_t i = 0; i < times.size(); ++i) {
    const auto exact_ns = static_cast<int64_t>(i) * kSecondNs / rate_per_s;
    RC_ASSERT(std::abs(times[i] - 7 - exact_ns) <= 1);
  }
}

RC_GTEST_PROP(ScheduleTest, TheSameSeedGivesTheSameTimes, ()) {
  const auto seed = *rc::gen::arbitrary<uint64_t>();
  RC_ASSERT(Times(5, kSecondNs, 300, Arrival::kPoisson, seed) == Times(5, kSecondNs, 300, Arrival::kPoisson, seed));
  // Another begin moves all of them alike.
  std::vector<int64_t> moved = Times(1005, kSecondNs, 300, Arrival::kPoisson, seed);
  for (int64_t& time : moved) time -= 1000;
  RC_ASSERT(moved == Times(5, kSecondNs, 300, Arrival::kPoisson, seed));
}

// 20,000 expected arrivals: mean count within 6 standard deviations (sqrt(n)), and a variance of the gaps like an
// exponential's (its coefficient of variation is 1; a uniform schedule's is 0).
RC_GTEST_PROP(ScheduleTest, PoissonHasTheMeanRateAndExponentialGaps, ()) {
  const std::vector<int64_t> times =
      Times(0, 10 * kSecondNs, 2'000, Arrival::kPoisson, *rc::gen::arbitrary<uint64_t>());
  const double n = static_cast<double>(times.size());
  RC_ASSERT(std::abs(n - 20'000) < 6 * std::sqrt(20'000.0));
  double squares = 0;
  for (size_t i = 1; i < times.size(); ++i) {
    const double gap_s = static_cast<double>(times[i] - times[i - 1]) / 1e9;
    squares += gap_s * gap_s;
  }
  const double mean_s = 10 / n;
  const double variation = std::sqrt(squares / (n - 1) / (mean_s * mean_s) - 1);
  RC_ASSERT(variation > 0.9);
  RC_ASSERT(variation < 1.1);
}

TEST(ScheduleTest, NoLoadHasNoTimes) {
  EXPECT_TRUE(Times(0, kSecondNs, 0, Arrival::kUniform, 1).empty());
  EXPECT_TRUE(Times(0, kSecondNs, 0, Arrival::kPoisson, 1).empty());
  EXPECT_TRUE(Times(0, 0, 100, Arrival::kUniform, 1).empty());
}

TEST(ScheduleTest, SeedsDiffer) {
  EXPECT_NE(Times(0, kSecondNs, 100, Arrival::kPoisson, 1), Times(0, kSecondNs, 100, Arrival::kPoisson, 2));
}

}  // namespace
}  // namespace harness
