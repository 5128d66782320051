// From a document that the schema has passed to a Scenario, with the rules of each element by itself. Used by
// scenario_file.cc only; scenario_check.h then judges what elements say of each other. Pure.
#pragma once

#include "harness/plan/scenario.h"
#include "harness/scenario/error_list.h"
#include "harness/scenario/json_document.h"

namespace harness {

// `root` has passed the schema. Elements keep their index: phases[i] is what stands at /phases/i.
Scenario ReadScenario(const Json& root, ErrorList* errors);

}  // namespace harness
