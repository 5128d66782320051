// How much memory the history of a run will take, so that a run that can't end is refused before it starts. Called by
// the runner.
#pragma once

#include <cstdint>
#include <string>

#include "harness/plan/scenario.h"

namespace harness {

// What the embedded producers will send: records of all phases. Process producers are not counted. Pure.
double RecordsPlanned(const Scenario& scenario);

// An upper estimate of what the harness keeps of a run until it is judged, in bytes: 64 for each send, acknowledgement,
// log record and delivery, and for what servers that keep a journal read and write. Pure.
int64_t HistoryBytesNeeded(const Scenario& scenario);

// Empty, or a sentence that says why the run can't be kept in `available_bytes` of memory, and what to do. Pure.
std::string MemoryRefusal(const Scenario& scenario, int64_t available_bytes);

// What this machine can give without swapping (MemAvailable of /proc/meminfo, see proc(5)); INT64_MAX when it does not
// say.
int64_t AvailableMemoryBytes();

}  // namespace harness
