// The language of thresholds: METRIC{SELECTORS} [QUANTILE] COMPARISON LIMIT, for instance
//   recovery.reconnect{each,client=fast} < 3s
//   client.reconnects == 0
//   e2e.latency{phase=steady,excluding=faults,client=fast} p99 < 100ms
// What metrics there are says measure/metric_table.h. Called by the parser of scenario files and of the command line,
// which then check that phases, clients, faults and programs named here exist (scenario_check.h). Pure.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "harness/plan/scenario.h"

namespace harness {

// The threshold, or what is wrong with it, in a sentence that says what is allowed.
std::variant<Threshold, std::string> ParseThreshold(std::string_view text);

}  // namespace harness
