#include "harness/run/runner.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <system_error>
#include <thread>
#include <utility>

#include "common/clock.h"
#include "common/run_jobs.h"
#include "harness/run/memory_plan.h"
#include "harness/run/retention_plan.h"
#include "harness/run/run.h"
#include "harness/run/run_directory.h"
#include "harness/verify/exit_codes.h"
#include "harness/verify/judge.h"

namespace harness {
namespace {

int64_t ToNs(const timeval& time) { return (int64_t{time.tv_sec} * 1'000'000 + time.tv_usec) * 1000; }

RunFacts::ProcessUsage OwnUsage(const rusage& before) {
  rusage now{};
  getrusage(RUSAGE_SELF, &now);
  return {.name = "harness",
          .cpu_user_ns = ToNs(now.ru_utime) - ToNs(before.ru_utime),
          .cpu_system_ns = ToNs(now.ru_stime) - ToNs(before.ru_stime),
          .rss_bytes_max = int64_t{now.ru_maxrss} * 1024};
}

RunFacts Facts(const std::string& run_dir, const std::string& scenario_path, const RunOptions& options) {
  RunFacts facts;
  facts.run_dir = run_dir;
  facts.scenario_path = scenario_path;
  facts.version = PIPELINE_VERSION;
  facts.started_at = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time_t{pipeline::WallNs() / 1'000'000'000}));
  facts.harness_command = options.harness_command;
  facts.overrides = options.overrides;
  facts.report_time_thresholds = options.report_time_thresholds;
  facts.has_journal = options.keep_journal;
  facts.host["cores"] = std::to_string(std::thread::hardware_concurrency());
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

RunOutcome Problem(int exit_code, std::string problem, std::string run_dir = {}) {
  RunOutcome outcome;
  outcome.exit_code = exit_code;
  outcome.problem = std::move(problem);
  outcome.run_dir = std::move(run_dir);
  return outcome;
}

RunOutcome JudgeAndReport(const Scenario& scenario, const RunOptions& options, const History& history,
                          const RunFacts& facts, std::ostream& out) {
  RunOutcome outcome;
  outcome.run_dir = facts.run_dir;
  Metrics metrics;
  outcome.verdict =
      Judge(history, scenario,
            {.report_time_thresholds = options.report_time_thresholds, .run_jobs = pipeline::RunJobs}, &metrics);
  outcome.exit_code = outcome.verdict.exit_code;
  const Report report{history, metrics, outcome.verdict, scenario, facts};
  out << SummaryText(report, options.style) << std::flush;
  try {
    WriteReport(report, facts.run_dir);
  } catch (const std::system_error& error) {
    outcome.problem = fmt::format("the run's result could not be written: {}", error.what());
    if (outcome.exit_code != kExitInterrupted) outcome.exit_code = kExitInvalid;
  }
  return outcome;
}

// Why this scenario can't be run on the backend that was asked for; empty: nothing is known against it.
std::string BackendRefusal(const Scenario& scenario, const RunOptions& options) {
  const bool brings_its_own = !scenario.broker.program.command.empty();
  if (options.kafka && brings_its_own) {
    return "the scenario brings its own broker (/broker/command), so it can't run on the cluster of --brokers; leave "
           "--brokers out";
  }
  return options.kafka || brings_its_own ? std::string() : RetentionRefusal(scenario);
}

}  // namespace

RunOutcome RunScenario(const Scenario& scenario, const std::string& scenario_path, const RunOptions& run_options,
                       const pipeline::StopSignal& stop, std::ostream& out) {
  RunOptions options = run_options;
  options.scenario_path = scenario_path;
  const std::string refusal = BackendRefusal(scenario, options);
  if (!refusal.empty()) return Problem(kExitBadScenario, scenario_path + ": " + refusal);
  const std::string no_room = MemoryRefusal(scenario, AvailableMemoryBytes());
  if (!no_room.empty()) return Problem(kExitEnvironment, scenario_path + ": " + no_room);

  rusage usage_before{};
  getrusage(RUSAGE_SELF, &usage_before);
  const int64_t started_ns = pipeline::MonotonicNs();
  std::string run_dir;
  try {
    RunDirectory directory = MakeRunDirectory(options.out_dir, scenario, pipeline::WallNs());
    run_dir = directory.path;
    const LogToFile log(directory.log("harness"));
    RunFacts facts = Facts(run_dir, scenario_path, options);
    Run run(scenario, options, std::move(directory), stop, &out);
    if (!run.SetUp()) return Problem(kExitInterrupted, "interrupted before the load began", run_dir);
    facts.backend = run.backend();
    run.OfferLoad();
    run.WindDown();
    const History history = run.Finish();
    facts.duration_ns = pipeline::MonotonicNs() - started_ns;
    facts.processes = run.Usage();
    facts.processes.push_back(OwnUsage(usage_before));
    facts.load = LoadFacts(run.load_counts());
    return JudgeAndReport(scenario, options, history, facts, out);
  } catch (const BadScenarioError& error) {
    return Problem(kExitBadScenario, scenario_path + ": " + error.what(), run_dir);
  } catch (const pipeline::SettingsError& error) {
    return Problem(kExitBadScenario, error.what(), run_dir);
  } catch (const std::exception& error) {
    if (stop.requested()) return Problem(kExitInterrupted, "interrupted before the load began", run_dir);
    return Problem(kExitEnvironment, error.what(), run_dir);
  }
}

}  // namespace harness
