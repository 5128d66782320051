// A program under test as a fault has to reach it: the process that was started, all its members (supervisor.h), and,
// where it is known on which port it listens, whoever has that port open although the harness did not start it (the
// process behind a container's command line). Called by faults and the run's processes, from any thread.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "harness/process/process_info.h"
#include "harness/process/supervisor.h"

namespace harness {

struct Subject {
  int64_t pid = 0;  // as the Supervisor knows it
  int port = 0;     // 0: none that is known
  std::vector<int64_t> members;
  std::vector<ProcessRow> strangers;  // that have the port open, and their descendants
  std::set<uint64_t> sockets;         // that listen there
  bool owner_known = true;            // of those sockets

  // "pid 7", "pids 7, 8 and 9"
  std::string PidsText() const;
};

Subject FindSubject(Supervisor* supervisor, int64_t pid, int port);
// False when nothing was there to be signalled any more. What is stopped is continued behind a SIGTERM.
bool SignalSubject(Supervisor* supervisor, const Subject& subject, int signal);
// Whether all that is known of it is stopped, every thread.
bool IsStopped(const Subject& subject);
// Waits until its strangers have ended and nobody listens on its sockets any more, until `deadline_ns` (monotonic) at
// most. Empty when that is so; otherwise what lives on.
std::string LeftOf(const Subject& subject, int64_t deadline_ns);

}  // namespace harness
