// `harness`: parses the command line and calls the command. The program is also its own reaper and its own mock broker
// (hidden modes).
#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/output.h"
#include "common/program.h"
#include "common/settings.h"
#include "harness/broker/broker_command.h"
#include "harness/broker/mock_broker.h"
#include "harness/cli/arguments.h"
#include "harness/cli/check_command.h"
#include "harness/cli/clean_command.h"
#include "harness/cli/compare_arguments.h"
#include "harness/cli/find_max_command.h"
#include "harness/cli/history_command.h"
#include "harness/cli/report_command.h"
#include "harness/cli/run_command.h"
#include "harness/cli/scenario_commands.h"
#include "harness/process/supervisor.h"
#include "harness/report/text.h"
#include "harness/selftest/selftest_command.h"
#include "harness/verify/exit_codes.h"

namespace {

constexpr int kColumnsDefault = 100;

std::string ProgramDir() { return std::filesystem::read_symlink("/proc/self/exe").parent_path().string(); }

struct CommandLine {
  CLI::App app{"The harness of the payment pipeline: runs scenarios against it and says what was lost, where and why."};
  harness::RunCommandOptions run;
  harness::CheckCommandOptions check;
  harness::HistoryCommandOptions history;
  harness::CompareCommandOptions compare;
  harness::ReportCommandOptions report;
  harness::FindMaxOptions find_max;
  std::string history_format = "table";
  std::string history_kept = "on";
  std::string audit = "on";
  std::string thresholds = "judge";
  bool verbose = false;
  std::vector<std::string> paths;
  harness::ScenarioOverrides overrides;
  harness::KafkaTarget kafka;
  const CLI::Option* kafka_given = nullptr;  // --brokers of `run`
  harness::CleanOptions clean;
  harness::BrokerCommandOptions broker;
  harness::SelftestOptions selftest;

  CommandLine() {
    app.require_subcommand(1);
    app.set_version_flag("--version", [] { return pipeline::VersionText("harness"); });
    app.footer(
        "Examples:\n"
        "  harness run scenarios/restart.json\n"
        "  harness run scenarios/ --keep-going\n"
        "  harness run scenarios/smoke.json --seed 7 --set /phases/1/rate=2000/s\n"
        "  harness check runs/20260131-100000-restart-1\n"
        "  harness history runs/20260131-100000-restart-1 --record load.117\n"
        "  harness compare runs-before runs-after\n"
        "  harness clean\n\n"
        "Numbers are decimal, with leading zeros or without.\n"
        "Exit codes: 0 PASS, 1 FAIL, 2 bad scenario or usage, 3 environment, 4 INVALID (the run proves nothing),\n"
        "5 the selection matched no scenario, 130 interrupted.");
    AddRun();
    AddCheck();
    AddHistory();
    harness::AddCompare(&app, &compare);
    AddReport();
    harness::AddFindMax(&app, &find_max);
    CLI::App* validate = app.add_subcommand("validate", "Check scenario files without running them");
    AddSelection(validate);
    AddOverrides(validate);
    app.add_subcommand("schema", "Print the JSON Schema of scenario files");
    app.add_subcommand("metrics", "Print the metrics that thresholds can name");
    AddSelection(app.add_subcommand("list", "List scenarios with their descriptions"));
    AddClean();
    AddBroker();
    AddSelftest();
  }

 private:
  void AddSelection(CLI::App* command) {
    command->add_option("paths", paths, "Scenario files or folders (default: scenarios)");
  }
  void AddOverrides(CLI::App* command) {
    command->add_option("--seed", overrides.seed, "In place of the scenario's seed")
        ->transform(pipeline::DecimalNumber());
    command
        ->add_option("--set", overrides.set,
                     "Change the scenario: POINTER=VALUE, for instance /phases/1/rate=2000/s; several may follow")
        ->allow_extra_args(false)
        ->take_all();
  }
  void AddThresholds(CLI::App* command, std::vector<std::string>* texts) {
    command
        ->add_option("--threshold", *texts,
                     "Judge this too: METRIC{SELECTORS} [pNN|max] COMPARISON LIMIT, for instance \"e2e.latency p99 < "
                     "100ms\" (harness metrics lists what there is); several may follow")
        ->allow_extra_args(false)
        ->take_all();
  }
  void AddRun() {
    CLI::App* command = app.add_subcommand("run", "Run scenarios and judge them");
    AddSelection(command);
    AddOverrides(command);
    AddThresholds(command, &overrides.thresholds);
    command->add_option("--out", run.run.out_dir, "Where run directories are made")->capture_default_str();
    command->add_flag("--keep-going", run.keep_going, "Go on after a scenario that did not pass");
    command->add_option("--thresholds", thresholds, "judge, or report: time thresholds are shown but not judged")
        ->check(CLI::IsMember({"judge", "report"}))
        ->capture_default_str();
    command
        ->add_option("--history", history_kept,
                     "on, or off: keep no journal, so that harness check and harness history have nothing to read")
        ->check(CLI::IsMember({"on", "off"}))
        ->capture_default_str();
    command
        ->add_option("--audit", audit,
                     "on, or off: nobody reads the topic beside the servers (load only), so that nothing is said about "
                     "losses")
        ->check(CLI::IsMember({"on", "off"}))
        ->capture_default_str();
    command->add_option("--summary", run.run.summary_path,
                        "Append a summary in Markdown to this file, for a CI job's page ($GITHUB_STEP_SUMMARY)");
    command->add_flag("--verbose", verbose, "All figures on the console, also of a run that passed");
    CLI::Option* brokers =
        command
            ->add_option("--brokers", kafka.settings.brokers,
                         "Run on this Kafka in place of the mock: HOST:PORT, several with commas. The topic is the "
                         "run's own and is deleted at the end")
            ->default_str("");
    kafka_given = brokers;
    pipeline::AddNumber(command, "--replication", &kafka.replication, 1, 10,
                        "Copies of each partition of the run's topic")
        ->needs(brokers);
    pipeline::AddKafkaSecurityOptions(command, &kafka.settings)->needs(brokers);
    pipeline::AddNumber(command, "--repeat", &run.repeat, 1, 1000,
                        "Runs of each scenario, with the same seed; above 1 in a folder of their own");
    command->add_flag("--timing", run.run.timing, "Show what each step of a run takes");
    CLI::Option* baseline = command->add_option(
        "--baseline", run.baseline, "Compare with these runs of before: a run directory, or a folder of them");
    for (CLI::Option* option : harness::AddCompareSettings(command, &run.compare)) option->needs(baseline);
    command->footer(
        "Examples:\n"
        "  harness run scenarios/restart.json\n"
        "  harness run scenarios/ --keep-going --out /var/tmp/runs\n"
        "  harness run scenarios/smoke.json --seed 7 --set /phases/1/rate=2000/s\n"
        "  harness run scenarios/restart.json --brokers kafka-1:9092 -X security.protocol=ssl\n"
        "  harness run scenarios/restart.json --repeat 8 --baseline runs-of-main\n\n"
        "Exit codes: 0 PASS, 1 FAIL, 2 bad scenario or usage, 3 environment (a port, a program, Kafka), 4 INVALID "
        "(the\n"
        "run proves nothing), 5 the selection matched no scenario, 130 interrupted. Over several scenarios the first\n"
        "present of 130, 3, 2, 1, 4, 5, 0.");
  }
  void AddCheck() {
    CLI::App* command = app.add_subcommand("check", "Judge recorded runs again, without starting anything");
    command->add_option("RUN_DIR", check.run_dirs, "Run directories, as `harness run` left them")->required();
    command->add_option("--out", check.out_dir,
                        "Write report.html, result.json, junit.xml, timeline.csv and witness.txt into this folder");
    AddThresholds(command, &check.more_thresholds);
    command
        ->add_option("--thresholds", check.thresholds,
                     "judge, or report: time thresholds are shown but not judged (default: as the run did)")
        ->check(CLI::IsMember({"judge", "report"}));
    command->add_flag("--verbose", verbose, "All figures, also of a run that passed");
    command->footer(
        "Examples:\n"
        "  harness check runs/20260131-100000-restart-1\n"
        "  harness check runs/*\n"
        "  harness check runs/20260131-100000-restart-1 --thresholds report --out /tmp/again\n\n"
        "Exit codes: as the run's verdict: 0 PASS, 1 FAIL, 4 INVALID, 130 interrupted; 2 usage or no run directory,\n"
        "3 its journal or scenario can't be read.");
  }
  void AddReport() {
    CLI::App* command = app.add_subcommand("report", "Make the pages of recorded runs again, and an index of several");
    command->add_option("RUN_DIR", report.paths, "Run directories, or folders of them (default: runs)");
    command->footer(
        "Writes report.html and timeline.csv into each run directory, and index.html beside several.\n\n"
        "Examples:\n"
        "  harness report runs/20260131-100000-restart-1\n"
        "  harness report runs\n\n"
        "Exit codes: 0 written, whatever the verdicts, 2 no run directory, 3 something can't be read or written.");
  }
  void AddHistory() {
    CLI::App* command = app.add_subcommand("history", "Print a record's whole life, or all that a recorded run saw");
    command->add_option("RUN_DIR", history.run_dir, "A run directory, as `harness run` left it")->required();
    command->add_option("--record", history.record,
                        "RUN.PRODUCER.SEQUENCE or PRODUCER.SEQUENCE, a payment id, or PARTITION@OFFSET (default: every "
                        "event of the run)");
    command->add_option("--format", history_format, "table, jsonl or csv")
        ->check(CLI::IsMember({"table", "jsonl", "csv"}))
        ->capture_default_str();
    command->footer(
        "Examples:\n"
        "  harness history runs/20260131-100000-restart-1 --record load.117\n"
        "  harness history runs/20260131-100000-restart-1 --record 2@117\n"
        "  harness history runs/20260131-100000-restart-1 --format csv > events.csv\n\n"
        "Exit codes: 0, 2 no run directory, 3 its journal can't be read, 4 its journal is not whole (what there is "
        "was\n"
        "printed), 5 the run knows no such record.");
  }
  void AddClean() {
    CLI::App* command = app.add_subcommand("clean", "Remove what killed runs have left on a Kafka cluster");
    command->add_option("RUN_DIR", clean.paths, "Run directories, or folders of them (default: runs)");
    command->add_option("--brokers", clean.brokers,
                        "Where the cluster is now: HOST:PORT, several with commas (default: as the run was told)");
    pipeline::AddKafkaSecurityOptions(command, &clean.kafka);
    command->footer(
        "A run with --brokers makes a topic of its own and names it in its directory (kafka-topics.json) until it has\n"
        "deleted it. Only topics that are named there, after that run, on that cluster, are deleted; runs that go on "
        "are\nleft alone.\n\n"
        "Examples:\n"
        "  harness clean\n"
        "  harness clean runs/20260131-100000-restart-1\n"
        "  harness clean /var/tmp/runs -X security.protocol=ssl\n\n"
        "Exit codes: 0 nothing is left, 2 no such folder, 3 something could not be deleted.");
  }
  void AddSelftest() {
    CLI::App* command = app.add_subcommand("selftest", "Show that the verdict catches seeded bugs and cries no wolf");
    command->add_option("--bugs", selftest.bugs,
                        "Bugs, or server, client, producer for all of a program's (default: all)");
    pipeline::AddNumber(command, "--seeds", &selftest.seeds, int64_t{0}, int64_t{100'000}, "Runs of each bug");
    pipeline::AddNumber(command, "--first-seed", &selftest.first_seed, int64_t{0}, int64_t{1} << 40,
                        "The first of the seeds");
    pipeline::AddNumber(command, "--legal", &selftest.legal, int64_t{0}, int64_t{1'000'000},
                        "Short runs of the unbroken system: any violation is a false alarm");
    pipeline::AddNumber(command, "--jobs", &selftest.jobs, 1, 64, "Runs at once");
    command->add_option("--programs", selftest.program_dir,
                        "Where payment-* and seeded-* are (default: beside this program)");
    command->add_option("--out", selftest.out_dir, "Where runs are made; those that went as expected are removed")
        ->capture_default_str();
    command->add_flag("--keep", selftest.keep, "Keep all of them");
    command->add_flag("--json", selftest.json, "Print the table as JSON");
    command->footer(
        "Examples:\n"
        "  harness selftest --seeds 1 --legal 5\n"
        "  harness selftest --bugs server/swap client --seeds 3 --legal 0\n"
        "  harness selftest --jobs 4 --json > selftest.json\n\n"
        "Exit codes: 0 every bug was caught and there was no false alarm, 1 not so, 2 an unknown bug, 3 a program is\n"
        "missing or a run gave no verdict, 130 interrupted.");
  }
  void AddBroker() {
    CLI::App* command = app.add_subcommand("broker", "Run a mock Kafka cluster for the demo");
    pipeline::AddNumber(command, "--brokers", &broker.brokers, 1, 16, "Number of brokers");
    pipeline::AddNumber(command, "--partitions", &broker.partitions, 1, 200, "Partitions of the topic");
    command->add_option("--topic", broker.topic, "The topic")
        ->envname("KAFKA_TOPIC")
        ->check(pipeline::TopicName())
        ->capture_default_str();
    command->add_option("--address-file", broker.address_file, "Write the address into this file while it runs");
  }
};

// What the harness starts, and itself, speaks to this machine alone: a proxy of the environment is for others. A
// scenario may give a program one in its "env".
void LeaveProxiesOut() {
  for (const char* name : {"grpc_proxy", "http_proxy", "https_proxy", "all_proxy", "GRPC_PROXY", "HTTP_PROXY",
                           "HTTPS_PROXY", "ALL_PROXY"}) {
    unsetenv(name);
  }
  for (const char* name : {"no_proxy", "NO_PROXY"}) {
    const char* before = std::getenv(name);
    const std::string text = before == nullptr || *before == '\0' ? "" : std::string(before) + ",";
    setenv(name, (text + "localhost,127.0.0.1,::1").c_str(), 1);
  }
}

// The commands that take their time: a signal ends them in order, with what there is.
int RunStoppable(CommandLine* line, const char* command, pipeline::OutputStream* out) {
  const pipeline::StopSignal stop(pipeline::SecondSignal::kHurries);
  const pipeline::StopCallback on_stop(&stop, [out] { out->Interrupt(); });
  if (line->app.got_subcommand("selftest")) {
    if (line->selftest.program_dir.empty()) line->selftest.program_dir = ProgramDir();
    return harness::RunSelftest(line->selftest, stop, *out, std::cerr);
  }
  if (line->app.got_subcommand("compare")) {
    line->compare.run.program_dir = ProgramDir();
    line->compare.settings.style = harness::DetectConsoleStyle(STDOUT_FILENO);
    if (command != nullptr) line->compare.run.harness_command = command;
    return harness::RunCompare(line->compare, stop, *out, std::cerr);
  }
  if (line->app.got_subcommand("find-max")) {
    line->find_max.run.program_dir = ProgramDir();
    line->find_max.run.style = harness::DetectConsoleStyle(STDOUT_FILENO);
    if (command != nullptr) line->find_max.run.harness_command = command;
    return harness::RunFindMax(line->find_max, stop, *out, std::cerr);
  }
  line->run.paths = line->paths;
  line->run.overrides = line->overrides;
  line->run.run.report_time_thresholds = line->thresholds == "report";
  line->run.run.keep_journal = line->history_kept == "on";
  line->run.run.audit = line->audit == "on";
  if (line->kafka_given->count() > 0) line->run.run.kafka = line->kafka;
  line->run.run.program_dir = ProgramDir();
  line->run.run.style = harness::DetectConsoleStyle(STDOUT_FILENO);
  line->run.run.style.verbose = line->verbose;
  line->run.compare.style = line->run.run.style;
  if (command != nullptr) line->run.run.harness_command = command;
  return harness::RunCommand(line->run, stop, *out, std::cerr);
}

int Run(CommandLine* line, pipeline::OutputStream* out) {
  if (line->app.got_subcommand("validate")) {
    return harness::RunValidate(line->paths, line->overrides, *out, std::cerr);
  }
  if (line->app.got_subcommand("schema")) return harness::RunSchema(*out);
  if (line->app.got_subcommand("metrics")) return harness::RunMetrics(*out);
  if (line->app.got_subcommand("list")) {
    const int columns = harness::DetectConsoleStyle(STDOUT_FILENO).width_columns;
    return harness::RunList(line->paths, columns > 0 ? columns : kColumnsDefault, *out, std::cerr);
  }
  if (line->app.got_subcommand("clean")) return harness::RunClean(line->clean, *out, std::cerr);
  if (line->app.got_subcommand("broker")) {
    return harness::RunBrokerCommand(line->broker, *out, std::cerr);
  }
  const char* command = std::getenv("PIPELINE_HARNESS_COMMAND");  // set by run.sh
  if (line->app.got_subcommand("check")) {
    line->check.style = harness::DetectConsoleStyle(STDOUT_FILENO);
    line->check.style.verbose = line->verbose;
    if (command != nullptr) line->check.harness_command = command;
    return harness::RunCheck(line->check, *out, std::cerr);
  }
  if (line->app.got_subcommand("report")) {
    if (line->report.paths.empty()) line->report.paths = {"runs"};
    if (command != nullptr) line->report.harness_command = command;
    return harness::RunReport(line->report, *out, std::cerr);
  }
  if (line->app.got_subcommand("history")) {
    line->history.format = line->history_format == "csv"     ? harness::HistoryFormat::kCsv
                           : line->history_format == "jsonl" ? harness::HistoryFormat::kJsonLines
                                                             : harness::HistoryFormat::kTable;
    return harness::RunHistory(line->history, *out, std::cerr);
  }
  return RunStoppable(line, command, out);
}

// A block from here on is given back to the system when it is freed. Left to itself glibc raises the bound to the
// largest block that it has seen freed, and keeps what a history's tables leave behind (mallopt(3)).
constexpr int kGivenBackBytesMin = 1 << 20;

}  // namespace

int main(int argc, char** argv) {
  mallopt(M_MMAP_THRESHOLD, kGivenBackBytesMin);
  harness::RunReaperIfAsked(argc, argv);
  harness::RunMockBrokerIfAsked(argc, argv);
  pipeline::PrepareStandardStreams();
  LeaveProxiesOut();
  CommandLine line;
  try {
    std::vector<std::string> args = harness::SpreadSettings({argv + 1, argv + argc});
    std::reverse(args.begin(), args.end());  // as CLI11 wants a vector
    pipeline::ParseArguments(&line.app, std::move(args));
    pipeline::StartLog("harness");
    pipeline::OutputStream out(STDOUT_FILENO);
    const int exit_code = Run(&line, &out);
    return out.ExitCode("harness", exit_code, harness::kExitEnvironment);
  } catch (const CLI::ParseError& error) {
    return pipeline::ExitForParse(line.app, error, harness::kExitEnvironment);
  } catch (const std::exception& error) {
    std::cerr << "harness: " << error.what() << "\n";
    return harness::kExitEnvironment;
  }
}
