#include "harness/run/runner.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "common/clock.h"
#include "harness/judge/judge.h"
#include "harness/observe/run_jobs.h"
#include "harness/report/not_started.h"
#include "harness/report/write_whole.h"
#include "harness/run/memory_plan.h"
#include "harness/run/retention_plan.h"
#include "harness/run/run.h"
#include "harness/run/run_directory.h"
#include "harness/run/step_timer.h"
#include "harness/verify/exit_codes.h"

namespace harness {
namespace {

constexpr char kInterruptedEarly[] = "interrupted before the load began";

int64_t ToNs(const timeval& time) { return (int64_t{time.tv_sec} * 1'000'000 + time.tv_usec) * 1000; }

RunFacts::ProcessUsage OwnUsage(const rusage& before) {
  rusage now{};
  getrusage(RUSAGE_SELF, &now);
  return {.name = "harness",
          .cpu_user_ns = ToNs(now.ru_utime) - ToNs(before.ru_utime),
          .cpu_system_ns = ToNs(now.ru_stime) - ToNs(before.ru_stime),
          .rss_bytes_max = int64_t{now.ru_maxrss} * 1024};
}

// Empty: the system does not say.
std::string CpuModel() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    constexpr std::string_view kName = "model name";
    const size_t colon = line.find(": ");
    if (line.starts_with(kName) && colon != std::string::npos) return line.substr(colon + 2);
  }
  return {};
}

RunFacts Facts(const std::string& scenario_path, const RunOptions& options) {
  RunFacts facts;
  facts.scenario_path = scenario_path;
  facts.version = PIPELINE_VERSION;
  facts.started_at = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time_t{pipeline::WallNs() / 1'000'000'000}));
  facts.harness_command = options.harness_command;
  facts.overrides = options.overrides;
  facts.report_time_thresholds = options.report_time_thresholds;
  facts.has_journal = options.keep_journal;
  facts.host["cores"] = std::to_string(std::thread::hardware_concurrency());
  if (const std::string cpu = CpuModel(); !cpu.empty()) facts.host["cpu"] = cpu;
  utsname system{};
  if (uname(&system) == 0) {
    facts.host["kernel"] = fmt::format("{} {} {}", system.sysname, system.release, system.machine);
  }
  return facts;
}

std::map<std::string, int64_t> LoadFacts(const LoadCounts& counts) {
  return {{"unsent", counts.unsent},
          {"full_retries", counts.full_retries},
          {"rebuilds", counts.rebuilds},
          {"reports_lost", counts.reports_lost},
          {"sentinel_tries", counts.sentinel_tries}};
}

// The log of the harness's own libraries: into the run directory while it runs, not between the lines for people.
class LogToFile {
 public:
  explicit LogToFile(const std::string& path) : before_(spdlog::default_logger()) {
    spdlog::drop(kName);
    spdlog::set_default_logger(spdlog::basic_logger_mt(kName, path));
    spdlog::set_level(before_->level());
  }
  ~LogToFile() {
    spdlog::set_default_logger(before_);
    spdlog::drop(kName);
  }
  LogToFile(const LogToFile&) = delete;
  LogToFile& operator=(const LogToFile&) = delete;

 private:
  static constexpr char kName[] = "run";
  std::shared_ptr<spdlog::logger> before_;
};

// The run never came to its load: says so in its directory, which is made where there is none. A disk that takes
// nothing leaves the console alone.
RunOutcome Leave(NotStarted run, const std::string& out_dir) {
  RunOutcome outcome;
  outcome.exit_code = run.exit_code;
  outcome.problem = run.problems.front();
  try {
    std::string* run_dir = &run.facts.run_dir;
    if (run_dir->empty()) *run_dir = MakeProblemDirectory(out_dir, run.scenario, run.seed, pipeline::WallNs()).path;
    WriteNotStarted(run);
    outcome.run_dir = *run_dir;
  } catch (const std::exception&) {
    outcome.run_dir.clear();
  }
  return outcome;
}

RunOutcome JudgeAndReport(const Scenario& scenario, const RunOptions& options, const History& history, RunFacts facts,
                          const LatencyHistogram& hiccups, StepTimer timer, std::ostream& out) {
  RunOutcome outcome;
  timer.Begin("verdict");
  outcome.run_dir = facts.run_dir;
  Metrics metrics;
  outcome.verdict =
      Judge(history, scenario, {.report_time_thresholds = options.report_time_thresholds, .run_jobs = RunJobs},
            &metrics, {facts.processes, hiccups});
  outcome.exit_code = outcome.verdict.exit_code;
  timer.End();
  facts.steps = timer.steps();
  timer.Begin("report");
  const Report report{history, metrics, outcome.verdict, scenario, facts};
  // The files first: the console may have nobody who reads.
  try {
    WriteReport(report, facts.run_dir);
    if (!options.summary_path.empty()) AppendToFile(options.summary_path, SummaryMarkdown(report));
  } catch (const std::system_error& error) {
    outcome.problem = fmt::format("the run's result could not be written: {}", error.what());
    if (outcome.exit_code != kExitInterrupted) outcome.exit_code = kExitInvalid;
  }
  out << SummaryText(report, options.style) << std::flush;
  timer.End();
  if (options.timing) out << TimingText(timer.steps()) << std::flush;
  return outcome;
}

// Why this scenario can't be run on the backend that was asked for; empty: nothing is known against it.
std::string BackendRefusal(const Scenario& scenario, const RunOptions& options) {
  const bool brings_its_own = !scenario.broker.program.command.empty();
  if (options.kafka && brings_its_own) {
    return "the scenario brings its own broker (/broker/command), so it can't run on the cluster of --brokers; leave "
           "--brokers out";
  }
  for (const PhasePlan& phase : scenario.phases) {
    if (options.audit || !phase.then_drained) continue;
    return "phase \"" + phase.name +
           "\" waits until all clients have caught up, which the audit tells, so it can't be run with --audit=off";
  }
  return options.kafka || brings_its_own ? std::string() : RetentionRefusal(scenario);
}

}  // namespace

RunOutcome RefuseScenario(const std::string& scenario_path, std::vector<std::string> problems,
                          const RunOptions& options) {
  RunOutcome outcome = Leave({std::filesystem::path(scenario_path).stem().string(), std::nullopt, kExitBadScenario,
                              std::move(problems), Facts(scenario_path, options)},
                             options.out_dir);
  outcome.problem.clear();
  return outcome;
}

RunOutcome RunScenario(const Scenario& scenario, const std::string& scenario_path, const RunOptions& run_options,
                       const pipeline::StopSignal& stop, std::ostream& out) {
  RunOptions options = run_options;
  options.scenario_path = scenario_path;
  rusage usage_before{};
  getrusage(RUSAGE_SELF, &usage_before);
  const int64_t started_ns = pipeline::MonotonicNs();
  RunFacts facts = Facts(scenario_path, options);
  StepTimer timer;
  timer.Add("validate", options.validate_ns);
  const auto problem = [&](int exit_code, const std::string& sentence) {
    facts.duration_ns = pipeline::MonotonicNs() - started_ns;
    return Leave({scenario.name, scenario.seed, exit_code, {sentence}, facts}, options.out_dir);
  };
  const std::string refusal = BackendRefusal(scenario, options);
  if (!refusal.empty()) return problem(kExitBadScenario, scenario_path + ": " + refusal);
  const std::string no_room = MemoryRefusal(scenario, AvailableMemoryBytes());
  if (!no_room.empty()) return problem(kExitEnvironment, scenario_path + ": " + no_room);
  try {
    RunDirectory directory = MakeRunDirectory(options.out_dir, scenario, pipeline::WallNs());
    facts.run_dir = directory.path;
    const LogToFile log(directory.log("harness"));
    Run run(scenario, options, std::move(directory), stop, &out);
    timer.Add("preparation", pipeline::MonotonicNs() - started_ns);
    if (!run.SetUp()) return problem(kExitInterrupted, kInterruptedEarly);
    facts.backend = run.backend();
    run.OfferLoad();
    run.WindDown();
    const History history = run.Finish();
    for (const StepTime& step : run.timer().steps()) timer.Add(step.name, step.duration_ns);
    timer.Begin("facts");
    facts.duration_ns = pipeline::MonotonicNs() - started_ns;
    facts.processes = run.Usage();
    facts.processes.push_back(OwnUsage(usage_before));
    facts.load = LoadFacts(run.load_counts());
    return JudgeAndReport(scenario, options, history, std::move(facts), run.hiccups(), std::move(timer), out);
  } catch (const BadScenarioError& error) {
    return problem(kExitBadScenario, scenario_path + ": " + error.what());
  } catch (const pipeline::SettingsError& error) {
    return problem(kExitBadScenario, error.what());
  } catch (const std::exception& error) {
    if (stop.requested()) return problem(kExitInterrupted, kInterruptedEarly);
    return problem(kExitEnvironment, error.what());
  }
}

}  // namespace harness
