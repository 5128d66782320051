// What a threshold says of what was measured: pass, violated, or nothing. Used by judge.cc. Pure.
#pragma once

#include "harness/measure/measurement.h"
#include "harness/plan/scenario.h"
#include "harness/verify/judge_options.h"
#include "harness/verify/verdict.h"

namespace harness {

// Zero samples violate, too few for the quantile prove nothing (kInvalid). A threshold on a time is only reported where
// the options say so.
ThresholdResult JudgeThreshold(const Threshold& threshold, const Measured& measured, const JudgeOptions& options);

}  // namespace harness
