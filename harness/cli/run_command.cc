#include "harness/cli/run_command.h"

#include <fmt/format.h>

#include <map>
#include <ostream>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <variant>

#include "common/clock.h"
#include "common/secrets.h"
#include "harness/cli/read_runs.h"
#include "harness/cli/repeated_runs.h"
#include "harness/cli/results.h"
#include "harness/cli/selection.h"
#include "harness/report/report.h"
#include "harness/report/text.h"
#include "harness/report/write_whole.h"
#include "harness/verify/exit_codes.h"

namespace harness {
namespace {

struct Loaded {
  std::string file;
  Scenario scenario;
  int64_t validate_ns = 0;
};

std::vector<std::string> OverridesAsGiven(const ScenarioOverrides& overrides) {
  std::vector<std::string> given;
  if (overrides.seed) given.push_back("--seed=" + std::to_string(*overrides.seed));
  for (const std::string& set : overrides.set) given.push_back("--set=" + set);
  for (const std::string& threshold : overrides.thresholds) given.push_back("--threshold=" + threshold);
  return given;
}

// As given, but secrets: whoever runs it again sets those in the environment.
void AddBackend(const KafkaTarget& kafka, std::vector<std::string>* overrides) {
  overrides->push_back("--brokers=" + kafka.settings.brokers);
  if (kafka.replication != 1) overrides->push_back("--replication=" + std::to_string(kafka.replication));
  if (kafka.settings.ssl) overrides->emplace_back("--ssl");
  if (!kafka.settings.sasl_mechanism.empty()) {
    overrides->push_back("--sasl-mechanism=" + kafka.settings.sasl_mechanism);
  }
  if (!kafka.settings.sasl_username.empty()) overrides->push_back("--sasl-username=" + kafka.settings.sasl_username);
  for (const std::string& property : kafka.settings.properties) {
    overrides->emplace_back("-X");
    overrides->push_back(pipeline::HideSecrets(property));
  }
}

// Of a run that did not start. What can't be written is said, and changes nothing.
void Summarize(const std::string& path, const std::string& scenario, const std::string& problem, std::ostream& err) {
  if (path.empty()) return;
  try {
    AppendToFile(path, ProblemMarkdown(scenario, problem));
  } catch (const std::system_error& error) {
    err << "harness: " << error.what() << "\n";
  }
}

void TellWhere(const RunOutcome& outcome, std::ostream& err) {
  if (!outcome.run_dir.empty()) err << "harness: for programs it is in " << outcome.run_dir << "/result.json\n";
}

// The runs of one scenario of the selection.
struct Runs {
  std::vector<int> codes;
  std::vector<std::string> directories;
  std::string folder;  // with what is said of all of them
};

Runs RunAlone(const Loaded& loaded, const RunOptions& run, const pipeline::StopSignal& stop, std::ostream& out,
              std::ostream& err) {
  const RunOutcome outcome = RunScenario(loaded.scenario, loaded.file, run, stop, out);
  if (!outcome.problem.empty()) {
    err << "harness: " << outcome.problem << "\n";
    if (outcome.verdict.invariants.empty()) Summarize(run.summary_path, loaded.scenario.name, outcome.problem, err);
    TellWhere(outcome, err);
  }
  return {{outcome.exit_code}, {outcome.run_dir}, outcome.run_dir};
}

// The same seed each time: what differs between the runs is then the system and the machine.
Runs RunRepeated(const Loaded& loaded, const RunCommandOptions& options, const RunOptions& run,
                 const pipeline::StopSignal& stop, std::ostream& out, std::ostream& err) {
  Runs runs;
  RunOptions inside = run;
  try {
    runs.folder = inside.out_dir = MakeRunsFolder(
        run.out_dir, fmt::format("{}-{}-x{}", loaded.scenario.name, loaded.scenario.seed, options.repeat));
  } catch (const std::runtime_error& error) {
    err << "harness: " << error.what() << "\n";
    return {{kExitEnvironment}, {}, {}};
  }
  for (int i = 1; i <= options.repeat; ++i) {
    const std::string label = fmt::format("{}/{}", i, options.repeat);
    const RunOutcome outcome = RunInOneLine(label, loaded.scenario, loaded.file, inside, stop, out, err);
    runs.codes.push_back(outcome.exit_code);
    runs.directories.push_back(outcome.run_dir);
    if (outcome.exit_code == kExitInterrupted || stop.requested()) break;
    if (outcome.exit_code != kExitPass && !options.keep_going) break;
  }
  return runs;
}

// The baseline's runs of each scenario, or the exit code that goes with what is wrong with it.
std::variant<std::map<std::string, RunGroup>, int> ReadBaseline(const std::string& path,
                                                                const std::vector<Loaded>& scenarios,
                                                                std::ostream& err) {
  std::map<std::string, RunGroup> baseline;
  if (path.empty()) return baseline;
  auto runs = ReadRuns(path);
  if (const auto* problem = std::get_if<CommandProblem>(&runs)) {
    err << "harness: --baseline: " << problem->sentence << "\n";
    return problem->exit_code;
  }
  for (RunFigures& run : std::get<std::vector<RunFigures>>(runs)) {
    RunGroup& group = baseline[run.scenario];
    group.name = path;
    group.runs.push_back(std::move(run));
  }
  for (const Loaded& loaded : scenarios) {
    if (baseline.contains(loaded.scenario.name)) continue;
    err << "harness: --baseline: " << path << " has no run of " << loaded.scenario.name << "\n";
    return kExitBadScenario;
  }
  return baseline;
}

// Only where the runs are worth it: all came to a verdict that counts.
int CompareWithBaseline(const RunGroup& baseline, const Runs& runs, CompareSettings settings, std::ostream& out,
                        std::ostream& err) {
  RunGroup group{runs.folder, {}};
  for (const std::string& directory : runs.directories) {
    auto read = ReadRuns(directory);
    if (const auto* problem = std::get_if<CommandProblem>(&read)) {
      err << "harness: " << problem->sentence << "\n";
      return problem->exit_code;
    }
    for (RunFigures& run : std::get<std::vector<RunFigures>>(read)) group.runs.push_back(std::move(run));
  }
  settings.json_path = runs.folder + "/comparison.json";
  out << "\n";
  return CompareRuns(baseline, group, settings, out, err);
}

}  // namespace

int RunCommand(const RunCommandOptions& options, const pipeline::StopSignal& stop, std::ostream& out,
               std::ostream& err) {
  RunOptions run = options.run;
  run.overrides = OverridesAsGiven(options.overrides);
  if (run.report_time_thresholds) run.overrides.emplace_back("--thresholds=report");
  if (run.kafka) AddBackend(*run.kafka, &run.overrides);
  if (!run.keep_journal) run.overrides.emplace_back("--history=off");
  if (!run.audit) run.overrides.emplace_back("--audit=off");
  const ScenarioSelection selection = SelectScenarios(options.paths, err);
  std::vector<int> codes;
  if (!selection.unmatched.empty()) codes.push_back(kExitNoMatch);
  std::vector<Loaded> scenarios;
  for (const std::string& file : selection.files) {
    const int64_t began_ns = pipeline::MonotonicNs();
    ScenarioResult result = LoadScenario(file, options.overrides);
    if (const auto* errors = std::get_if<std::vector<ScenarioError>>(&result)) {
      PrintErrors(*errors, err);
      std::vector<std::string> problems;
      problems.reserve(errors->size());
      for (const ScenarioError& error : *errors) problems.push_back(error.Text());
      Summarize(run.summary_path, file, problems.front(), err);
      TellWhere(RefuseScenario(file, std::move(problems), run), err);
      codes.push_back(kExitBadScenario);
    } else {
      scenarios.push_back({file, std::get<Scenario>(std::move(result)), pipeline::MonotonicNs() - began_ns});
    }
  }
  if (!codes.empty() && !options.keep_going) return CombinedExitCode(codes);

  auto baseline = ReadBaseline(options.baseline, scenarios, err);
  if (const int* code = std::get_if<int>(&baseline)) return *code;

  NamedExitCodes results;
  for (const Loaded& loaded : scenarios) {
    if (!results.empty()) out << "\n";
    const std::string title = loaded.scenario.name + ": " + loaded.scenario.description;
    const auto columns = static_cast<size_t>(run.style.width_columns);
    for (const std::string& line : columns > 0 ? Wrapped(title, columns) : std::vector<std::string>{title}) {
      out << line << "\n";
    }
    out << std::flush;
    run.validate_ns = loaded.validate_ns;
    Runs runs =
        options.repeat > 1 ? RunRepeated(loaded, options, run, stop, out, err) : RunAlone(loaded, run, stop, out, err);
    const int verdict = CombinedExitCode(runs.codes);
    if (!options.baseline.empty() && (verdict == kExitPass || verdict == kExitFail)) {
      const RunGroup& before = std::get<0>(baseline).at(loaded.scenario.name);
      runs.codes.push_back(CompareWithBaseline(before, runs, options.compare, out, err));
    }
    const int code = CombinedExitCode(runs.codes);
    results.emplace_back(loaded.scenario.name, code);
    codes.push_back(code);
    if (code == kExitInterrupted || stop.requested()) break;
    if (code != kExitPass && !options.keep_going) break;
  }
  PrintResults(results, out);
  if (results.size() < scenarios.size()) {
    out << fmt::format("{} of {} scenarios were not run{}\n", scenarios.size() - results.size(), scenarios.size(),
                       stop.requested() ? "" : " (--keep-going runs them all)");
  }
  return CombinedExitCode(codes);
}

}  // namespace harness
