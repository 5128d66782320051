#include "harness/cli/scenario_commands.h"

#include <ostream>
#include <variant>

#include "harness/cli/selection.h"
#include "harness/measure/metric_text.h"
#include "harness/scenario/find.h"
#include "harness/scenario/schema_text.h"
#include "harness/verify/exit_codes.h"

namespace harness {
namespace {

int ExitCode(const ScenarioSelection& selection, bool any_broken) {
  if (any_broken) return kExitBadScenario;
  return selection.unmatched.empty() ? 0 : kExitNoMatch;
}

}  // namespace

int RunValidate(const std::vector<std::string>& paths, const ScenarioOverrides& overrides, std::ostream& out,
                std::ostream& err) {
  const ScenarioSelection selection = SelectScenarios(paths, err);
  bool any_broken = false;
  for (const std::string& file : selection.files) {
    const ScenarioResult result = LoadScenario(file, overrides);
    if (const auto* errors = std::get_if<std::vector<ScenarioError>>(&result)) {
      any_broken = true;
      PrintErrors(*errors, err);
    } else {
      out << file << ": OK\n";
    }
  }
  return ExitCode(selection, any_broken);
}

int RunSchema(std::ostream& out) {
  out << SchemaText();
  return 0;
}

int RunMetrics(std::ostream& out) {
  out << MetricsTable();
  return 0;
}

int RunList(const std::vector<std::string>& paths, int width_columns, std::ostream& out, std::ostream& err) {
  const ScenarioSelection selection = SelectScenarios(paths, err);
  bool any_broken = false;
  std::vector<ScenarioListing> listings;
  for (const std::string& file : selection.files) {
    const ScenarioResult result = LoadScenario(file);
    if (const auto* errors = std::get_if<std::vector<ScenarioError>>(&result)) {
      any_broken = true;
      listings.push_back({file, "", ""});
      PrintErrors(*errors, err);
    } else {
      const auto& scenario = std::get<Scenario>(result);
      listings.push_back({file, scenario.name, scenario.description});
    }
  }
  out << ListingTable(listings, width_columns);
  return ExitCode(selection, any_broken);
}

}  // namespace harness
