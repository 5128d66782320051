// The faults on processes, one file each, and what those that end a process share. Made by MakeFault (fault.cc).
#pragma once

#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "harness/fault/fault.h"
#include "harness/process/subject.h"

namespace harness {

std::unique_ptr<Fault> MakeProcessKill(const FaultPlan& plan);
std::unique_ptr<Fault> MakeProcessTerminate(const FaultPlan& plan);
std::unique_ptr<Fault> MakeProcessPause(const FaultPlan& plan);

// Sends a signal that is to end the target and all that belongs to it (process/subject.h), and waits for that end;
// heals by starting the target again. One that was asked to end (SIGTERM) and does not in time is killed.
class EndingFault : public Fault {
 public:
  EndingFault(const FaultPlan& plan, int signal, int64_t end_timeout_ns)
      : target_(plan.target),
        restart_after_ns_(plan.restart_after_ns),
        signal_(signal),
        end_timeout_ns_(end_timeout_ns) {}

  FaultOutcome Strike(FaultTargets* targets) override;
  std::optional<int64_t> HealAt(const FaultOutcome& outcome) const override;
  bool Heal(FaultTargets* targets) override;

 protected:
  // Whether an end of this kind is the fault's doing.
  virtual bool IsMine(const ProcessExit& exit) const = 0;

 private:
  int64_t EndTimeoutNs(FaultTargets* targets) const {
    return asks() ? targets->EndTimeoutNs(target_).value_or(end_timeout_ns_) : end_timeout_ns_;
  }
  bool asks() const { return signal_ == SIGTERM; }
  void KillLate(FaultTargets* targets, const Subject& subject, FaultOutcome* outcome) const;
  void Ended(const Subject& subject, const ProcessExit& exit, FaultOutcome* outcome) const;

  const std::string target_;
  const std::optional<int64_t> restart_after_ns_;
  const int signal_;
  const int64_t end_timeout_ns_;
  int64_t struck_pid_ = 0;
};

}  // namespace harness
