// Metrics as people read them: their table, which `harness metrics` prints and docs/measurement.md has, and sizes.
// Pure.
#pragma once

#include <string>

namespace harness {

// A Markdown table: name, unit of the limit, whether it takes a percentile, selectors, what it measures.
std::string MetricsTable();

// A measured size: "64 MiB", "512 bytes".
std::string BytesText(double bytes);

}  // namespace harness
