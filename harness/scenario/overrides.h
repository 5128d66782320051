// What the command line changes in a scenario document before it is checked: `--set POINTER=VALUE`,
// `--threshold` and `--seed`. Used
// by the parser of scenario files only. Pure.
#pragma once

#include "harness/scenario/error_list.h"
#include "harness/scenario/json_document.h"
#include "harness/scenario/scenario_file.h"

namespace harness {

// Changes `root`; what can't be applied goes to `errors`.
void ApplyOverrides(const ScenarioOverrides& overrides, Json* root, ErrorList* errors);

}  // namespace harness
