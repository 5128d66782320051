// What a run leaves behind for people and programs: the summary on the console, report.html, timeline.csv,
// result.json, junit.xml, witness.txt. Called by the runner at the end, by `harness check` and by `harness report`. The
// writers throw std::system_error that names the path.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/measure/host_facts.h"
#include "harness/measure/metrics.h"
#include "harness/plan/scenario.h"
#include "harness/verify/history.h"
#include "harness/verify/verdict.h"

namespace harness {

// What a part of the run took.
struct StepTime {
  std::string name;
  int64_t duration_ns = 0;
};

// What the history does not know.
struct RunFacts {
  std::string run_dir;
  std::string scenario_path;  // as the user named it
  std::string backend;        // "mock (librdkafka 2.0.2)", "kafka 127.0.0.1:9092"
  std::string version;
  std::string started_at;  // RFC 3339, UTC
  int64_t duration_ns = 0;
  bool report_time_thresholds = false;  // --thresholds=report
  bool has_journal = true;              // history/run.journal is there: not with --history=off
  bool has_result = true;               // result.json and its kin are in run_dir, or will be
  // Every option that changes what is run (--seed, --set, --brokers, -X, --thresholds), word by word as given, for the
  // command that runs it again.
  std::vector<std::string> overrides;
  std::string harness_command = "harness";  // how the user starts the harness: "./run.sh harness"
  using ProcessUsage = harness::ProcessUsage;
  std::vector<ProcessUsage> processes;
  std::vector<StepTime> steps;  // in their order, but the report itself
  // What the embedded producers did other than planned: docs/formats.md, `load`. But for sentinel_tries each is 0 in an
  // undisturbed run.
  std::map<std::string, int64_t> load;
  std::map<std::string, std::string> host;  // "cores", "kernel", "cpu"
};

struct Report {
  const History& history;
  const Metrics& metrics;
  const Verdict& verdict;
  const Scenario& scenario;
  const RunFacts& facts;
};

inline constexpr int kResultSchemaVersion = 3;  // of result.json

// `width_columns` 0: not a terminal. `color`: ANSI colours. `utf8`: symbols beyond ASCII. DetectConsoleStyle (text.h)
// finds out what fits a file descriptor.
struct ConsoleStyle {
  int width_columns = 0;
  bool color = false;
  bool utf8 = true;
  bool redraws = true;   // of a terminal: lines can be drawn again; not with TERM=dumb
  bool verbose = false;  // everything, also of a run that passed
};
std::string SummaryText(const Report& report, const ConsoleStyle& style);
// For a CI job's page (`--summary`): of a run, and of one that did not start. Whatever a name holds, it is text.
std::string SummaryMarkdown(const Report& report);
std::string ProblemMarkdown(std::string_view scenario, std::string_view problem);
std::string ResultJson(const Report& report);   // docs/formats.md, "schema_version": 3
std::string JunitXml(const Report& report);     // one case per invariant, threshold and fault
bool HasWitness(const Report& report);          // something was violated
std::string WitnessText(const Report& report);  // empty without
// Ready to be pasted into a shell.
std::string RerunCommand(const Report& report);
std::string RerunCommand(const RunFacts& facts, std::optional<uint64_t> seed);
std::string CheckCommand(const Report& report);                               // judges the recorded run again
std::string HistoryCommand(const Report& report, const std::string& record);  // shows one record's life

// report.html and timeline.csv in `dir`, with what facts.run_dir has beside the report (page/page.h).
void WritePage(const Report& report, const std::string& dir);
// The page, result.json, junit.xml, the latencies (latency_files.h) and, when there is something to witness,
// witness.txt in `dir`; without any a witness.txt of before is removed.
void WriteReport(const Report& report, const std::string& dir);

}  // namespace harness
