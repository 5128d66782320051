// The summary of a passing run on one screen of 80 x 24: the verdict, the counts, recovery, latency, and the invariants
// in one line unless something is not as it should be. Called by SummaryText; the whole of it is in figures.h. Pure.
#pragma once

#include <string>

#include "harness/report/report.h"

namespace harness {

// What stands between the verdict and the files.
std::string BriefText(const Report& report, const ConsoleStyle& style);

}  // namespace harness
