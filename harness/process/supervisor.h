// The harness's side of the reaper: starts, signals and watches processes through it, so that none outlives the
// harness. Called from the runner's threads; thread-safe.
//
// The reaper is this same program, re-executed in a hidden mode, single-threaded, connected by a SOCK_SEQPACKET pair.
// Each process it starts leads a process group of its own, out of reach of the terminal's Ctrl+C. Its members are that
// process, its group and all descendants, orphans too: those that left the group or the session are known by their
// parents and by a variable in the environment that they inherited. When the harness's end of the socket closes,
// however that came about (SIGKILL too), the reaper kills all members of all processes, reaps them and exits.
//
// A process that ends with exit 0 and leaves a member behind in another group (a daemon, as `setsid` makes one) goes on
// as that member: its end is that member's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace harness {

struct ProcessSpec {
  std::string name;
  std::vector<std::string> argv;           // argv[0] is looked up in PATH
  std::map<std::string, std::string> env;  // added to the harness's own as it was when the Supervisor was made
  std::string cwd;                         // empty: the harness's
  std::string log_path;                    // stdout and stderr, appended, a limited part (capped_log.h); empty: none
  int stdin_fd = -1;                       // -1: /dev/null
  int stdout_fd = -1;                      // -1: the log
};

struct ProcessExit {
  int64_t pid = 0;
  int status = 0;        // as waitpid gives it
  int64_t ended_ns = 0;  // monotonic, when the reaper saw it: the process and the last of its members
  int64_t user_cpu_ns = 0;
  int64_t system_cpu_ns = 0;
  int64_t rss_bytes_max = 0;
  int64_t log_bytes_dropped = 0;  // of what it printed, beyond what a log keeps
};
// "exit 0", "signal 9 (Killed)"
std::string DescribeExit(const ProcessExit& exit);

class Supervisor {
 public:
  // Starts the reaper: re-executes /proc/self/exe with "--reaper". A program that uses this calls
  // RunReaperIfAsked(argc, argv) first thing in main(). Throws std::system_error.
  Supervisor();
  ~Supervisor();  // kills and reaps everything that is left

  // Returns when the program has been executed. Throws std::runtime_error that names it and the reason when it can't be
  // (not found, no permission, folder or log that can't be opened, arguments above 128 KiB in all, 1000 alive already).
  // The spec's descriptors stay the caller's to close.
  int64_t Start(const ProcessSpec& spec);
  // Sends `signal` to all members, by way of the reaper, which alone knows that the pid is still its own. False when
  // the process has already ended.
  // SIGTERM wakes what is stopped, so that it hears it.
  bool Signal(int64_t pid, int signal);
  // SIGKILL to all that are running; does not wait.
  void KillAll();
  // The pids of its members that have not ended, at most 256; none when it has ended.
  std::vector<int64_t> Members(int64_t pid);
  bool IsRunning(int64_t pid) const;
  // An end is reported when the process and all its members are gone; what a process leaves behind is killed after 2 s,
  // or, when it was sent SIGTERM, after 60 s. nullopt when `deadline_ns` (monotonic) passes first, and at once for a
  // pid that was never started here or ended more than 4096 ends ago.
  std::optional<ProcessExit> WaitExit(int64_t pid, int64_t deadline_ns) const;
  // Called, from the supervisor's own thread, for each end. Set before the first Start. It must not call Start, Signal
  // or WaitExit (std::logic_error): their answers come in on the same thread.
  void OnExit(std::function<void(const ProcessExit&)> callback);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// When argv says this is the reaper: runs it and never returns. Otherwise returns at once.
void RunReaperIfAsked(int argc, char** argv);

// State letter of /proc/<pid>/stat ('R', 'S', 'T', 'Z', ...), nullopt when there is no such process.
std::optional<char> ProcessState(int64_t pid);

}  // namespace harness
