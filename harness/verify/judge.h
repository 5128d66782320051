// From a History to a Verdict: every invariant, every threshold, and the exit code. Called by the runner at the end and
// by `harness check`. Pure.
#pragma once

#include "harness/scenario/scenario.h"
#include "harness/verify/history.h"
#include "harness/verify/verdict.h"

namespace harness {

struct JudgeOptions {
  bool report_time_thresholds = false;     // --thresholds=report: time thresholds are reported, not judged
  int64_t silence_max_ns = 5'000'000'000;  // LIVE's T
};

Verdict Judge(const History& history, const Scenario& scenario, const JudgeOptions& options = {});

}  // namespace harness
