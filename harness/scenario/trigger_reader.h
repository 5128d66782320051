// Reads when something happens: "steady+1s", or {"delivered": 3500}. Used by the readers of faults and of clients only.
// Pure.
#pragma once

#include <string>

#include "harness/plan/scenario.h"
#include "harness/scenario/error_list.h"
#include "harness/scenario/json_document.h"

namespace harness {

// A text is a moment, an object a count; the schema has passed it. `at`: where it stands.
void ReadTrigger(const Json& json, const std::string& at, ErrorList* errors, Trigger* trigger);

}  // namespace harness
