// The search finds the highest rate that holds, to its resolution, whatever holds: always, never, up to a rate, or by
// luck near one.
#include "harness/compare/rate_search.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <map>
#include <random>

namespace harness {
namespace {

RateOutcome UpTo(double limit, double rate) { return rate <= limit ? RateOutcome::kHolds : RateOutcome::kFails; }

RateSearchOptions AnyOptions() {
  RateSearchOptions options;
  options.from_per_s = *rc::gen::inRange(1, 5000);
  options.to_per_s = options.from_per_s * *rc::gen::inRange(1, 2000);
  options.resolution = *rc::gen::element(0.01, 0.05, 0.5, 2.0);
  options.confidence = *rc::gen::element(0.5, 0.9, 0.99);
  options.repeat = TriesNeeded(options.confidence) + *rc::gen::inRange(0, 4);
  return options;
}

RC_GTEST_PROP(RateSearchTest, FindsTheHighestRateThatHolds, ()) {
  const RateSearchOptions options = AnyOptions();
  const double limit = std::exp(*rc::gen::inRange(0, 1600) / 100.0);  // 1 to 9 million
  const RateSearchResult result = FindHighestRate(options, [&](double rate) { return UpTo(limit, rate); });
  RC_ASSERT(result.end == (result.rate_per_s > 0 ? SearchEnd::kFound : SearchEnd::kNoneHolds));
  RC_ASSERT(result.rate_per_s <= limit);
  RC_ASSERT(result.rate_per_s <= options.to_per_s * 1.0001);
  if (result.above_per_s > 0 && result.rate_per_s > 0) {
    RC_ASSERT(result.above_per_s > limit);
    RC_ASSERT(result.above_per_s / result.rate_per_s < 1 + options.resolution + 1e-6);
  }
  if (result.above_per_s == 0) RC_ASSERT(result.rate_per_s * (1 + options.resolution) > options.to_per_s);
  if (result.rate_per_s == 0) RC_ASSERT(limit < 1 + options.resolution);
  if (result.end == SearchEnd::kFound) {
    RC_ASSERT(result.shown);
    RC_ASSERT(result.tally.held == HoldsNeeded(options.repeat, options.confidence));
  }
}

TEST(RateSearchTest, SaysThatItReachedTheHighestRateAsked) {
  const RateSearchOptions options{.from_per_s = 1000, .to_per_s = 64'000};
  const RateSearchResult result = FindHighestRate(options, [](double) { return RateOutcome::kHolds; });
  EXPECT_EQ(result.end, SearchEnd::kFound);
  EXPECT_GT(result.rate_per_s, 64'000 / 1.05);
  EXPECT_EQ(result.above_per_s, 0);
  EXPECT_LE(result.tries, 8 + 3);
}

TEST(RateSearchTest, SaysThatNoneHolds) {
  const RateSearchResult result = FindHighestRate({}, [](double) { return RateOutcome::kFails; });
  EXPECT_EQ(result.end, SearchEnd::kNoneHolds);
  EXPECT_EQ(result.rate_per_s, 0);
  EXPECT_NEAR(result.above_per_s, 1, 0.05);
}

TEST(RateSearchTest, TheHarnesssLimitIsNotTheSystems) {
  const RateSearchResult found =
      FindHighestRate({}, [](double rate) { return rate < 30'000 ? RateOutcome::kHolds : RateOutcome::kHarnessLimit; });
  EXPECT_EQ(found.end, SearchEnd::kFound);
  EXPECT_TRUE(found.harness_is_limit);
  EXPECT_FALSE(FindHighestRate({}, [](double rate) { return UpTo(30'000, rate); }).harness_is_limit);
  EXPECT_EQ(FindHighestRate({}, [](double) { return RateOutcome::kHarnessLimit; }).end, SearchEnd::kHarnessLimit);
}

TEST(RateSearchTest, AStopGivesBackWhatIsKnown) {
  for (int stop_at = 1; stop_at < 20; ++stop_at) {
    int tries = 0;
    const RateSearchResult result = FindHighestRate(
        {}, [&](double rate) { return ++tries == stop_at ? RateOutcome::kStopped : UpTo(30'000, rate); });
    if (result.end != SearchEnd::kStopped) continue;
    EXPECT_EQ(tries, stop_at);
    EXPECT_EQ(result.tries, stop_at - 1);
    EXPECT_EQ(result.rate_per_s > 0, stop_at > 1);
    EXPECT_LE(result.rate_per_s, 30'000);
    EXPECT_EQ(result.above.failed > 0, result.above_per_s > 0) << stop_at;
  }
}

// A rate that holds by luck alone is taken for one that holds as seldom as the confidence promises, a few times: the
// search looks at several rates near the edge.
TEST(RateSearchTest, LuckNearTheEdgeIsNotTakenForHolding) {
  int wrong = 0;
  int far = 0;
  constexpr int kSearches = 400;
  const auto probability = [](double rate) { return 1 / (1 + std::pow(rate / 20'000, 8)); };
  for (int seed = 0; seed < kSearches; ++seed) {
    std::mt19937_64 random(static_cast<uint64_t>(seed));
    const RateSearchResult result = FindHighestRate({}, [&](double rate) {
      const double drawn = static_cast<double>(random() >> 11) / static_cast<double>(uint64_t{1} << 53);
      return drawn < probability(rate) ? RateOutcome::kHolds : RateOutcome::kFails;
    });
    ASSERT_EQ(result.end, SearchEnd::kFound);
    if (std::fabs(std::log(result.rate_per_s / 20'000)) > 0.5) ++far;
    if (probability(result.rate_per_s) < 0.5) ++wrong;
  }
  EXPECT_LT(wrong, kSearches / 5);
  EXPECT_LT(far, kSearches / 10);
}

RC_GTEST_PROP(RateSearchTest, EndsAndTriesNoRateTooOften, (uint32_t seed)) {
  const RateSearchOptions options = AnyOptions();
  std::mt19937 random(seed);
  std::map<double, int> tries;
  const RateSearchResult result = FindHighestRate(options, [&](double rate) {
    ++tries[rate];
    return random() % 3 == 0   ? RateOutcome::kHolds
           : random() % 2 == 0 ? RateOutcome::kFails
                               : RateOutcome::kHarnessLimit;
  });
  for (const auto& [rate, count] : tries) RC_ASSERT(count <= options.repeat);
  if (result.end == SearchEnd::kFound) RC_ASSERT(result.tally.held >= HoldsNeeded(options.repeat, options.confidence));
}

TEST(RateSearchTest, KnowsHowManyTriesShowIt) {
  EXPECT_EQ(TriesNeeded(0.9), 4);
  EXPECT_EQ(TriesNeeded(0.95), 5);
  EXPECT_EQ(HoldsNeeded(4, 0.9), 4);
  EXPECT_EQ(HoldsNeeded(7, 0.9), 6);
  EXPECT_EQ(HoldsNeeded(3, 0.9), 0);
  EXPECT_EQ(FindHighestRate({.repeat = 3}, [](double) { return RateOutcome::kHolds; }).end, SearchEnd::kStopped);
}

}  // namespace
}  // namespace harness
