// The table of metrics as people read it: what `harness metrics` prints, and docs/measurement.md has. Pure.
#pragma once

#include <string>

namespace harness {

// A Markdown table: name, unit of the limit, whether it takes a percentile, selectors, what it measures.
std::string MetricsTable();

}  // namespace harness
