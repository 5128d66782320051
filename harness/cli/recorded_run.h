// A run directory that somebody names to be read again: `harness check` and `harness history`. Called from one thread.
#pragma once

#include <string>
#include <variant>

#include "harness/observe/journal.h"

namespace harness {

// A command can't do what it was asked to.
struct CommandProblem {
  int exit_code = 0;
  std::string sentence;
};

struct RecordedRun {
  std::string dir;  // absolute, without a slash at its end
  JournalContent journal;
};

// Reads the journal of the run in `run_dir`. No run directory is the caller's mistake (2); a journal that can't be
// read, or is none of this version, is the environment's (3). A journal that is torn or was not closed is read up to
// there.
std::variant<RecordedRun, CommandProblem> ReadRecordedRun(const std::string& run_dir);

}  // namespace harness
