// What the harness's commands share: the exit codes that come before any verdict, and the selection of scenario files.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "harness/scenario/find.h"
#include "harness/scenario/scenario_error.h"

namespace harness {

inline constexpr int kExitBadScenario = 2;
inline constexpr int kExitEnvironment = 3;
inline constexpr int kExitNoMatch = 5;

// What an empty selection means: the folder "scenarios" in the current directory.
inline constexpr char kDefaultSelection[] = "scenarios";

// The files of `paths`; complains to `err` about paths that stand for no scenario.
ScenarioSelection SelectScenarios(const std::vector<std::string>& paths, std::ostream& err);
void PrintErrors(const std::vector<ScenarioError>& errors, std::ostream& err);

}  // namespace harness
