// The language of thresholds: METRIC{SELECTORS} [QUANTILE] COMPARISON LIMIT, for instance
//   recovery.reconnect{each,client=fast} < 3s
//   client.reconnects == 0
//   e2e.latency{phase=steady,excluding=faults,client=fast} p99 < 100ms
// Called by the parser of scenario files, which then checks that phases, clients and faults named here exist. Pure.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/plan/scenario.h"

namespace harness {

struct MetricDefinition {
  std::string_view name;
  bool is_time;         // the limit is a time and needs a unit; otherwise a plain number
  bool needs_quantile;  // pNN or max must stand before the comparison
  std::vector<std::string_view> selectors;
  std::string_view description;
};
// Every metric that a threshold can name.
const std::vector<MetricDefinition>& MetricDefinitions();

// The threshold, or what is wrong with it, in a sentence that says what is allowed.
std::variant<Threshold, std::string> ParseThreshold(std::string_view text);

}  // namespace harness
