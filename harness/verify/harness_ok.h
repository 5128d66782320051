// HARNESS_OK: the harness itself did what the verdict rests on. If not, the run is invalid, whatever else was found.
//  - No harness error (journals written whole, observers alive); no line of a client's log that could not be read.
//  - Retention not crossed unread: no low watermark passed a position that the audit or a client's frontier had not
//  reached.
//  - At least expect.schedule.share (95 %) of the planned sends were handed over within lag_max (100 ms) of their plan;
//    rate "max" is exempt, so are process producers (they have no plan), and an interrupted run. A time threshold: with
//    --thresholds=report it is only reported.
//  - Each partition got a sentinel for each observed client.
//
// Linear in sends, log and deliveries.
#pragma once

#include "harness/verify/checker.h"

namespace harness {

CheckResult CheckHarnessOk(const Evidence& evidence);

}  // namespace harness
