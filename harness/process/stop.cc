#include "harness/process/stop.h"

#include <csignal>

#include "common/clock.h"

namespace harness {
namespace {

constexpr int64_t kKillTimeoutNs = 10'000'000'000;

}  // namespace

std::vector<StopResult> StopProcesses(Supervisor* supervisor, const std::vector<int64_t>& pids, int64_t deadline_ns) {
  for (const int64_t pid : pids) {
    supervisor->Signal(pid, SIGTERM);
  }
  std::vector<StopResult> results;
  results.reserve(pids.size());
  for (const int64_t pid : pids) results.push_back({pid, supervisor->WaitExit(pid, deadline_ns), false});
  for (StopResult& result : results) {
    if (!result.exit) result.killed = supervisor->Signal(result.pid, SIGKILL);
  }
  const int64_t kill_deadline_ns = pipeline::MonotonicNs() + kKillTimeoutNs;
  for (StopResult& result : results) {
    if (!result.exit) result.exit = supervisor->WaitExit(result.pid, kill_deadline_ns);
  }
  return results;
}

StopResult StopProcess(Supervisor* supervisor, int64_t pid, int64_t deadline_ns) {
  return StopProcesses(supervisor, {pid}, deadline_ns).front();
}

}  // namespace harness
