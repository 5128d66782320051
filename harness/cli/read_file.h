// Reads a file of a run directory, which anybody may have made: whole, with a bound, and without being held up by what
// is no file. Called by the commands that read recorded runs, from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <variant>

#include "harness/cli/recorded_run.h"

namespace harness {

// The whole file, or why not (3): it can't be read, is no regular file, or is greater than `bytes_max`.
std::variant<std::string, CommandProblem> ReadFile(const std::string& path, size_t bytes_max);

}  // namespace harness
