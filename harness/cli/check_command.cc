#include "harness/cli/check_command.h"

#include <cstddef>
#include <exception>
#include <filesystem>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <variant>

#include "common/regular_file.h"
#include "harness/cli/read_file.h"
#include "harness/cli/recorded_run.h"
#include "harness/cli/results.h"
#include "harness/cli/selection.h"
#include "harness/judge/judge.h"
#include "harness/measure/hdr_log.h"
#include "harness/observe/run_jobs.h"
#include "harness/report/latency_files.h"
#include "harness/report/result_facts.h"
#include "harness/report/result_members.h"
#include "harness/scenario/scenario_file.h"
#include "harness/verify/exit_codes.h"

namespace harness {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLatencyLogBytesMax = size_t{64} << 20;

// A run that died has no result.json: then what only the run knew stays out of the report.
RunFacts FactsOf(const std::string& run_dir, const CheckCommandOptions& options, std::ostream& err) {
  const std::string path = run_dir + "/result.json";
  RunFacts facts;
  facts.has_result = false;
  std::error_code error;
  if (fs::is_regular_file(path, error)) {
    const auto text = ReadFile(path, kResultBytesMax);
    const auto* json = std::get_if<std::string>(&text);
    if (auto told = json == nullptr ? std::nullopt : FactsFromResult(*json)) {
      facts = *std::move(told);
    } else {
      err << "harness: " << path << " is not a result of this program's; only the journal counts\n";
    }
  }
  facts.run_dir = run_dir;
  facts.harness_command = options.harness_command;
  if (facts.scenario_path.empty()) facts.scenario_path = run_dir + "/scenario.json";
  if (!options.thresholds.empty()) facts.report_time_thresholds = options.thresholds == "report";
  return facts;
}

// What the run's pause detector told; nothing where it left no log.
LatencyHistogram HiccupsOf(const std::string& run_dir) {
  const auto text = ReadFile(run_dir + "/" + kLatencyLogName, kLatencyLogBytesMax);
  const auto* log = std::get_if<std::string>(&text);
  return log == nullptr ? LatencyHistogram() : FromHdrLog(*log, "host.hiccup").value_or(LatencyHistogram());
}

int WriteInto(const std::string& out_dir, const Report& report, std::ostream& out, std::ostream& err) {
  try {
    fs::create_directories(out_dir);
    WriteReport(report, out_dir);
  } catch (const std::exception& error) {
    err << "harness: the report could not be written: " << error.what() << "\n";
    return kExitEnvironment;
  }
  out << "\nWritten to " << out_dir << ": report.html, result.json, junit.xml, timeline.csv"
      << (HasWitness(report) ? ", witness.txt" : "") << "\n";
  return report.verdict.exit_code;
}

}  // namespace

int ForRecordedRun(const std::string& run_dir, const CheckCommandOptions& options, std::ostream& err,
                   const std::function<int(const Report&)>& use) {
  const auto recorded = ReadRecordedRun(run_dir);
  if (const auto* problem = std::get_if<CommandProblem>(&recorded)) {
    err << "harness: " << problem->sentence << "\n";
    return problem->exit_code;
  }
  const auto& run = std::get<RecordedRun>(recorded);
  const std::string scenario_path = run.dir + "/scenario.json";
  if (!pipeline::OpenRegularFile(scenario_path).is_open()) {
    err << "harness: " << scenario_path << " can't be read; without it nothing says what to expect of the run\n";
    return kExitEnvironment;
  }
  ScenarioOverrides overrides;
  overrides.thresholds = options.more_thresholds;
  const ScenarioResult result = LoadScenario(scenario_path, overrides);
  if (const auto* errors = std::get_if<std::vector<ScenarioError>>(&result)) {
    PrintErrors(*errors, err);
    return kExitBadScenario;
  }
  const auto& scenario = std::get<Scenario>(result);
  const RunFacts facts = FactsOf(run.dir, options, err);
  const History& history = run.journal.history;
  Metrics metrics;
  const Verdict verdict =
      Judge(history, scenario, {.report_time_thresholds = facts.report_time_thresholds, .run_jobs = RunJobs}, &metrics,
            {facts.processes, HiccupsOf(run.dir)});
  return use({history, metrics, verdict, scenario, facts});
}

int RunCheck(const CheckCommandOptions& options, std::ostream& out, std::ostream& err) {
  if (!options.out_dir.empty() && options.run_dirs.size() > 1) {
    err << "harness: --out takes the report of one run directory, not of " << options.run_dirs.size() << "\n";
    return kExitBadScenario;
  }
  NamedExitCodes results;
  std::vector<int> codes;
  for (const std::string& run_dir : options.run_dirs) {
    if (!results.empty()) out << "\n";
    codes.push_back(ForRecordedRun(run_dir, options, err, [&](const Report& report) {
      out << SummaryText(report, options.style) << std::flush;
      return options.out_dir.empty() ? report.verdict.exit_code : WriteInto(options.out_dir, report, out, err);
    }));
    results.emplace_back(run_dir, codes.back());
  }
  PrintResults(results, out);
  return CombinedExitCode(codes);
}

}  // namespace harness
