// A change is told when it is both large and clear, in the direction that the metric has; alpha holds for all judged
// metrics together; too few runs are told as such.
#include "harness/compare/comparison.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <utility>

namespace harness {
namespace {

// Values around `middle`, a thousandth apart: the more, the clearer.
std::vector<double> Around(double middle, int count) {
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(middle * (1 + 0.001 * (i - count / 2)));
  return values;
}

MetricComparison Only(const MetricGroups& groups, const ComparisonOptions& options = {}) {
  return CompareGroups({groups}, options).metrics.front();
}

TEST(ComparisonTest, TellsTheDirectionThatTheMetricHas) {
  MetricGroups groups{"m", Direction::kLessIsBetter, Unit::kNs, Around(100, 8), Around(120, 8)};
  EXPECT_EQ(Only(groups).verdict, Change::kWorse);
  EXPECT_NEAR(Only(groups).change, 0.2, 1e-9);
  groups.direction = Direction::kMoreIsBetter;
  EXPECT_EQ(Only(groups).verdict, Change::kBetter);
  groups.direction = Direction::kNeutral;
  EXPECT_EQ(Only(groups).verdict, Change::kChanged);
  std::swap(groups.a, groups.b);
  groups.direction = Direction::kLessIsBetter;
  EXPECT_EQ(Only(groups).verdict, Change::kBetter);
}

TEST(ComparisonTest, AClearChangeBelowTheLeastEffectIsNone) {
  const MetricGroups groups{"m", Direction::kLessIsBetter, Unit::kNs, Around(100, 10), Around(104, 10)};
  EXPECT_LT(Only(groups).p, 0.001);
  EXPECT_EQ(Only(groups).verdict, Change::kNone);
  EXPECT_EQ(Only(groups, {.effect_min = 0.03}).verdict, Change::kWorse);
}

TEST(ComparisonTest, AGreatChangeThatChanceExplainsIsNone) {
  const MetricGroups groups{"m", Direction::kLessIsBetter, Unit::kNs, {10, 200, 12, 180, 90}, {150, 14, 220, 16, 210}};
  EXPECT_GT(Only(groups).change, 0.5);
  EXPECT_EQ(Only(groups).verdict, Change::kNone);
}

TEST(ComparisonTest, WhatNeverCameIsWorse) {
  const double never = std::numeric_limits<double>::infinity();
  const MetricGroups groups{"m", Direction::kLessIsBetter, Unit::kNs, Around(100, 8), std::vector<double>(8, never)};
  EXPECT_EQ(Only(groups).verdict, Change::kWorse);
}

TEST(ComparisonTest, SaysHowManyRunsAreNeededAtLeast) {
  const GroupComparison few =
      CompareGroups({{"m", Direction::kLessIsBetter, Unit::kNs, Around(100, 4), Around(200, 4)}}, {.alpha = 0.01});
  EXPECT_EQ(few.metrics.front().verdict, Change::kNone);
  EXPECT_TRUE(few.metrics.front().too_few_runs);
  EXPECT_EQ(few.runs_needed, 5);
  const GroupComparison enough =
      CompareGroups({{"m", Direction::kLessIsBetter, Unit::kNs, Around(100, 5), Around(200, 5)}}, {.alpha = 0.01});
  EXPECT_EQ(enough.metrics.front().verdict, Change::kWorse);
  EXPECT_EQ(enough.runs_needed, 0);
  EXPECT_EQ(LeastRuns(0.05, 1), 4);
  EXPECT_EQ(LeastRuns(0.01, 10), 7);
}

// Each of eight metrics of 5 runs is significant at 1 % by itself (p = 0.0079), and together they are not.
TEST(ComparisonTest, AlphaIsForAllMetricsTogether) {
  std::vector<MetricGroups> metrics(8, {"m", Direction::kLessIsBetter, Unit::kNs, Around(100, 5), Around(100, 5)});
  metrics[3].b = Around(200, 5);
  const GroupComparison comparison = CompareGroups(metrics, {.alpha = 0.01});
  EXPECT_LT(comparison.metrics[3].p, 0.01);
  EXPECT_GT(comparison.metrics[3].p_adjusted, 0.01);
  EXPECT_EQ(comparison.worse, 0);
  EXPECT_EQ(comparison.runs_needed, 7);
}

TEST(ComparisonTest, NeutralMetricsCostTheOthersNothing) {
  std::vector<MetricGroups> metrics(8, {"m", Direction::kNeutral, Unit::kNs, Around(100, 5), Around(100, 5)});
  metrics[3] = {"m", Direction::kLessIsBetter, Unit::kNs, Around(100, 5), Around(200, 5)};
  EXPECT_EQ(CompareGroups(metrics, {.alpha = 0.01}).worse, 1);
}

std::vector<double> AnyValues() {
  const auto size = *rc::gen::inRange<size_t>(1, 15);
  std::vector<double> values;
  for (size_t i = 0; i < size; ++i) values.push_back(*rc::gen::inRange(0, 40));
  return values;
}

Direction AnyDirection() {
  return *rc::gen::element(Direction::kLessIsBetter, Direction::kMoreIsBetter, Direction::kNeutral);
}

RC_GTEST_PROP(ComparisonTest, SwappingTheGroupsSwapsTheVerdicts, ()) {
  std::vector<MetricGroups> metrics;
  const auto count = *rc::gen::inRange(1, 6);
  for (int i = 0; i < count; ++i) metrics.push_back({"m", AnyDirection(), Unit::kNs, AnyValues(), AnyValues()});
  const ComparisonOptions options{.alpha = *rc::gen::element(0.0501, 0.2003, 0.4999), .effect_min = 0.05};
  const GroupComparison there = CompareGroups(metrics, options);
  for (MetricGroups& groups : metrics) std::swap(groups.a, groups.b);
  const GroupComparison back = CompareGroups(metrics, options);
  RC_ASSERT(there.worse == back.better);
  RC_ASSERT(there.better == back.worse);
  RC_ASSERT(there.runs_needed == back.runs_needed);
  for (const MetricComparison& metric : there.metrics) {
    RC_ASSERT(metric.p >= 0);
    RC_ASSERT(metric.p_adjusted <= 1);
    RC_ASSERT(metric.p_adjusted >= metric.p);
  }
}

RC_GTEST_PROP(ComparisonTest, NothingDiffersFromItself, ()) {
  std::vector<MetricGroups> metrics;
  const auto count = *rc::gen::inRange(1, 6);
  for (int i = 0; i < count; ++i) {
    const std::vector<double> values = AnyValues();
    metrics.push_back({"m", AnyDirection(), Unit::kNs, values, values});
  }
  const GroupComparison comparison = CompareGroups(metrics, {.alpha = 0.9, .effect_min = 0});
  for (const MetricComparison& metric : comparison.metrics) RC_ASSERT(metric.verdict == Change::kNone);
}

}  // namespace
}  // namespace harness
