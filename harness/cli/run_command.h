// `harness run`: runs the scenarios of a selection one after the other. Called by main.cc with what the command line
// says; returns the exit code.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "common/program.h"
#include "harness/run/runner.h"
#include "harness/scenario/scenario_file.h"

namespace harness {

struct RunCommandOptions {
  std::vector<std::string> paths;
  ScenarioOverrides overrides;
  RunOptions run;
  bool keep_going = false;  // also after a scenario that did not pass
};

// All files are validated before the first one runs. Over several files the exit code is the first present of 130, 3,
// 2, 1, 4, 5, 0.
int RunCommand(const RunCommandOptions& options, const pipeline::StopSignal& stop, std::ostream& out,
               std::ostream& err);

}  // namespace harness
