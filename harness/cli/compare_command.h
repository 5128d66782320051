// `harness compare`: whether one group of runs is worse than another. Called by main.cc with what the command line
// says; returns the exit code.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "common/program.h"
#include "harness/cli/compare_runs.h"
#include "harness/run/runner.h"

namespace harness {

struct CompareCommandOptions {
  std::string a, b;  // runs that there are (read_runs.h); with `repeat`, scenarios: files, or runs whose scenario it is
  CompareSettings settings;
  int repeat = 0;          // above 0: runs both scenarios so often, taking turns, and compares those runs
  RunOptions run;          // with `repeat`
  std::string programs_a;  // where payment-server and its siblings are; empty: as `run` says
  std::string programs_b;
};

int RunCompare(const CompareCommandOptions& options, const pipeline::StopSignal& stop, std::ostream& out,
               std::ostream& err);

}  // namespace harness
