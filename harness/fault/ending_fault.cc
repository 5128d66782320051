#include <cstring>

#include "common/clock.h"
#include "harness/fault/process_fault.h"

namespace harness {
namespace {

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
  const std::string who = "pid " + std::to_string(*pid);
  targets->ExpectEnd(target_);
  outcome.struck_ns = pipeline::MonotonicNs();
  if (!supervisor->Signal(*pid, signal_)) {
    outcome.evidence = target_ + " (" + who + ") had ended before " + SignalName(signal_) + " was sent";
    return outcome;
  }
  const auto exit = supervisor->WaitExit(*pid, outcome.struck_ns + end_timeout_ns_);
  if (!exit) {
    const char state = ProcessState(*pid).value_or('?');
    outcome.evidence = who + " was still running " + Milliseconds(end_timeout_ns_) + " after " + SignalName(signal_) +
                       ", in state " + state;
    return outcome;
  }
  outcome.ended_ns = exit->ended_ns;
  outcome.effective = IsMine(*exit);
  outcome.evidence = who + " ended by " + DescribeExit(*exit) + ", " +
                     Milliseconds(exit->ended_ns - outcome.struck_ns) + " after " + SignalName(signal_);
  if (!outcome.effective) outcome.evidence += ", which is not that signal's doing";
  return outcome;
}

std::optional<int64_t> EndingFault::HealAt(const FaultOutcome& outcome) const {
  if (!restart_after_ns_) return std::nullopt;
  return outcome.ended_ns + *restart_after_ns_;
}

bool EndingFault::Heal(FaultTargets* targets) {
  if (!restart_after_ns_ && !targets->RestartedAtEnd(target_)) return false;
  const std::optional<int64_t> pid = targets->Pid(target_);
  if (pid && targets->supervisor()->IsRunning(*pid)) return true;  // another fault's heal has started it
  targets->Restart(target_);
  return true;
}

}  // namespace harness
