// Property: planned send times are ordered, lie within their phase, follow the asked rate, constant or changing, and
// depend on nothing but rate, arrival and seed.
#include "harness/load/schedule.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

namespace harness {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

std::vector<int64_t> Times(int64_t begin_ns, const std::vector<RatePiece>& rate, Arrival arrival, uint64_t seed) {
  Schedule schedule(begin_ns, RateCurve(rate), arrival, seed);
  std::vector<int64_t> times;
  for (; schedule.Peek(); schedule.Pop()) times.push_back(*schedule.Peek());
  return times;
}

std::vector<int64_t> Times(int64_t begin_ns, int64_t duration_ns, double rate_per_s, Arrival arrival, uint64_t seed) {
  return Times(begin_ns, {{duration_ns, rate_per_s, rate_per_s}}, arrival, seed);
}

// Ramps, steps, spikes and pauses in any order: a few of them, of any length and rate. (An inRange of a small size
// draws small numbers only.)
rc::Gen<std::vector<RatePiece>> GenRate() {
  const auto rate =
      rc::gen::map(rc::gen::inRange(0, 4'000), [](int per_s) { return per_s < 800 ? 0.0 : per_s - 800.0; });
  const auto piece = rc::gen::map(
      rc::gen::resize(rc::kNominalSize, rc::gen::tuple(rc::gen::inRange<int64_t>(0, kSecondNs), rate, rate)),
      [](const std::tuple<int64_t, double, double>& drawn) {
        return RatePiece{std::get<0>(drawn), std::get<1>(drawn), std::get<2>(drawn)};
      });
  return rc::gen::resize(8, rc::gen::container<std::vector<RatePiece>>(piece));
}

double Integral(const std::vector<RatePiece>& rate, int64_t until_ns) {
  double records = 0;
  for (const RatePiece& piece : rate) {
    const double length_s = static_cast<double>(std::clamp<int64_t>(until_ns, 0, piece.duration_ns)) / 1e9;
    if (length_s > 0) {
      const double slope = (piece.to_per_s - piece.from_per_s) / (static_cast<double>(piece.duration_ns) / 1e9);
      records += length_s * (piece.from_per_s + slope * length_s / 2);
    }
    until_ns -= piece.duration_ns;
  }
  return records;
}

int64_t DurationNs(const std::vector<RatePiece>& rate) {
  int64_t duration_ns = 0;
  for (const RatePiece& piece : rate) duration_ns += piece.duration_ns;
  return duration_ns;
}

RC_GTEST_PROP(ScheduleTest, AChangingRateSendsItsIntegral, ()) {
  const auto rate = *GenRate();
  const int64_t duration_ns = DurationNs(rate);
  const std::vector<int64_t> times = Times(11, rate, Arrival::kUniform, 1);
  RC_ASSERT(std::abs(static_cast<double>(times.size()) - Integral(rate, duration_ns)) <= 1);
  RC_ASSERT(std::is_sorted(times.begin(), times.end()));
  // At each of them as many have been sent as the rate comes to up to there. (1e-3: of a rate that begins at nothing a
  // nanosecond is a small part of a record.)
  for (size_t i = 0; i < times.size(); ++i) {
    RC_ASSERT(times[i] >= 11);
    RC_ASSERT(times[i] < 11 + duration_ns);
    RC_ASSERT(std::abs(Integral(rate, times[i] - 11) - static_cast<double>(i)) <= 1e-3);
  }
}

RC_GTEST_PROP(ScheduleTest, PoissonTimesOfAChangingRateAreOrderedAndTheSeeds, ()) {
  const auto rate = *GenRate();
  const auto seed = *rc::gen::arbitrary<uint64_t>();
  const std::vector<int64_t> times = Times(3, rate, Arrival::kPoisson, seed);
  RC_ASSERT(std::is_sorted(times.begin(), times.end()));
  RC_ASSERT(times == Times(3, rate, Arrival::kPoisson, seed));
  const double expected = Integral(rate, DurationNs(rate));
  RC_ASSERT(std::abs(static_cast<double>(times.size()) - expected) <= 6 * std::sqrt(expected) + 12);
  if (!times.empty()) {
    RC_ASSERT(times.front() >= 3);
    RC_ASSERT(times.back() < 3 + DurationNs(rate));
  }
  // Through the rate's integral they are a Poisson process of rate 1: its gaps' mean is 1.
  if (times.size() >= 400) {
    const double mean = Integral(rate, times.back() - 3) / static_cast<double>(times.size());
    RC_ASSERT(std::abs(mean - 1) < 6 / std::sqrt(static_cast<double>(times.size())));
  }
}

RC_GTEST_PROP(ScheduleTest, AConstantRateWrittenAsARampOrStepsIsTheSame, ()) {
  const double rate_per_s = *rc::gen::inRange(1, 5'000'000) / 1000.0;
  const int64_t duration_ns = *rc::gen::inRange<int64_t>(4, 2 * kSecondNs);
  const Arrival arrival = *rc::gen::element(Arrival::kUniform, Arrival::kPoisson);
  const auto seed = *rc::gen::arbitrary<uint64_t>();
  PhasePlan constant;
  constant.duration_ns = duration_ns;
  constant.rate_per_s = rate_per_s;
  Schedule schedule(9, RateOf(constant), arrival, seed);
  const std::vector<int64_t> ramp = Times(9, {{duration_ns, rate_per_s, rate_per_s}}, arrival, seed);
  for (const int64_t time : ramp) {
    RC_ASSERT(schedule.Peek() == time);
    schedule.Pop();
  }
  RC_ASSERT(!schedule.Peek());
  const std::vector<int64_t> steps =
      Times(9, {{duration_ns / 4, rate_per_s, rate_per_s}, {duration_ns - duration_ns / 4, rate_per_s, rate_per_s}},
            arrival, seed);
  RC_ASSERT(std::max(steps.size(), ramp.size()) - std::min(steps.size(), ramp.size()) <= 1);
  for (size_t i = 0; i < std::min(steps.size(), ramp.size()); ++i) RC_ASSERT(std::abs(steps[i] - ramp[i]) <= 2);
}

// A pause offers nothing, and what comes after it is not late for it.
TEST(ScheduleTest, APauseHasNoTimesAndMovesTheRest) {
  EXPECT_EQ(Times(0, {{kSecondNs, 2, 2}, {5 * kSecondNs, 0, 0}, {kSecondNs, 2, 2}}, Arrival::kUniform, 1),
            (std::vector<int64_t>{0, kSecondNs / 2, 6 * kSecondNs, 6 * kSecondNs + kSecondNs / 2}));
}

TEST(ScheduleTest, ARampIsDenserTowardsItsEnd) {
  // 0 to 8/s in a second: the n-th when 4 t² is n.
  EXPECT_EQ(Times(0, {{kSecondNs, 0, 8}}, Arrival::kUniform, 1),
            (std::vector<int64_t>{0, 500'000'000, 707'106'781, 866'025'403}));
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
