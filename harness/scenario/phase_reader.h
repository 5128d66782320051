// Reads one of "phases": a rate, constant or changing, for a time; or a count as fast as it goes. Used by the
// scenario's reader only. Pure.
#pragma once

#include <string>

#include "harness/plan/scenario.h"
#include "harness/scenario/error_list.h"
#include "harness/scenario/json_document.h"

namespace harness {

// The schema has passed `json`; `at`: where it stands.
PhasePlan ReadPhase(const Json& json, const std::string& at, ErrorList* errors);

}  // namespace harness
