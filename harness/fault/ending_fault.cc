#include <cstring>
#include <stdexcept>

#include "common/clock.h"
#include "harness/fault/process_fault.h"

namespace harness {
namespace {

constexpr int64_t kKilledEndsWithinNs = 10'000'000'000;
constexpr int64_t kRestEndsWithinNs = 2'000'000'000;  // after the process: what is none of its members

std::string SignalName(int signal) { return std::string("SIG") + sigabbrev_np(signal); }

std::string Milliseconds(int64_t time_ns) { return std::to_string(time_ns / 1'000'000) + " ms"; }

}  // namespace

FaultOutcome EndingFault::Strike(FaultTargets* targets) {
  Supervisor* const supervisor = targets->supervisor();
  FaultOutcome outcome;
  outcome.struck_ns = pipeline::MonotonicNs();
  const std::optional<int64_t> pid = targets->Pid(target_);
  if (!pid || !supervisor->IsRunning(*pid)) {
    outcome.evidence = target_ + " was not running";
    return outcome;
  }
  const Subject subject = FindSubject(supervisor, *pid, targets->Port(target_));
  targets->ExpectEnd(target_, asks());
  outcome.struck_ns = pipeline::MonotonicNs();
  if (!SignalSubject(supervisor, subject, signal_)) {
    outcome.evidence = target_ + " (" + subject.PidsText() + ") had ended before " + SignalName(signal_) + " was sent";
    return outcome;
  }
  outcome.signalled = true;
  struck_pid_ = *pid;
  const int64_t timeout_ns = EndTimeoutNs(targets);
  auto exit = supervisor->WaitExit(*pid, outcome.struck_ns + timeout_ns);
  if (!exit && asks() && IsStopped(subject)) {  // a fault that came later has stopped it: it had no time
    SignalSubject(supervisor, subject, SIGCONT);
    exit = supervisor->WaitExit(*pid, pipeline::MonotonicNs() + timeout_ns);
  }
  if (exit) {
    Ended(subject, *exit, &outcome);
  } else if (asks()) {
    KillLate(targets, subject, &outcome);
  } else {
    outcome.evidence = subject.PidsText() + " was still running " + Milliseconds(timeout_ns) + " after " +
                       SignalName(signal_) + ", in state " + ProcessState(*pid).value_or('?');
  }
  return outcome;
}

void EndingFault::Ended(const Subject& subject, const ProcessExit& exit, FaultOutcome* outcome) const {
  outcome->ended_ns = exit.ended_ns;
  outcome->evidence = subject.PidsText() + " ended by " + DescribeExit(exit) + ", " +
                      Milliseconds(exit.ended_ns - outcome->struck_ns) + " after " + SignalName(signal_);
  const std::string left = LeftOf(subject, pipeline::MonotonicNs() + kRestEndsWithinNs);
  outcome->effective = IsMine(exit) && left.empty();
  if (!IsMine(exit)) outcome->evidence += ", which is not that signal's doing";
  if (!left.empty()) outcome->evidence += ", but " + left;
}

void EndingFault::KillLate(FaultTargets* targets, const Subject& subject, FaultOutcome* outcome) const {
  Supervisor* const supervisor = targets->supervisor();
  const char state = ProcessState(subject.pid).value_or('?');
  targets->HadToBeKilled(target_);
  SignalSubject(supervisor, subject, SIGKILL);
  const auto exit = supervisor->WaitExit(subject.pid, pipeline::MonotonicNs() + kKilledEndsWithinNs);
  outcome->evidence = subject.PidsText() + " was still running " + Milliseconds(EndTimeoutNs(targets)) + " after " +
                      SignalName(signal_) + ", in state " + state;
  if (!exit) return;
  outcome->ended_ns = exit->ended_ns;
  outcome->effective = true;
  outcome->evidence += ", and was killed";
}

std::optional<int64_t> EndingFault::HealAt(const FaultOutcome& outcome) const {
  if (!restart_after_ns_ || outcome.ended_ns == 0) return std::nullopt;
  return outcome.ended_ns + *restart_after_ns_;
}

bool EndingFault::Heal(FaultTargets* targets) {
  if (!restart_after_ns_ && !targets->RestartedAtEnd(target_)) return false;
  const std::optional<int64_t> pid = targets->Pid(target_);
  if (pid && targets->supervisor()->IsRunning(*pid)) {
    if (pid != struck_pid_) return true;  // another fault's heal has started it
    if (!targets->supervisor()->WaitExit(*pid, pipeline::MonotonicNs() + kKilledEndsWithinNs)) {
      throw std::runtime_error(target_ + " (pid " + std::to_string(*pid) + ") is still running after " +
                               SignalName(signal_));
    }
  }
  targets->Restart(target_);
  return true;
}

}  // namespace harness
