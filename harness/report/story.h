// What went wrong, as one story: what broke first comes first, and what follows from it stands below it. Called by
// summary.cc and witness.cc. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/report/report.h"

namespace harness {

// A broken check that stands for itself, and those that are told below it.
struct Chapter {
  const CheckResult* check = nullptr;
  std::vector<const CheckResult*> same;     // break on the same record as its first violation
  std::vector<const CheckResult*> follows;  // came after it, and may have come from it: a silence after a death
};

// Every broken check once, as a chapter or below one. Where a run proves nothing, what says so is first; the others are
// in the order of their first violations' times, those without a time last.
//
// Below a chapter stand: checks whose first violation is about the same record; after the unasked death of a process,
// all that tells of silence, of what was not answered or not reached (LIVE, UNARY_AGREE, NONVACUOUS, thresholds); after
// a loss, LIVE of the same client, and NONVACUOUS; after LIVE, thresholds that were never reached, and NONVACUOUS.
std::vector<Chapter> StoryOf(const Report& report);

}  // namespace harness
