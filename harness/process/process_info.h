// What /proc says about processes, beyond supervisor.h. Called by the reaper and the faults; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace harness {

struct ProcessStat {
  char state = '?';
  int64_t parent = 0;
};

// The fields of a line of /proc/<pid>/stat that are used here; the name in it may hold anything, parentheses and spaces
// too. nullopt when it is no such line. Pure.
std::optional<ProcessStat> ParseProcessStat(std::string_view line);

// Direct children of `pid` now, by a walk over /proc.
std::vector<int64_t> ChildrenOf(int64_t pid);

// True when every thread of `pid` is stopped by a signal ('T'): a stop reaches the threads one by one.
bool AllThreadsStopped(int64_t pid);

// Resident memory of `pid` now, in bytes; 0 when there is no such process.
int64_t ResidentBytes(int64_t pid);

}  // namespace harness
