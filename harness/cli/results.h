// The results of several runs, as `harness run` and `harness check` give them: a table and one exit code. Pure.
#pragma once

#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace harness {

// What was run or checked, and the exit code that it alone would have had.
using NamedExitCodes = std::vector<std::pair<std::string, int>>;

// "PASS", "FAIL", "INVALID", "INTERRUPTED"; "ERROR" of the others.
std::string VerdictWord(int exit_code);

// The first present of 130, 3, 2, 1, 4, 5, 0.
int CombinedExitCode(const std::vector<int>& codes);

// A line for each result, behind an empty one; nothing for a single result, which spoke for itself.
void PrintResults(const NamedExitCodes& results, std::ostream& out);

}  // namespace harness
