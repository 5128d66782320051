// What a scenario's `args` tell a built-in program, where the harness has to know it too: a client's --backoff, a
// server's --window-bytes. Called by the scenario's reader and by checkers. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace harness {

struct FlagValue {
  std::string_view text;  // of `args`; the flag itself where it stands last, without a value
  size_t word = 0;        // which of them
};

// Every value that `args` give to `flag` ("--backoff"), as the next word or behind '=', in order.
std::vector<FlagValue> ValuesOfFlag(const std::vector<std::string>& args, std::string_view flag);

}  // namespace harness
