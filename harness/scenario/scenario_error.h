// What is wrong with a scenario, where, and what is allowed. Made by the parser of scenario files, printed by the
// command line. Plain data, pure.
#pragma once

#include <string>

namespace harness {

struct ScenarioError {
  std::string file;     // as the user named it
  int line = 0;         // from 1; 0: not in the file (an override, or the file itself can't be read)
  int column = 0;       // from 1, in bytes
  std::string pointer;  // JSON pointer, "" for the whole document
  std::string message;  // what was found, what is allowed; one line

  // "scenarios/restart.json:12:30: /phases/1/rate: found "500"; allowed: ...", one line, no newline.
  std::string Text() const;
};

// Errors reported for one file at most; further ones are counted in a last line.
inline constexpr size_t kScenarioErrorsMax = 50;

}  // namespace harness
