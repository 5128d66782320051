// How a program may end that is asked to (SIGTERM). Called by the run's processes. Pure.
#pragma once

#include <string>
#include <vector>

#include "harness/plan/scenario.h"
#include "harness/process/supervisor.h"

namespace harness {

inline constexpr int kSignalBase = 128;  // of exit codes that mean a signal, as shells have it

// The codes with which it may end: what the scenario says, else 0, and for a `command` the end by SIGTERM itself.
std::vector<int> AllowedExitCodes(const ProgramPlan& plan);
// What is wrong with its end, in words; empty: nothing. One that was asked again before it had ended has been told not
// to wait: it may end at once, by the signal or with any code of its own, but not crash.
std::string BadEndText(const ProcessExit& exit, const std::vector<int>& allowed, int times_asked);

}  // namespace harness
