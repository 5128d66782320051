// The end of a program's log, for the message that it was not ready: who reads the console need not look for the file.
// Called by the runner's thread. Thread-safe.
#pragma once

#include <string>

namespace harness {

// "\n  <path>, its last lines:\n    | …" with at most five lines of at most 200 columns, control characters replaced;
// says so when the file is empty, absent, or no regular file (which is not waited for). Never throws.
std::string LogExcerpt(const std::string& path);

}  // namespace harness
