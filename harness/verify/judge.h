// From a History to a Verdict: every invariant, every threshold, and the exit code. Called by the runner at the end and
// by `harness check`. Pure: whoever has threads to give lends them (JudgeOptions::run_jobs).
#pragma once

#include <cstddef>
#include <functional>

#include "harness/scenario/scenario.h"
#include "harness/verify/history.h"
#include "harness/verify/metrics.h"
#include "harness/verify/verdict.h"

namespace harness {

// Calls job(0) to job(count - 1), each once, in any order or side by side, and returns when all have ended.
using JobRunner = std::function<void(size_t count, const std::function<void(size_t)>& job)>;
void RunJobsInOrder(size_t count, const std::function<void(size_t)>& job);

struct JudgeOptions {
  bool report_time_thresholds = false;       // --thresholds=report: time thresholds are reported, not judged
  int64_t silence_max_ns = 5'000'000'000;    // LIVE's T
  JobRunner run_jobs = RunJobsInOrder;       // a client or an invariant is a job; the verdict does not depend on it
  int64_t zombie_settle_ns = 3'000'000'000;  // ZOMBIE: until a server must have noticed that a client went
};

// `metrics`, unless null, is given the run's metrics, which thresholds need anyhow.
Verdict Judge(const History& history, const Scenario& scenario, const JudgeOptions& options = {},
              Metrics* metrics = nullptr);

}  // namespace harness
