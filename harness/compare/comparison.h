// Whether one group of runs is better or worse than another, metric by metric. Called by `harness compare` and `harness
// run --baseline`. Pure.
//
// A change is told when it is as large as somebody would care for and too clear for chance: the medians differ by at
// least `effect_min`, and the Mann-Whitney test is significant at `alpha`. `alpha` is for all judged metrics together
// (Holm, "A Simple Sequentially Rejective Multiple Test Procedure", 1979): of a hundred comparisons of a build with
// itself at most 100 * alpha find anything at all, however many metrics they look at.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/compare/median.h"

namespace harness {

enum class Direction : uint8_t { kLessIsBetter, kMoreIsBetter, kNeutral };  // neutral: shown, never judged
enum class Unit : uint8_t { kNs, kPerSecond, kBytes };

// One metric's values, one a run, without NaN; infinity where something never came. Neither group is empty.
struct MetricGroups {
  std::string name;
  Direction direction = Direction::kLessIsBetter;
  Unit unit = Unit::kNs;
  std::vector<double> a;
  std::vector<double> b;
};

enum class Change : uint8_t {
  kNone,    // "~": nothing can be said
  kBetter,  // B is better than A
  kWorse,
  kChanged,  // of a neutral metric
};
std::string_view ChangeName(Change change);  // "~", "better", "worse", "changed"

struct ComparisonOptions {
  double alpha = 0.01;       // above 0, below 1
  double effect_min = 0.05;  // as a share, above or equal 0: 0.05 is one and a twentieth, either way
  double confidence = 0.95;  // of the medians' intervals
};

struct MetricComparison {
  std::string name;
  Direction direction = Direction::kLessIsBetter;
  Unit unit = Unit::kNs;
  MedianInterval a;
  MedianInterval b;
  int runs_a = 0;
  int runs_b = 0;
  double change = 0;      // median of B over median of A, less 1; infinite or NaN where there is no such ratio
  double u = 0;           // mann_whitney.h
  double p = 1;           // of this metric alone
  double p_adjusted = 1;  // Holm's, over all judged metrics: what `alpha` is compared with
  Change verdict = Change::kNone;
  bool too_few_runs = false;  // so few runs could not have shown any difference
};

struct GroupComparison {
  std::vector<MetricComparison> metrics;  // as given
  int worse = 0;
  int better = 0;
  // So many runs in each group are the least with which anything can be shown; 0: there are enough of some metric.
  int runs_needed = 0;
};

GroupComparison CompareGroups(const std::vector<MetricGroups>& metrics, const ComparisonOptions& options);

// The least number of runs in each group with which one of `metrics` judged metrics can be significant at `alpha`.
int LeastRuns(double alpha, int metrics);

}  // namespace harness
