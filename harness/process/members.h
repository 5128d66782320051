// Whose a process is, as the reaper has to know it: what it has started, and what those have started in turn, also
// where a parent has ended and the orphan has come to the reaper. Called by reaper.cc alone, from its one thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/process/process_info.h"
#include "harness/process/supervisor.h"

namespace harness {

inline constexpr int64_t kKilledGraceNs = 1'000'000'000;  // for the kernel to end what was killed

// A process that the reaper has started, until its end is reported.
struct Child {
  std::string mark;  // kSubjectVariable in its environment
  bool leader_ended = false;
  bool detached = false;  // it goes on without its leader
  bool asked = false;     // SIGTERM was sent
  bool paused = false;    // SIGSTOP was sent, and no SIGCONT since
  ProcessExit exit;
  std::optional<int> heir_status;  // of what its leader left behind, where it ended badly
  int64_t kill_ns = 0;             // then the members that are left are killed
  int64_t give_up_ns = 0;          // then the end is reported whatever is left

  void EndsAt(int64_t kill_at_ns) {
    kill_ns = kill_at_ns;
    give_up_ns = kill_at_ns + kKilledGraceNs;
  }
};

using Children = std::map<pid_t, Child>;  // by the leader's pid

struct Orphan {
  pid_t leader = 0;
  bool is_heir = false;  // its parent was the leader, or ended with it
};

class Orphans {
 public:
  // Whose the process is that has come to the reaper: its group's, or its environment tells. As long as it is not
  // reaped its group is its own.
  void Adopt(const Children& children, const ProcessRow& row);
  // The members of `leader` that have not ended; adopts what it finds.
  std::vector<ProcessRow> MembersOf(const Children& children, pid_t leader);

  // Forgets the one that was reaped, and says whose it was.
  std::optional<Orphan> Take(pid_t pid);
  // Whether one of `leader` is to be reaped yet.
  bool HasOf(pid_t leader) const;
  void ForgetOf(pid_t leader);

 private:
  std::map<pid_t, Orphan> adopted_;
};

// Sends SIGTERM to `leader` and waits until it has taken it, half a second at most. What it has started is to be told
// after it: a shell that dies of the signal would otherwise reap its program on the way, and with it how that ended.
// False when it was not delivered.
bool AskLeader(pid_t leader);

}  // namespace harness
