// Compares two groups of runs and says so: what `harness compare` and `harness run --baseline` do once the runs are
// there. Called from one thread.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "harness/compare/comparison.h"
#include "harness/compare/run_figures.h"
#include "harness/report/report.h"

namespace harness {

struct CompareSettings {
  ComparisonOptions comparison;
  // Names, their beginnings up to a dot ("cpu"), or patterns with * and ?; empty: those of by_default.
  std::vector<std::string> metrics;
  bool force = false;     // also unlike runs
  std::string json_path;  // the same for programs; empty: nowhere
  ConsoleStyle style;
};

struct RunGroup {
  std::string name;  // as the user called it
  std::vector<RunFigures> runs;
};

// A table for each scenario that the groups have. 0: nothing of B is worse than of A. 1: something is. 2: the groups
// are unlike, or have no such metric. 3: `json_path` can't be written. 4: too few runs to say anything.
int CompareRuns(const RunGroup& a, const RunGroup& b, const CompareSettings& settings, std::ostream& out,
                std::ostream& err);

}  // namespace harness
