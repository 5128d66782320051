// Whatever a result.json and a scenario.json hold that somebody gives to `harness compare`: figures that are numbers,
// or a sentence; never a crash. The input is result.json, and, behind a NUL, scenario.json.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "harness/compare/alike.h"
#include "harness/compare/run_figures.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t nul = input.find('\0');
  const auto read = harness::ReadRunFigures(input.substr(0, nul));
  if (const auto* problem = std::get_if<std::string>(&read)) {
    if (problem->empty()) std::abort();
    return 0;
  }
  auto run = std::get<harness::RunFigures>(read);
  for (const auto& [name, figure] : run.figures) {
    if (name.empty() || std::isnan(figure.value)) std::abort();
  }
  if (nul != std::string_view::npos) run.plan = harness::ReadPlan(input.substr(nul + 1));
  const harness::Unlike unlike = harness::FindUnlike(run, run, run.schema_version);
  if (run.plan && !unlike.refused.empty()) std::abort();
  return 0;
}
