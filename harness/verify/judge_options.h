// What judging may be told: which times count, and who lends it threads. Read by the checkers (checker.h) and by
// harness/judge. Plain data, pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace harness {

// Calls job(0) to job(count - 1), each once, in any order or side by side, and returns when all have ended.
using JobRunner = std::function<void(size_t count, const std::function<void(size_t)>& job)>;
inline void RunJobsInOrder(size_t count, const std::function<void(size_t)>& job) {
  for (size_t i = 0; i < count; ++i) job(i);
}

struct JudgeOptions {
  bool report_time_thresholds = false;       // --thresholds=report: time thresholds are reported, not judged
  int64_t silence_max_ns = 5'000'000'000;    // LIVE's T
  JobRunner run_jobs = RunJobsInOrder;       // a client or an invariant is a job; the verdict does not depend on it
  int64_t zombie_settle_ns = 3'000'000'000;  // ZOMBIE: until a server must have noticed that a client went
};

}  // namespace harness
