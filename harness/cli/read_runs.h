// The results of runs that somebody names to be compared: a result.json, a run directory, or a folder of them. Called
// by `harness compare` and `harness run --baseline`, from one thread.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "harness/cli/recorded_run.h"
#include "harness/compare/run_figures.h"

namespace harness {

// Folders below a named one that are looked into for run directories, as far down as this.
inline constexpr int kRunFoldersDepthMax = 4;

// In the order of their names. Nothing there, or no run in it, is the caller's mistake (2); what can't be read, or is
// no result, is the environment's (3).
std::variant<std::vector<RunFigures>, CommandProblem> ReadRuns(const std::string& path);

}  // namespace harness
