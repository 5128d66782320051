// Whether two runs can be compared: what differs between them besides what is compared. Called by compare_command.cc.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "harness/compare/run_figures.h"

namespace harness {

struct Unlike {
  std::vector<std::string> refused;  // sentences: figures of these can't be compared
  std::vector<std::string> noted;    // what may be what somebody compares: the program's version, other servers
};

// Backend, machine (cpu, cores, kernel; what only one run knows is passed over), effective scenario and the version of
// result.json, of which this program reads `schema_version`. Of the scenario, seed, description, expectations and the
// programs of servers and clients (command, args, env, cwd) may differ.
Unlike FindUnlike(const RunFigures& a, const RunFigures& b, int64_t schema_version);

}  // namespace harness
