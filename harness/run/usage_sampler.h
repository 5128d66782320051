// Looks four times a second at what each process of a run uses, so that the report can show it over time. Owned by the
// run; samples from a thread of its own. The first sample is taken at once, the last by Stop().
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "harness/process/process_info.h"
#include "harness/report/usage_log.h"

namespace harness {

class UsageSampler {
 public:
  // Name and pid of what runs now, the harness aside, which is always looked at. Of each the processes that it has
  // started count as its own; they are looked for once a second.
  using Running = std::function<std::vector<std::pair<std::string, int64_t>>()>;

  // `running` is called from the sampler's thread.
  explicit UsageSampler(Running running);
  ~UsageSampler();

  // Ends the thread. What was seen, in time order. Idempotent.
  std::vector<UsageSample> Stop();

 private:
  void Sample();
  void TakeRound(bool look_for_members);

  Running running_;
  UsageLog log_;  // of the thread's until it has ended
  std::vector<std::pair<std::string, int64_t>> members_;
  pipeline::Mutex mutex_;
  pipeline::CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the rest
};

// The processes of `all` below each of `roots`, themselves not counted: whose they are, and their pids. Pure.
std::vector<std::pair<std::string, int64_t>> MembersOf(const std::vector<std::pair<std::string, int64_t>>& roots,
                                                       const std::vector<ProcessRow>& all);

// Processor time of `pid` since it began, all its threads; -1 when there is no such process.
int64_t ProcessCpuNs(int64_t pid);

}  // namespace harness
