// What a scenario's `args` tell a program, where the harness has to know it too: a client's --backoff, a server's
// --window-bytes, the file that it is to write. Called by the scenario's reader, by the runner and by checkers. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "harness/plan/scenario.h"

namespace harness {

struct FlagValue {
  std::string_view text;  // of `args`; the flag itself where it stands last, without a value
  size_t word = 0;        // which of them
};

// Every value that `args` give to `flag` ("--backoff"), as the next word or behind '=', in order.
std::vector<FlagValue> ValuesOfFlag(const std::vector<std::string>& args, std::string_view flag);

// Whether the program is told of `placeholder`, in its command, arguments or environment.
bool IsTold(const ProgramPlan& plan, const std::string& placeholder);

}  // namespace harness
