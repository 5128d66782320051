// One run of one scenario, from the first process to the verdict (design in docs/architecture.md, "A run"). Called by
// `harness run` for each file in turn. Not thread-safe; one at a time in a process.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "common/program.h"
#include "harness/process/supervisor.h"
#include "harness/report/report.h"
#include "harness/scenario/scenario.h"
#include "harness/verify/verdict.h"

namespace harness {

struct RunOptions {
  std::string out_dir = "runs";       // run directories are made in here
  std::string brokers;                // empty: the mock
  std::vector<std::string> kafka_properties;  // -X
  bool report_time_thresholds = false;
  bool audit = true;
  std::string program_dir;            // where payment-server and its siblings are
  std::vector<std::string> overrides; // for the command that runs it again
  ConsoleStyle style;
};

struct RunOutcome {
  int exit_code = 4;
  std::string run_dir;                // empty: it never got that far
  std::string problem;                // exit 3: what is missing, and what to do
  Verdict verdict;
};

RunOutcome RunScenario(const Scenario& scenario, const std::string& scenario_path, const RunOptions& options,
                       Supervisor* supervisor, pipeline::StopSignal* stop, std::ostream& out);

}  // namespace harness
