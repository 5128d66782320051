// From a History to a Verdict: every invariant, every threshold, and the exit code. Called by the runner at the end and
// by `harness check`. Pure: whoever has threads to give lends them (JudgeOptions::run_jobs).
#pragma once

#include "harness/measure/host_facts.h"
#include "harness/measure/metrics.h"
#include "harness/plan/scenario.h"
#include "harness/verify/history.h"
#include "harness/verify/judge_options.h"
#include "harness/verify/verdict.h"

namespace harness {

// `metrics`, unless null, is given the run's metrics, which thresholds need anyhow. `host`: for those that are of it.
Verdict Judge(const History& history, const Scenario& scenario, const JudgeOptions& options = {},
              Metrics* metrics = nullptr, const HostFacts& host = {});

}  // namespace harness
