// The orderly stop of processes: asked first, killed when they take too long. Called from the runner's threads;
// thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/process/supervisor.h"

namespace harness {

struct StopResult {
  int64_t pid = 0;
  std::optional<ProcessExit> exit;  // nullopt: not even SIGKILL ended it within 10 s
  bool killed = false;              // it did not end in time by itself
};

// SIGTERM (which wakes a paused process) to all of `pids`, then waits until each has ended; SIGKILL
// to those that have not by `deadline_ns` (monotonic). One result per pid, in their order.
std::vector<StopResult> StopProcesses(Supervisor* supervisor, const std::vector<int64_t>& pids, int64_t deadline_ns);
StopResult StopProcess(Supervisor* supervisor, int64_t pid, int64_t deadline_ns);

}  // namespace harness
