#include "harness/cli/selection.h"

#include <ostream>

namespace harness {

ScenarioSelection SelectScenarios(const std::vector<std::string>& paths, std::ostream& err) {
  ScenarioSelection selection = FindScenarios(paths.empty() ? std::vector<std::string>{kDefaultSelection} : paths);
  for (const ScenarioError& error : selection.unmatched) err << error.Text() << "\n";
  return selection;
}

void PrintErrors(const std::vector<ScenarioError>& errors, std::ostream& err) {
  for (const ScenarioError& error : errors) err << error.Text() << "\n";
}

}  // namespace harness
