// `harness run`: runs the scenarios of a selection one after the other, each so often as is asked, and compares them
// with runs of before. Called by main.cc with what the command line says; returns the exit code.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "common/program.h"
#include "harness/cli/compare_runs.h"
#include "harness/run/runner.h"
#include "harness/scenario/scenario_file.h"

namespace harness {

struct RunCommandOptions {
  std::vector<std::string> paths;
  ScenarioOverrides overrides;
  RunOptions run;
  bool keep_going = false;  // also after a scenario that did not pass
  int repeat = 1;           // runs of each scenario, all with its seed; above 1 in a folder of their own
  std::string baseline;     // runs that each scenario's are compared with (read_runs.h); empty: none
  CompareSettings compare;
};

// All files are validated, and the baseline is read, before the first one runs. Over several files, and over a run and
// its comparison, the exit code is the first present of 130, 3, 2, 1, 4, 5, 0.
int RunCommand(const RunCommandOptions& options, const pipeline::StopSignal& stop, std::ostream& out,
               std::ostream& err);

}  // namespace harness
