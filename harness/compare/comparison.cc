#include "harness/compare/comparison.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "harness/compare/mann_whitney.h"

namespace harness {
namespace {

// By which factor two medians differ, less 1: the same whichever comes first. Infinite where there is no such factor.
double EffectOf(double a, double b) {
  if (a == b) return 0;
  const double least = std::min(a, b);
  const double most = std::max(a, b);
  return least > 0 ? most / least - 1 : std::numeric_limits<double>::infinity();
}

double ChangeOf(double a, double b) {
  if (a == b) return 0;
  return b / a - 1;
}

MetricComparison Compared(const MetricGroups& groups, const ComparisonOptions& options) {
  MetricComparison metric;
  metric.name = groups.name;
  metric.direction = groups.direction;
  metric.unit = groups.unit;
  metric.a = MedianWithInterval(groups.a, options.confidence);
  metric.b = MedianWithInterval(groups.b, options.confidence);
  metric.runs_a = static_cast<int>(groups.a.size());
  metric.runs_b = static_cast<int>(groups.b.size());
  metric.change = ChangeOf(metric.a.median, metric.b.median);
  const RankTest test = MannWhitney(groups.a, groups.b);
  metric.u = test.u;
  metric.p = test.p;
  metric.p_adjusted = test.p;
  return metric;
}

// Holm's step-down: the least p times their number, the next one times one less, and never below one before.
void Adjust(std::vector<MetricComparison*> judged) {
  std::stable_sort(judged.begin(), judged.end(),
                   [](const MetricComparison* left, const MetricComparison* right) { return left->p < right->p; });
  double before = 0;
  for (size_t i = 0; i < judged.size(); ++i) {
    before = std::max(before, std::min(1.0, judged[i]->p * static_cast<double>(judged.size() - i)));
    judged[i]->p_adjusted = before;
  }
}

Change VerdictOf(const MetricComparison& metric, const ComparisonOptions& options) {
  const double a = metric.a.median;
  const double b = metric.b.median;
  if (a == b || metric.p_adjusted >= options.alpha || EffectOf(a, b) < options.effect_min) return Change::kNone;
  if (metric.direction == Direction::kNeutral) return Change::kChanged;
  return (b < a) == (metric.direction == Direction::kLessIsBetter) ? Change::kBetter : Change::kWorse;
}

}  // namespace

std::string_view ChangeName(Change change) {
  switch (change) {
    case Change::kBetter:
      return "better";
    case Change::kWorse:
      return "worse";
    case Change::kChanged:
      return "changed";
    case Change::kNone:
      break;
  }
  return "~";
}

int LeastRuns(double alpha, int metrics) {
  int runs = 1;
  while (LeastRankTestP(static_cast<size_t>(runs), static_cast<size_t>(runs)) * std::max(1, metrics) >= alpha) ++runs;
  return runs;
}

GroupComparison CompareGroups(const std::vector<MetricGroups>& metrics, const ComparisonOptions& options) {
  GroupComparison comparison;
  comparison.metrics.reserve(metrics.size());
  std::vector<MetricComparison*> judged;
  for (const MetricGroups& groups : metrics) {
    comparison.metrics.push_back(Compared(groups, options));
    if (groups.direction != Direction::kNeutral) judged.push_back(&comparison.metrics.back());
  }
  Adjust(judged);
  const int tests = std::max(1, static_cast<int>(judged.size()));
  bool enough = judged.empty();
  for (MetricComparison& metric : comparison.metrics) {
    const bool is_judged = metric.direction != Direction::kNeutral;
    const double least = LeastRankTestP(static_cast<size_t>(metric.runs_a), static_cast<size_t>(metric.runs_b)) *
                         (is_judged ? tests : 1);
    metric.too_few_runs = least >= options.alpha;
    enough = enough || (is_judged && !metric.too_few_runs);
    metric.verdict = VerdictOf(metric, options);
    comparison.worse += metric.verdict == Change::kWorse ? 1 : 0;
    comparison.better += metric.verdict == Change::kBetter ? 1 : 0;
  }
  if (!enough) comparison.runs_needed = LeastRuns(options.alpha, tests);
  return comparison;
}

}  // namespace harness
