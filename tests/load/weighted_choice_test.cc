// Property: each of the choices comes up as often as its weight says; Zipf's, a hot key's and equal shares are what
// they are called; sizes keep to their limits and their distribution; the same seed draws the same.
#include "harness/load/weighted_choice.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "harness/load/value_size.h"

namespace harness {
namespace {

// A hundred thousand draws: each count within 6 standard deviations of what its share of them is.
RC_GTEST_PROP(WeightedChoiceTest, EachComesUpAsItsWeightSays, ()) {
  constexpr int kDraws = 100'000;
  auto weights = *rc::gen::resize(30, rc::gen::container<std::vector<double>>(rc::gen::map(
                                          rc::gen::inRange(0, 100), [](int w) { return w < 20 ? 0.0 : w; })));
  weights.push_back(7);
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  WeightedChoice choice(weights, *rc::gen::arbitrary<uint64_t>());
  std::vector<double> seen(weights.size());
  for (int i = 0; i < kDraws; ++i) ++seen.at(choice.Next());
  for (size_t i = 0; i < weights.size(); ++i) {
    const double share = weights[i] / total;
    if (weights[i] == 0) RC_ASSERT(seen[i] == 0);
    RC_ASSERT(std::abs(seen[i] - share * kDraws) <= 6 * std::sqrt(share * (1 - share) * kDraws) + 1e-6);
  }
}

RC_GTEST_PROP(WeightedChoiceTest, TheSameSeedDrawsTheSame, ()) {
  const auto seed = *rc::gen::arbitrary<uint64_t>();
  WeightedChoice one({1, 2, 3}, seed);
  WeightedChoice two({1, 2, 3}, seed);
  for (int i = 0; i < 100; ++i) RC_ASSERT(one.Next() == two.Next());
}

TEST(KeySharesTest, AreWhatTheyAreCalled) {
  EXPECT_TRUE(KeyShares({}).empty());
  EXPECT_EQ(KeyShares({.choice = KeyChoice::kUniform, .count = 4}), (std::vector<double>{0.25, 0.25, 0.25, 0.25}));
  EXPECT_EQ(KeyShares({.choice = KeyChoice::kHot, .count = 3, .share = 0.5}), (std::vector<double>{0.5, 0.25, 0.25}));
  const std::vector<double> zipf = KeyShares({.choice = KeyChoice::kZipf, .count = 1'000, .exponent = 1.2});
  EXPECT_NEAR(std::accumulate(zipf.begin(), zipf.end(), 0.0), 1, 1e-12);
  EXPECT_NEAR(zipf[0] / zipf[99], std::pow(100, 1.2), 1e-6);
  // An exponent of 0 is uniform.
  EXPECT_NEAR(KeyShares({.choice = KeyChoice::kZipf, .count = 10, .exponent = 0})[9], 0.1, 1e-12);
}

TEST(ValueSizeTest, KeepsToItsPlan) {
  ValueSize as_it_comes({}, 1);
  EXPECT_EQ(as_it_comes.Next(), 0u);
  ValueSize fixed({.bytes_min = 700, .bytes_max = 700}, 1);
  EXPECT_EQ(fixed.Next(), 700u);
  ValueSize uniform({.bytes_min = 512, .bytes_max = 515}, 1);
  std::vector<int> seen(4);
  for (int i = 0; i < 4'000; ++i) ++seen.at(uniform.Next() - 512);
  for (const int count : seen) EXPECT_NEAR(count, 1'000, 6 * std::sqrt(750));
}

TEST(ValueSizeTest, LogNormalHasItsMedianAndItsLimits) {
  ValueSize sizes({.bytes_min = 512, .bytes_max = 50'000, .median_bytes = 5'000, .sigma = 1}, 3);
  int below_median = 0, below_one_sigma = 0, at_most = 0;
  for (int i = 0; i < 10'000; ++i) {
    const size_t bytes = sizes.Next();
    ASSERT_GE(bytes, 512u);
    ASSERT_LE(bytes, 50'000u);
    below_median += bytes < 5'000 ? 1 : 0;
    below_one_sigma += static_cast<double>(bytes) < 5'000 * std::exp(1) ? 1 : 0;
    at_most += bytes == 50'000 ? 1 : 0;
  }
  EXPECT_NEAR(below_median, 5'000, 300);
  EXPECT_NEAR(below_one_sigma, 8'413, 220);
  EXPECT_GT(at_most, 0);  // 1.1 % are above 10 times the median
}

}  // namespace
}  // namespace harness
