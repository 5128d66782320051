// Strikes and heals the faults of a scenario when their triggers say so, and records each with its evidence. Its thread
// decides (fault_agenda.h) and reports; each strike and heal runs in a short thread of its own, so that one that waits
// for its evidence delays no other. Started by the runner before the first phase; thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/fault/fault.h"
#include "harness/plan/scenario.h"

namespace harness {

// Where the scheduler reports: the runner forwards to the Recorder and the live view. From the scheduler's thread, one
// call at a time.
class FaultListener {
 public:
  virtual ~FaultListener() = default;
  virtual void OnStrike(size_t fault, int64_t planned_ns, const FaultOutcome& outcome) = 0;
  virtual void OnHealed(size_t fault, int64_t time_ns) = 0;
  // A heal that failed: what could not be put back, in a sentence.
  virtual void OnHealFailed(size_t fault, const std::string& sentence) = 0;
  // True when the count that `trigger` waits for has been reached now.
  virtual bool CountReached(const Trigger& trigger) = 0;
};

class FaultScheduler {
 public:
  using FaultFactory = std::function<std::unique_ptr<Fault>(const FaultPlan&)>;

  // `targets` and `listener` must outlive it.
  FaultScheduler(const std::vector<FaultPlan>& plans, FaultTargets* targets, FaultListener* listener,
                 const FaultFactory& make = MakeFault);
  ~FaultScheduler();  // as StopAndHealAll
  void Start();
  // The phase has begun: times that count from it are known now.
  void OnPhase(const std::string& phase, int64_t begin_ns);
  // A count changed; looks at the triggers at once (they are looked at every 5 ms anyway).
  void OnCounts();
  // No fault strikes any more. Waits for those that are striking (a terminate for at most 10 s), heals everything that
  // is not healed yet, and stops the thread. From one thread; a second call does nothing.
  void StopAndHealAll();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace harness
