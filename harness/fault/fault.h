// Faults: one type, one file (process_kill.cc, ...). A Fault knows how to strike, to prove that it struck, and to heal.
// The FaultScheduler (fault_scheduler.h) decides when. Called from a thread of the scheduler's, for each fault one at a
// time; for different faults at the same time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "harness/plan/scenario.h"
#include "harness/process/supervisor.h"

namespace harness {

// What a fault may do to the run's processes. The runner implements it; thread-safe.
class FaultTargets {
 public:
  virtual ~FaultTargets() = default;
  // The running process of `name`; nullopt when it has none now.
  virtual std::optional<int64_t> Pid(const std::string& name) = 0;
  // On which port it listens; 0: none that is known.
  virtual int Port(const std::string& /*name*/) { return 0; }
  // How long it may take to end once it is asked to.
  virtual std::optional<int64_t> EndTimeoutNs(const std::string& /*name*/) { return std::nullopt; }
  // From now on the end of `name`'s process is the fault's doing, not a LIVE violation. `asked`: it is asked to end,
  // and how it does is its own.
  virtual void ExpectEnd(const std::string& name, bool asked) = 0;
  // It did not end in time though it was asked to, and is killed for that.
  virtual void HadToBeKilled(const std::string& /*name*/) {}
  // Starts `name` again; throws std::runtime_error.
  virtual void Restart(const std::string& name) = 0;
  // Whether the end of the phases starts `name` again when a fault ended it and nothing restarted it: servers and
  // clients yes, producers no.
  virtual bool RestartedAtEnd(const std::string& /*name*/) { return true; }
  virtual Supervisor* supervisor() = 0;
};

struct FaultOutcome {
  bool effective = false;
  std::string evidence;    // "pid 4711 ended by signal 9 (Killed)"; or why there is none: "server-1 was not running"
  int64_t struck_ns = 0;   // when it acted, or tried to
  int64_t ended_ns = 0;    // kill, terminate: when the process ended; 0: it did not
  bool signalled = false;  // it did something, effective or not: that is healed
};

class Fault {
 public:
  virtual ~Fault() = default;
  // Acts, waits (bounded) for the evidence and returns it.
  virtual FaultOutcome Strike(FaultTargets* targets) = 0;
  // When to heal, monotonic ns, given the outcome; nullopt: only at the end of the phases (HealAll), or never.
  virtual std::optional<int64_t> HealAt(const FaultOutcome& outcome) const = 0;
  // Undoes it (restart, continue). True when the fault is over, undone now or by something else; false when it stays
  // (a producer that nothing restarts). Idempotent. Throws std::runtime_error when it can't be undone.
  virtual bool Heal(FaultTargets* targets) = 0;
};

std::unique_ptr<Fault> MakeFault(const FaultPlan& plan);

}  // namespace harness
