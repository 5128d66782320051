// What the commands that take scenario files share: their selection, and the errors that are found in them.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "harness/scenario/find.h"
#include "harness/scenario/scenario_error.h"

namespace harness {

// What an empty selection means: the folder "scenarios" in the current directory.
inline constexpr char kDefaultSelection[] = "scenarios";

// The files of `paths`; complains to `err` about paths that stand for no scenario.
ScenarioSelection SelectScenarios(const std::vector<std::string>& paths, std::ostream& err);
void PrintErrors(const std::vector<ScenarioError>& errors, std::ostream& err);

}  // namespace harness
