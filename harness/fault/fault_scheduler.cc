#include "harness/fault/fault_scheduler.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include "common/clock.h"
#include "common/mutex.h"
#include "harness/fault/fault_agenda.h"

namespace harness {
namespace {

constexpr int64_t kLookEveryNs = 5'000'000;  // at counts, when nobody says that they changed

// What an action came to; its thread hands it to the scheduler's.
struct ActionResult {
  FaultAction action;
  FaultOutcome outcome;               // strike
  std::optional<int64_t> heal_at_ns;  // strike
  bool over = false;                  // heal
  std::string problem;                // heal: what went wrong
  int64_t time_ns = 0;                // heal
};

ActionResult RunAction(const FaultAction& action, Fault* fault, FaultTargets* targets) {
  ActionResult result;
  result.action = action;
  try {
    if (action.step == FaultStep::kStrike) {
      result.outcome = fault->Strike(targets);
      if (result.outcome.effective || result.outcome.signalled) result.heal_at_ns = fault->HealAt(result.outcome);
    } else {
      result.over = fault->Heal(targets);
    }
  } catch (const std::exception& error) {
    if (action.step == FaultStep::kStrike) {
      result.outcome = {false, error.what(), pipeline::MonotonicNs(), 0, false};
    } else {
      result.problem = error.what();
    }
  }
  result.time_ns = pipeline::MonotonicNs();
  return result;
}

}  // namespace

struct FaultScheduler::State {
  State(const std::vector<FaultPlan>& fault_plans, FaultTargets* fault_targets, FaultListener* fault_listener,
        const FaultFactory& make)
      : plans(fault_plans), targets(fault_targets), listener(fault_listener), agenda(fault_plans) {
    for (const FaultPlan& plan : plans) faults.push_back(make(plan));
    actions.resize(plans.size());
  }

  void Loop();
  void TakeNews();
  void OnResult(const ActionResult& result);
  void Launch(const FaultAction& action);
  void WaitForNews();

  const std::vector<FaultPlan> plans;
  FaultTargets* const targets;
  FaultListener* const listener;
  std::thread thread;

  // The scheduler's thread alone.
  FaultAgenda agenda;
  std::vector<std::unique_ptr<Fault>> faults;
  std::vector<std::thread> actions;  // by fault: one at a time

  pipeline::Mutex mutex;
  pipeline::CondVar changed;
  // News for the scheduler's thread.
  std::vector<std::pair<std::string, int64_t>> phases ABSL_GUARDED_BY(mutex);
  std::vector<ActionResult> results ABSL_GUARDED_BY(mutex);
  bool counts_changed ABSL_GUARDED_BY(mutex) = false;
  bool stop ABSL_GUARDED_BY(mutex) = false;
  bool stop_taken ABSL_GUARDED_BY(mutex) = false;
};

FaultScheduler::FaultScheduler(const std::vector<FaultPlan>& plans, FaultTargets* targets, FaultListener* listener,
                               const FaultFactory& make)
    : state_(std::make_unique<State>(plans, targets, listener, make)) {}

FaultScheduler::~FaultScheduler() { StopAndHealAll(); }

void FaultScheduler::Start() {
  state_->thread = std::thread([state = state_.get()] { state->Loop(); });
}

void FaultScheduler::OnPhase(const std::string& phase, int64_t begin_ns) {
  const pipeline::MutexLock lock(&state_->mutex);
  state_->phases.emplace_back(phase, begin_ns);
  state_->changed.NotifyOne();
}

void FaultScheduler::OnCounts() {
  const pipeline::MutexLock lock(&state_->mutex);
  state_->counts_changed = true;
  state_->changed.NotifyOne();
}

void FaultScheduler::StopAndHealAll() {
  {
    const pipeline::MutexLock lock(&state_->mutex);
    state_->stop = true;
    state_->changed.NotifyOne();
  }
  if (state_->thread.joinable()) state_->thread.join();
}

// The listener is never called with the lock held: it may call back.
void FaultScheduler::State::Loop() {
  while (!agenda.Finished()) {
    TakeNews();
    for (const size_t fault : agenda.WaitingForCounts()) {
      if (listener->CountReached(plans[fault].trigger)) agenda.OnCountReached(fault, pipeline::MonotonicNs());
    }
    for (const FaultAction& action : agenda.TakeDue(pipeline::MonotonicNs())) Launch(action);
    if (!agenda.Finished()) WaitForNews();
  }
  for (std::thread& action : actions) {
    if (action.joinable()) action.join();
  }
}

void FaultScheduler::State::TakeNews() {
  std::vector<std::pair<std::string, int64_t>> begun;
  std::vector<ActionResult> ended;
  {
    const pipeline::MutexLock lock(&mutex);
    begun.swap(phases);
    ended.swap(results);
    counts_changed = false;
    stop_taken = stop;
    if (stop) agenda.StopStriking();
  }
  for (const auto& [phase, begin_ns] : begun) agenda.OnPhase(phase, begin_ns);
  for (const ActionResult& result : ended) OnResult(result);
}

void FaultScheduler::State::OnResult(const ActionResult& result) {
  const size_t fault = result.action.fault;
  if (result.action.step == FaultStep::kStrike) {
    agenda.OnStruck(fault, result.outcome.effective || result.outcome.signalled, result.heal_at_ns);
    listener->OnStrike(fault, result.action.planned_ns, result.outcome);
    return;
  }
  agenda.OnHealEnded(fault);
  if (!result.problem.empty()) {
    listener->OnHealFailed(fault, plans[fault].name + " can't be healed: " + result.problem);
  } else if (result.over) {
    listener->OnHealed(fault, result.time_ns);
  }
}

// A thread for each action, since one may wait seconds for its evidence while others are due.
void FaultScheduler::State::Launch(const FaultAction& action) {
  std::thread& slot = actions[action.fault];
  if (slot.joinable()) slot.join();  // its strike, which has ended
  slot = std::thread([this, action, fault = faults[action.fault].get()] {
    ActionResult result = RunAction(action, fault, targets);
    const pipeline::MutexLock lock(&mutex);
    results.push_back(std::move(result));
    changed.NotifyOne();
  });
}

void FaultScheduler::State::WaitForNews() {
  const auto news = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    return !phases.empty() || !results.empty() || counts_changed || stop != stop_taken;
  };
  std::optional<int64_t> wake_ns = agenda.NextNs();
  if (!agenda.WaitingForCounts().empty()) {
    const int64_t look_ns = pipeline::MonotonicNs() + kLookEveryNs;
    wake_ns = std::min(wake_ns.value_or(look_ns), look_ns);
  }
  const pipeline::MutexLock lock(&mutex);
  if (wake_ns) {
    changed.WaitUntil(&mutex, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(*wake_ns)), news);
  } else {
    changed.Wait(&mutex, news);
  }
}

}  // namespace harness
