// process.pause: SIGSTOP to the target and all that belongs to it, SIGCONT after a while or at the end. In production:
// a stalled disk, a long garbage collection, a virtual machine that is moved. Evidence: the kernel says that every
// thread of every such process is stopped, and who listens on the target's port is one of them.
#include <chrono>
#include <stdexcept>
#include <thread>

#include "common/clock.h"
#include "harness/fault/process_fault.h"
#include "harness/process/process_info.h"
#include "harness/process/subject.h"

namespace harness {
namespace {

constexpr int64_t kStateTimeoutNs = 2'000'000'000;
constexpr int64_t kStopTryNs = 200'000'000;
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
    subject_ = FindSubject(supervisor, *pid, targets->Port(target_));
    const std::string who = subject_.PidsText();
    if (IsStopped(subject_)) {
      outcome.evidence = target_ + " (" + who + ") was stopped already";
      return outcome;
    }
    outcome.struck_ns = pipeline::MonotonicNs();  // to find out who belongs to it takes long on a busy machine
    if (!SignalSubject(supervisor, subject_, SIGSTOP)) {
      outcome.evidence = target_ + " (" + who + ") had ended before SIGSTOP was sent";
      return outcome;
    }
    if (!Stop(supervisor)) {
      const char state = ProcessState(*pid).value_or('?');
      outcome.evidence =
          who + (supervisor->IsRunning(*pid) ? std::string(" did not stop after SIGSTOP, in state ") + state
                                             : " ended instead of stopping");
    } else if (!subject_.owner_known) {
      outcome.evidence = who + " stopped, but who listens on its port " + std::to_string(subject_.port) +
                         " can't be seen from here and may go on";
    } else {
      outcome.effective = true;
      outcome.evidence = subject_.PidsText() + " stopped, in state T";
      return outcome;
    }
    SignalSubject(supervisor, subject_, SIGCONT);  // it must leave nothing behind
    return outcome;
  }

  std::optional<int64_t> HealAt(const FaultOutcome& outcome) const override {
    if (!duration_ns_) return std::nullopt;
    return outcome.struck_ns + *duration_ns_;
  }

  bool Heal(FaultTargets* targets) override {
    Supervisor* const supervisor = targets->supervisor();
    // A process that has ended is paused no more; whoever took its place was never.
    if (!SignalSubject(supervisor, subject_, SIGCONT)) return true;
    if (WaitStopped(*supervisor, false, kStateTimeoutNs) || !supervisor->IsRunning(subject_.pid)) return true;
    throw std::runtime_error(target_ + " (" + subject_.PidsText() + ") is still stopped after SIGCONT");
  }

 private:
  // After SIGSTOP: false when it takes too long, or the process has ended. One that was just starting another
  // (vfork(2)) waits for that one, which is stopped, and never gets to stop itself: it goes on for a moment, and is
  // stopped again.
  bool Stop(Supervisor* supervisor) {
    const int64_t deadline_ns = pipeline::MonotonicNs() + kStateTimeoutNs;
    for (;;) {
      subject_.members = supervisor->Members(subject_.pid);  // those too that were started meanwhile
      if (WaitStopped(*supervisor, true, kStopTryNs)) return true;
      if (!supervisor->IsRunning(subject_.pid) || pipeline::MonotonicNs() >= deadline_ns) return false;
      SignalSubject(supervisor, subject_, SIGCONT);
      SignalSubject(supervisor, subject_, SIGSTOP);
    }
  }

  // False when it takes too long, or the process has ended.
  bool WaitStopped(const Supervisor& supervisor, bool stopped, int64_t timeout_ns) const {
    const int64_t deadline_ns = pipeline::MonotonicNs() + timeout_ns;
    while (supervisor.IsRunning(subject_.pid) && pipeline::MonotonicNs() < deadline_ns) {
      if (IsStopped(subject_) == stopped) return true;
      std::this_thread::sleep_for(kLookEvery);
    }
    return false;
  }

  const std::string target_;
  const std::optional<int64_t> duration_ns_;
  Subject subject_;
};

}  // namespace

std::unique_ptr<Fault> MakeProcessPause(const FaultPlan& plan) { return std::make_unique<ProcessPause>(plan); }

}  // namespace harness
