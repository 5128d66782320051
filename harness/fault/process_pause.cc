// process.pause: SIGSTOP to the target's group, SIGCONT after a while or at the end. In production: a stalled disk, a
// long garbage collection, a virtual machine that is moved. Evidence: the kernel says that every thread is stopped.
#include <chrono>
#include <stdexcept>
#include <thread>

#include "common/clock.h"
#include "harness/fault/process_fault.h"
#include "harness/process/process_info.h"

namespace harness {
namespace {

constexpr int64_t kStateTimeoutNs = 2'000'000'000;
constexpr std::chrono::milliseconds kLookEvery(1);

class ProcessPause : public Fault {
 public:
  explicit ProcessPause(const FaultPlan& plan) : target_(plan.target), duration_ns_(plan.duration_ns) {}

  FaultOutcome Strike(FaultTargets* targets) override {
    Supervisor* const supervisor = targets->supervisor();
    FaultOutcome outcome;
    outcome.struck_ns = pipeline::MonotonicNs();
    const std::optional<int64_t> pid = targets->Pid(target_);
    if (!pid || !supervisor->IsRunning(*pid)) {
      outcome.evidence = target_ + " was not running";
      return outcome;
    }
    const std::string who = "pid " + std::to_string(*pid);
    if (AllThreadsStopped(*pid)) {
      outcome.evidence = target_ + " (" + who + ") was stopped already";
      return outcome;
    }
    if (!supervisor->Signal(*pid, SIGSTOP)) {
      outcome.evidence = target_ + " (" + who + ") had ended before SIGSTOP was sent";
      return outcome;
    }
    pid_ = *pid;
    if (WaitStopped(*supervisor, true)) {
      outcome.effective = true;
      outcome.evidence = who + " stopped, in state T";
      return outcome;
    }
    const char state = ProcessState(pid_).value_or('?');
    supervisor->Signal(pid_, SIGCONT);  // a fault without evidence is not healed for: it must leave nothing behind
    outcome.evidence =
        who + (supervisor->IsRunning(pid_) ? std::string(" did not stop after SIGSTOP, in state ") + state
                                           : " ended instead of stopping");
    return outcome;
  }

  std::optional<int64_t> HealAt(const FaultOutcome& outcome) const override {
    if (!duration_ns_) return std::nullopt;
    return outcome.struck_ns + *duration_ns_;
  }

  bool Heal(FaultTargets* targets) override {
    Supervisor* const supervisor = targets->supervisor();
    // A process that has ended is paused no more; whoever took its place was never.
    if (!supervisor->Signal(pid_, SIGCONT)) return true;
    if (WaitStopped(*supervisor, false) || !supervisor->IsRunning(pid_)) return true;
    throw std::runtime_error(target_ + " (pid " + std::to_string(pid_) + ") is still stopped after SIGCONT");
  }

 private:
  // False when it takes too long, or the process has ended.
  bool WaitStopped(const Supervisor& supervisor, bool stopped) const {
    const int64_t deadline_ns = pipeline::MonotonicNs() + kStateTimeoutNs;
    while (supervisor.IsRunning(pid_) && pipeline::MonotonicNs() < deadline_ns) {
      if (stopped ? AllThreadsStopped(pid_) : ProcessState(pid_) != 'T') return true;
      std::this_thread::sleep_for(kLookEvery);
    }
    return false;
  }

  const std::string target_;
  const std::optional<int64_t> duration_ns_;
  int64_t pid_ = 0;
};

}  // namespace

std::unique_ptr<Fault> MakeProcessPause(const FaultPlan& plan) { return std::make_unique<ProcessPause>(plan); }

}  // namespace harness
