// `harness check`: judges recorded runs again, without starting anything. Called by main.cc with what the command line
// says; returns the exit code.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "harness/report/report.h"

namespace harness {

struct CheckCommandOptions {
  std::vector<std::string> run_dirs = {};
  std::string thresholds = {};                    // "judge", "report"; empty: as the run did
  std::vector<std::string> more_thresholds = {};  // judged beside the run's own
  std::string out_dir = {};                       // where the report is written; empty: nowhere
  std::string harness_command = "harness";        // how the user starts it, for the command that runs it again
  ConsoleStyle style = {};
};

// Judges the run in `run_dir` again and calls `use` with the report; gives back what it returns. What is in the way is
// told to `err`, and the exit code is as RunCheck's.
int ForRecordedRun(const std::string& run_dir, const CheckCommandOptions& options, std::ostream& err,
                   const std::function<int(const Report&)>& use);

// Prints for each run directory the summary that its run printed, or should have. Exit codes as RunCommand's; 2: no run
// directory, or its scenario is not valid; 3: something in it can't be read, or the report can't be written.
int RunCheck(const CheckCommandOptions& options, std::ostream& out, std::ostream& err);

}  // namespace harness
