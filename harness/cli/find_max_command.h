// `harness find-max`: the highest rate at which a scenario passes. Called by main.cc with what the command line says;
// returns the exit code.
#pragma once

#include <CLI/CLI.hpp>
#include <iosfwd>
#include <string>

#include "common/program.h"
#include "harness/run/runner.h"
#include "harness/scenario/scenario_file.h"

namespace harness {

struct FindMaxOptions {
  std::string path;  // a scenario file
  ScenarioOverrides overrides;
  std::string phase;  // whose rate is searched; empty: the last measured one that has a rate
  std::string from;   // "1000/s"; empty: the phase's own
  std::string to;     // empty: 1000 times `from`
  double resolution = 0.05;
  double confidence = 0.9;
  int repeat = 0;         // tries at the edge; 0: the least that the confidence needs
  std::string json_path;  // empty: find-max.json beside the run directories
  RunOptions run;
};

void AddFindMax(CLI::App* app, FindMaxOptions* options);

// 0 found, 1 not the least rate holds, 2 usage, 3 environment, 4 the harness can't offer the least rate or a run proves
// nothing, 130 interrupted (what is known so far is told).
int RunFindMax(const FindMaxOptions& options, const pipeline::StopSignal& stop, std::ostream& out, std::ostream& err);

}  // namespace harness
