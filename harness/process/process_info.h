// What /proc says about processes, beyond supervisor.h. Called by the reaper, the faults and the run's processes;
// thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace harness {

struct ProcessStat {
  char state = '?';
  int64_t parent = 0;
  int64_t group = 0;
};

// The fields of a line of /proc/<pid>/stat that are used here; the name in it may hold anything, parentheses and spaces
// too. nullopt when it is no such line. Pure.
std::optional<ProcessStat> ParseProcessStat(std::string_view line);

struct ProcessRow : ProcessStat {
  int64_t pid = 0;
  bool ended() const { return state == 'Z' || state == 'X'; }
};
// Every process that /proc shows now.
std::vector<ProcessRow> AllProcesses();
// What /proc says of one now; nullopt when there is no such process.
std::optional<ProcessRow> ProcessOf(int64_t pid);

// Direct children of `pid` now, by a walk over /proc.
std::vector<int64_t> ChildrenOf(int64_t pid);

// `roots` and all their descendants that have not ended, each once, without those below a pid of `others`. Pure.
std::vector<ProcessRow> WithDescendants(const std::vector<ProcessRow>& all, const std::set<int64_t>& roots,
                                        const std::set<int64_t>& others);

// The value of a variable in the environment that a process was started with; nullopt when it has none or may not be
// read.
std::optional<std::string> StartVariable(int64_t pid, const std::string& name);

// Sends to exactly that process: false when it has ended, though its pid may be another's by now, or may not be
// signalled.
bool SignalOne(const ProcessRow& process, int signal);

// Whether `signal` was sent to `pid` and waits to be taken; false when the process has ended, blocks the signal, or its
// /proc/<pid>/status can't be read (proc(5): SigPnd, ShdPnd, SigBlk; the main thread's). A process that dies of a
// signal counts as having it until it is past the point where it could do anything else.
bool HasPending(int64_t pid, int signal);

// True when every thread of `pid` is stopped by a signal ('T'): a stop reaches the threads one by one.
bool AllThreadsStopped(int64_t pid);

// Resident memory of `pid` now, in bytes; 0 when there is no such process.
int64_t ResidentBytes(int64_t pid);

}  // namespace harness
