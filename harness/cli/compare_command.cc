#include "harness/cli/compare_command.h"

#include <fmt/format.h>

#include <filesystem>
#include <ostream>
#include <stdexcept>
#include <utility>
#include <variant>

#include "harness/cli/read_runs.h"
#include "harness/cli/repeated_runs.h"
#include "harness/cli/selection.h"
#include "harness/scenario/scenario_file.h"
#include "harness/verify/exit_codes.h"

namespace harness {
namespace {

namespace fs = std::filesystem;

// One side of `--repeat`.
struct Side {
  std::string path;  // the scenario's
  Scenario scenario;
  RunOptions run;
};

// 0 and `side` filled in, or the exit code.
int LoadSide(const std::string& path, const std::string& programs, const RunOptions& run, Side* side,
             std::ostream& err) {
  std::error_code ignored;
  side->path = fs::is_directory(path, ignored) ? (fs::path(path) / "scenario.json").string() : path;
  side->run = run;
  if (!programs.empty()) side->run.program_dir = fs::absolute(programs).lexically_normal().string();
  ScenarioResult result = LoadScenario(side->path);
  if (const auto* errors = std::get_if<std::vector<ScenarioError>>(&result)) {
    PrintErrors(*errors, err);
    return kExitBadScenario;
  }
  side->scenario = std::get<Scenario>(std::move(result));
  return kExitPass;
}

// In turns, and who is first in turns too: what the machine does meanwhile strikes both alike.
int RunInTurns(const Side& a, const Side& b, int repeat, const pipeline::StopSignal& stop, std::ostream& out,
               std::ostream& err) {
  for (int i = 0; i < 2 * repeat; ++i) {
    const bool is_a = i % 4 == 0 || i % 4 == 3;
    const Side& side = is_a ? a : b;
    const std::string label = fmt::format("{} {}/{}", is_a ? "A" : "B", i / 2 + 1, repeat);
    const RunOutcome outcome = RunInOneLine(label, side.scenario, side.path, side.run, stop, out, err);
    if (outcome.exit_code == kExitInterrupted || stop.requested()) return kExitInterrupted;
    // No further run would be another one.
    if (outcome.exit_code == kExitBadScenario || outcome.exit_code == kExitEnvironment) return outcome.exit_code;
  }
  return kExitPass;
}

// Leaves the folders of the runs in `a` and `b`.
int RunBoth(const CompareCommandOptions& options, const pipeline::StopSignal& stop, std::ostream& out,
            std::ostream& err, std::string* a, std::string* b) {
  Side sides[2];
  int code = LoadSide(options.a, options.programs_a, options.run, &sides[0], err);
  if (code == kExitPass) code = LoadSide(options.b, options.programs_b, options.run, &sides[1], err);
  if (code != kExitPass) return code;
  try {
    const std::string folder = MakeRunsFolder(options.run.out_dir, "compare-" + sides[0].scenario.name);
    *a = sides[0].run.out_dir = folder + "/a";
    *b = sides[1].run.out_dir = folder + "/b";
  } catch (const std::runtime_error& error) {
    err << "harness: " << error.what() << "\n";
    return kExitEnvironment;
  }
  return RunInTurns(sides[0], sides[1], options.repeat, stop, out, err);
}

}  // namespace

int RunCompare(const CompareCommandOptions& options, const pipeline::StopSignal& stop, std::ostream& out,
               std::ostream& err) {
  std::string paths[2] = {options.a, options.b};
  if (options.repeat > 0) {
    const int code = RunBoth(options, stop, out, err, &paths[0], &paths[1]);
    if (code != kExitPass) return code;
    out << "\n";
  }
  RunGroup groups[2];
  for (size_t i = 0; i < 2; ++i) {
    auto runs = ReadRuns(paths[i]);
    if (const auto* problem = std::get_if<CommandProblem>(&runs)) {
      err << "harness: " << problem->sentence << "\n";
      return problem->exit_code;
    }
    groups[i] = {paths[i], std::get<std::vector<RunFigures>>(std::move(runs))};
  }
  return CompareRuns(groups[0], groups[1], options.settings, out, err);
}

}  // namespace harness
