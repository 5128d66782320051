// Reads what an embedded producer's records are like: "keys" and "value_bytes". Used by the reader of programs only.
// Pure.
#pragma once

#include <string>

#include "harness/plan/scenario.h"
#include "harness/scenario/error_list.h"
#include "harness/scenario/json_document.h"

namespace harness {

// The schema has passed `json`; `at`: where it stands.
KeyPlan ReadKeys(const Json& json, const std::string& at, ErrorList* errors);
ValueSizePlan ReadValueSize(const Json& json, const std::string& at, ErrorList* errors);

}  // namespace harness
