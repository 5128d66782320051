// Every metric that a threshold can name: one row each, its definition and the function that measures it. Read by the
// parser of scenarios (harness/scenario/threshold.h), by harness/judge, and by `harness metrics`, which prints it.
// docs/measurement.md says what the words mean. Pure, thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/measure/measurement.h"
#include "harness/plan/scenario.h"
#include "harness/verify/recovery.h"

namespace harness {

struct MetricDefinition {
  std::string_view name;  // "proc.NAME.cpu": NAME stands for a program of the run
  MetricUnit unit;
  bool needs_quantile;  // pNN or max must stand before the comparison
  std::vector<std::string_view> selectors;
  std::string_view description;
  bool takes_quantile() const { return needs_quantile || unit == MetricUnit::kTime; }
};

struct MetricRow {
  MetricDefinition definition;
  Measured (*measure)(const Measurement& measurement, const std::vector<Recovery>& recoveries,
                      const Threshold& threshold);
};

const std::vector<MetricRow>& MetricTable();

// The row of `name`; nullptr: there is none. `process`, unless null, is given what stands for NAME, else made empty.
const MetricRow* FindMetric(std::string_view name, std::string* process = nullptr);

// `recoveries`: of the measurement's history, with their ends (Metrics::recoveries).
Measured Measure(const Measurement& measurement, const std::vector<Recovery>& recoveries, const Threshold& threshold);

}  // namespace harness
