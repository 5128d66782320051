// A run of any size that nobody had to wait for: what the observers of a healthy pipeline would have seen, told to a
// Recorder in the order and the batches of a real one. Called by the benchmarks of the verdict and of the journals, and
// by the test of their memory.
//
// For each record 5 events: 1 send, 1 acknowledgement, 1 log record, 2 deliveries (of two clients). A payment has two
// records. The server is killed half-way; both clients come back with a token.
#pragma once

#include <cstdint>
#include <string>

#include "harness/plan/scenario.h"
#include "harness/verify/history.h"

namespace harness {

inline constexpr int64_t kEventsPerRecord = 5;

// A run of `records` records, at least 1,000. `history_dir`: where its journal goes; empty: none.
History SyntheticRun(int64_t records, const std::string& history_dir);
// What it was run from, and as its scenario.json.
Scenario SyntheticScenario();
std::string SyntheticScenarioText();

}  // namespace harness
