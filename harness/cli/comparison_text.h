// A comparison as people and programs read it. Called by compare_runs.cc. Pure.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/compare/comparison.h"
#include "harness/report/report.h"

namespace harness {

inline constexpr int kComparisonSchemaVersion = 1;  // of `harness compare --json`

struct ComparisonFacts {
  std::string scenario;
  std::string a, b;  // as the user called the groups
  size_t runs_a = 0, runs_b = 0;
};

// What is worse, first; then a row for each metric.
std::string ComparisonText(const GroupComparison& comparison, const ComparisonFacts& facts,
                           const ComparisonOptions& options, const ConsoleStyle& style);

// docs/formats.md, "A comparison".
nlohmann::ordered_json ComparisonJson(const GroupComparison& comparison, const ComparisonFacts& facts, int exit_code);

// "1.25 ms", "498/s", "12.3 MiB"; "never" of infinity.
std::string FigureText(double value, Unit unit);

}  // namespace harness
