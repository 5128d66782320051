// What the elements of a scenario say of each other: unique names, targets that exist, times that lie in their phase.
// Used by scenario_file.cc only, on a scenario whose elements are right by themselves. Pure.
#pragma once

#include "harness/plan/scenario.h"
#include "harness/scenario/error_list.h"

namespace harness {

void CheckScenario(const Scenario& scenario, ErrorList* errors);

}  // namespace harness
