// One run of one scenario, from the first process to the verdict (docs/architecture.md, "A run"). Called by `harness
// run` for each file in turn. One at a time in a process.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "common/program.h"
#include "common/settings.h"
#include "harness/plan/scenario.h"
#include "harness/report/report.h"
#include "harness/verify/verdict.h"

namespace harness {

// --brokers: the cluster to run on in place of the mock.
struct KafkaTarget {
  pipeline::KafkaSettings settings;  // the topic is the run's own
  int replication = 1;
};

struct RunOptions {
  std::string out_dir = "runs";  // run directories are made in here
  bool report_time_thresholds = false;
  bool keep_journal = true;                 // --history=off: the run can't be judged or looked at again
  bool audit = true;                        // --audit=off: load only, nothing is said about losses
  std::string program_dir;                  // where payment-server and its siblings are
  std::string harness_command = "harness";  // how the user starts it, for the command that runs it again
  std::vector<std::string> overrides;       // as given, for the command that runs it again
  ConsoleStyle style;
  bool timing = false;      // --timing: the steps and what they took, behind the summary
  int64_t validate_ns = 0;  // what it took to read the scenario
  std::optional<KafkaTarget> kafka;
  std::string summary_path;   // --summary: Markdown is appended to it; empty: none
  std::string scenario_path;  // set by RunScenario
};

struct RunOutcome {
  int exit_code = 4;
  std::string run_dir;  // empty: it never got that far
  std::string problem;  // exit 2 and 3: what is in the way, and what to do
  Verdict verdict;      // when there is no problem
};

// A scenario that can't be run: `problems` says why. Leaves result.json and junit.xml in a run directory of its own
// where it can; the outcome has exit code 2, and `problem` stays empty.
RunOutcome RefuseScenario(const std::string& scenario_path, std::vector<std::string> problems,
                          const RunOptions& options);

// Never throws for what the environment or the programs do. Progress and summary go to `out`. `stop`: ends the load,
// puts everything back, verifies what there is, exit code 130. A run that does not come to its load leaves result.json
// and junit.xml too, where its directory can be made.
RunOutcome RunScenario(const Scenario& scenario, const std::string& scenario_path, const RunOptions& options,
                       const pipeline::StopSignal& stop, std::ostream& out);

}  // namespace harness
