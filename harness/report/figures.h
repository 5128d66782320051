// The figures of the summary: payments, clients, faults and recoveries, phases, latencies. Called by summary.cc. Pure.
#pragma once

#include <string>

#include "harness/report/report.h"

namespace harness {

// Not yet ASCII where the style wants that.
std::string FiguresText(const Report& report, const ConsoleStyle& style);

}  // namespace harness
