// Whatever a scenario file and a --set hold, reading them gives a scenario that can be run, or errors that say where
// and what; never a crash. The input is the file's text, and, behind a NUL, the override.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/scenario/scenario_file.h"

namespace {

void CheckErrors(const std::vector<harness::ScenarioError>& errors) {
  if (errors.empty() || errors.size() > harness::kScenarioErrorsMax) std::abort();
  for (const harness::ScenarioError& error : errors) {
    if (error.Text().empty() || error.Text().find('\n') != std::string::npos) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t nul = input.find('\0');
  harness::ScenarioOverrides overrides;
  if (nul != std::string_view::npos) overrides.set.emplace_back(input.substr(nul + 1));
  const harness::ScenarioResult result = harness::ParseScenario("fuzz.json", input.substr(0, nul), overrides);
  if (const auto* errors = std::get_if<std::vector<harness::ScenarioError>>(&result)) {
    CheckErrors(*errors);
    return 0;
  }
  const auto& scenario = std::get<harness::Scenario>(result);
  if (scenario.name.empty() || scenario.servers.empty() || scenario.phases.empty()) std::abort();
  return 0;
}
