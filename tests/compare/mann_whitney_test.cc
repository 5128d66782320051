// The Mann-Whitney test gives the figures of other programs and of a count by hand, and keeps its properties whatever
// the values are.
#include "harness/compare/mann_whitney.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/compare/binomial.h"
#include "harness/compare/median.h"

namespace harness {
namespace {

// Few distinct values, so that ties are common.
std::vector<double> AnyGroup(size_t size_max) {
  const auto size = *rc::gen::inRange<size_t>(1, size_max + 1);
  std::vector<double> group;
  for (size_t i = 0; i < size; ++i) group.push_back(*rc::gen::inRange(-6, 7));
  return group;
}

// Every way to choose which of the values are the first group's.
double CountedP(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> all = a;
  all.insert(all.end(), b.begin(), b.end());
  const auto u_of = [&](unsigned chosen) {
    double u = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      for (size_t j = 0; j < all.size(); ++j) {
        if ((chosen >> i & 1U) == 0 || (chosen >> j & 1U) != 0) continue;
        u += all[i] > all[j] ? 1 : all[i] == all[j] ? 0.5 : 0;
      }
    }
    return u;
  };
  const double observed = u_of((1U << a.size()) - 1);
  double ways = 0, least = 0, most = 0;
  for (unsigned chosen = 0; chosen < 1U << all.size(); ++chosen) {
    if (static_cast<size_t>(__builtin_popcount(chosen)) != a.size()) continue;
    const double u = u_of(chosen);
    ways += 1;
    least += u <= observed ? 1 : 0;
    most += u >= observed ? 1 : 0;
  }
  return std::min(1.0, 2 * std::min(least, most) / ways);
}

// The example in the documentation of scipy.stats.mannwhitneyu (scipy 1.11): ages at diagnosis of diabetes.
TEST(MannWhitneyTest, GivesTheFiguresOfScipy) {
  const std::vector<double> males = {19, 22, 16, 29, 24};
  const std::vector<double> females = {20, 11, 17, 12};
  const RankTest exact = MannWhitney(males, females);
  EXPECT_TRUE(exact.exact);
  EXPECT_DOUBLE_EQ(exact.u, 17);
  EXPECT_NEAR(exact.p, 0.1111111111111111, 1e-12);
  const RankTest normal = MannWhitneyNormal(males, females);
  EXPECT_FALSE(normal.exact);
  EXPECT_NEAR(normal.p, 0.11134688653314041, 1e-12);
}

// The example in the documentation of R's wilcox.test, after Hollander and Wolfe (1973), page 69: W = 35, and one-sided
// p = 0.1272, which is half of the two-sided one.
TEST(MannWhitneyTest, GivesTheFiguresOfR) {
  const RankTest test =
      MannWhitney({0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}, {1.15, 0.88, 0.90, 0.74, 1.21});
  EXPECT_DOUBLE_EQ(test.u, 35);
  EXPECT_NEAR(test.p / 2, 0.1272, 0.00005);
}

// Printed tables of the critical values: two groups of 8 differ at 5 % with U = 13 and do not with 14; of 5 with 2,
// not 3.
TEST(MannWhitneyTest, AgreesWithPrintedTables) {
  const std::vector<double> eight = {10, 20, 30, 40, 50, 60, 70, 80};
  EXPECT_DOUBLE_EQ(MannWhitney({1, 2, 3, 4, 5, 6, 55, 85}, eight).u, 13);
  EXPECT_LT(MannWhitney({1, 2, 3, 4, 5, 6, 55, 85}, eight).p, 0.05);
  EXPECT_DOUBLE_EQ(MannWhitney({1, 2, 3, 4, 5, 6, 65, 85}, eight).u, 14);
  EXPECT_GT(MannWhitney({1, 2, 3, 4, 5, 6, 65, 85}, eight).p, 0.05);
  const std::vector<double> five = {10, 20, 30, 40, 50};
  EXPECT_DOUBLE_EQ(MannWhitney({1, 2, 3, 4, 25}, five).u, 2);
  EXPECT_LT(MannWhitney({1, 2, 3, 4, 25}, five).p, 0.05);
  EXPECT_DOUBLE_EQ(MannWhitney({1, 2, 3, 4, 35}, five).u, 3);
  EXPECT_GT(MannWhitney({1, 2, 3, 4, 35}, five).p, 0.05);
}

TEST(MannWhitneyTest, TheLeastPIsThatOfGroupsApart) {
  for (size_t size = 1; size <= 12; ++size) {
    std::vector<double> low, high;
    for (size_t i = 0; i < size; ++i) {
      low.push_back(static_cast<double>(i));
      high.push_back(static_cast<double>(100 + i));
    }
    EXPECT_NEAR(MannWhitney(low, high).p, LeastRankTestP(size, size), 1e-12) << size;
  }
  EXPECT_DOUBLE_EQ(LeastRankTestP(0, 5), 1);
}

TEST(MannWhitneyTest, WhatNeverCameIsGreaterThanAllElse) {
  const double never = std::numeric_limits<double>::infinity();
  EXPECT_NEAR(MannWhitney({1, 2, 3, 4, 5}, {never, never, never, never, never}).p, 2.0 / 252, 1e-12);
}

RC_GTEST_PROP(MannWhitneyTest, ExactMeansThatAllWaysAreCounted, ()) {
  const std::vector<double> a = AnyGroup(5);
  const std::vector<double> b = AnyGroup(5);
  RC_ASSERT(std::fabs(MannWhitney(a, b).p - CountedP(a, b)) < 1e-9);
}

RC_GTEST_PROP(MannWhitneyTest, IsTheSameWhicheverGroupComesFirst, ()) {
  const std::vector<double> a = AnyGroup(50);
  const std::vector<double> b = AnyGroup(50);
  const RankTest test = MannWhitney(a, b);
  const RankTest swapped = MannWhitney(b, a);
  RC_ASSERT(std::fabs(test.p - swapped.p) < 1e-9);
  RC_ASSERT(std::fabs(test.u + swapped.u - static_cast<double>(a.size() * b.size())) < 1e-9);
  RC_ASSERT(test.p >= 0);
  RC_ASSERT(test.p <= 1);
}

RC_GTEST_PROP(MannWhitneyTest, LooksAtTheOrderAlone, ()) {
  const std::vector<double> a = AnyGroup(20);
  const std::vector<double> b = AnyGroup(20);
  const auto grown = [](std::vector<double> values) {
    for (double& value : values) value = std::exp(value) * 1000;
    return values;
  };
  RC_ASSERT(MannWhitney(a, b).p == MannWhitney(grown(a), grown(b)).p);
  RC_ASSERT(MannWhitney(a, b).u == MannWhitney(grown(a), grown(b)).u);
}

RC_GTEST_PROP(MannWhitneyTest, FindsNothingBetweenAGroupAndItself, ()) {
  const std::vector<double> group = AnyGroup(50);
  RC_ASSERT(MannWhitney(group, group).p > 0.99);
  RC_ASSERT(MannWhitneyNormal(group, group).p == 1);
}

TEST(BinomialTest, GivesKnownTails) {
  EXPECT_NEAR(BinomialAtLeast(4, 4, 0.5), 0.0625, 1e-12);
  EXPECT_NEAR(BinomialAtLeast(6, 7, 0.5), 8.0 / 128, 1e-12);
  EXPECT_NEAR(BinomialAtLeast(3, 10, 0.1), 0.0701908264, 1e-9);
  EXPECT_EQ(BinomialAtLeast(0, 5, 0.5), 1);
  EXPECT_EQ(BinomialAtLeast(6, 5, 0.5), 0);
}

// Le Boudec's table A.1: at 95 % the interval of 6 values is from the first to the last, of 10 from the second to the
// ninth, of 31 from the tenth to the twenty-second.
TEST(MedianTest, HasTheIntervalsOfThePrintedTable) {
  const auto of = [](int count) {
    std::vector<double> values;
    for (int i = count; i >= 1; --i) values.push_back(i);
    return MedianWithInterval(values, 0.95);
  };
  EXPECT_FALSE(of(1).reached);
  EXPECT_FALSE(of(5).reached);
  EXPECT_EQ(of(5).high, 5);
  EXPECT_TRUE(of(6).reached);
  EXPECT_EQ(of(6).low, 1);
  EXPECT_EQ(of(6).high, 6);
  EXPECT_EQ(of(6).median, 3.5);
  EXPECT_EQ(of(10).low, 2);
  EXPECT_EQ(of(10).high, 9);
  EXPECT_EQ(of(31).low, 10);
  EXPECT_EQ(of(31).high, 22);
  EXPECT_EQ(of(31).median, 16);
}

RC_GTEST_PROP(MedianTest, StandsWithinItsInterval, ()) {
  const std::vector<double> values = AnyGroup(60);
  const MedianInterval interval = MedianWithInterval(values, 0.95);
  RC_ASSERT(interval.low <= interval.median);
  RC_ASSERT(interval.median <= interval.high);
  RC_ASSERT(interval.median == Median(values));
  RC_ASSERT(interval.reached == (values.size() >= 6));
}

}  // namespace
}  // namespace harness
