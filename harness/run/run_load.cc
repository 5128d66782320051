// The middle of a run: phases, faults as they strike and heal, producers that start at a moment.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "common/clock.h"
#include "harness/run/run.h"
#include "harness/scenario/quantity.h"
#include "harness/verify/caught_up.h"

namespace harness {
namespace {

constexpr int64_t kMillisecondNs = 1'000'000;
constexpr int64_t kLeadNs = 20 * kMillisecondNs;  // from now to the first phase's beginning

}  // namespace

void Run::OfferLoad() {
  view_->OnStep("warming up the producers");
  timer_.Begin("warm-up");
  generator_->WarmUp();
  for (const FaultPlan& plan : scenario_.faults) {
    fault_indices_.push_back(recorder_.OnFault({.name = plan.name,
                                                .type = std::string(FaultTypeName(plan.type)),
                                                .target = plan.target,
                                                .evidence = "its trigger never fired"}));
  }
  FaultListener* listener = this;
  faults_ = std::make_unique<FaultScheduler>(scenario_.faults, &processes_, listener);
  faults_->Start();
  for (const ProducerPlan& plan : scenario_.producers) {
    if (plan.kind == ProducerKind::kProcess) {
      starters_.emplace_back([this, &plan] { StartProducerWhenDue(plan); });
    }
  }
  for (const ServerPlan& plan : scenario_.servers) {
    if (plan.start) starters_.emplace_back([this, &plan] { StartServerWhenDue(plan); });
  }
  for (const ClientPlan& plan : scenario_.clients) {
    if (plan.start || plan.stop) starters_.emplace_back([this, &plan] { FollowPlanOf(plan); });
  }
  StartProber();
  int64_t begin_ns = pipeline::MonotonicNs() + kLeadNs;
  load_begin_ns_ = begin_ns;
  hiccup_detector_ = std::make_unique<HiccupDetector>();
  timer_.Begin(kLoadStep);
  for (const PhasePlan& plan : scenario_.phases) {
    if (stopped()) break;
    RunPhase(plan, &begin_ns);
  }
}

void Run::StartProber() {
  if (!scenario_.probe.enabled || !options_.audit) return;  // its answers are held against the audited log
  ProbeOptions options;
  options.interval_ns = scenario_.probe.interval_ns;
  options.seed = scenario_.seed;
  for (const ServerPlan& plan : scenario_.servers) {
    options.servers.push_back({plan.name, ServerAddress(names_, plan.name)});
  }
  prober_ = std::make_unique<UnaryProber>(std::move(options), &recorder_);
}

// Leaves the next phase's beginning in `begin_ns`: a phase with a duration ends when planned, so that no time is lost
// between two of them.
void Run::RunPhase(const PhasePlan& plan, int64_t* begin_ns) {
  const uint8_t index = recorder_.AddPhase({.name = plan.name,
                                            .begin_ns = *begin_ns,
                                            .end_ns = 0,
                                            .measured = plan.measure,
                                            .offers_load = OffersLoad(plan),
                                            .planned = 0});
  {
    const pipeline::MutexLock lock(&phases_mutex_);
    phase_begins_[plan.name] = *begin_ns;
    phases_changed_.NotifyAll();
  }
  faults_->OnPhase(plan.name, *begin_ns);
  view_->OnPhase(plan.name, *begin_ns, plan.duration_ns, plan.count);
  const int64_t planned = generator_->RunPhase(index, plan, *begin_ns, [this] { return stopped(); });
  const int64_t end_ns = plan.duration_ns == 0 || stopped() ? pipeline::MonotonicNs() : *begin_ns + plan.duration_ns;
  recorder_.UpdatePhase(index, [&](Phase* phase) {
    phase->end_ns = end_ns;
    phase->planned = planned;
  });
  *begin_ns = end_ns;
  if (!plan.then_drained || stopped()) return;
  view_->OnStep("draining " + plan.name);
  WaitCaughtUp(pipeline::MonotonicNs() + scenario_.drain_timeout_ns);
  *begin_ns = pipeline::MonotonicNs();
}

bool Run::AllCaughtUp() const {
  bool all = true;
  recorder_.Read([&](const History& history) {
    for (const size_t client : observed_clients_) {
      const Client& seen = history.clients[client];
      if (!seen.is_there()) continue;
      all = all && (options_.audit ? CaughtUp(history, seen) : HasSentinels(history, seen));
    }
  });
  return all;
}

// Until every client has what the audit has read up to now; the audit first reads what the topic has now. Without it:
// until they have their sentinels.
void Run::WaitCaughtUp(int64_t deadline_ns) {
  bool caught_up = (!audit_ || audit_->CatchUp(deadline_ns)) && AllCaughtUp();
  while (!caught_up && pipeline::MonotonicNs() < deadline_ns) {
    if (stop_.WaitUntil(pipeline::MonotonicNs() + 10 * kMillisecondNs) || stopped()) return;
    caught_up = AllCaughtUp();
  }
  if (!caught_up) view_->OnNotice("not all clients caught up in time");
}

void Run::StartProducerWhenDue(const ProducerPlan& plan) {
  const std::string start = plan.start.empty() ? scenario_.phases.front().name : plan.start;
  const Moment moment = ParseMoment(start).value_or(Moment{start, 0});
  Trigger trigger;
  trigger.phase = moment.phase;
  trigger.after_ns = moment.after_ns;
  if (!WaitForTrigger(trigger)) return;
  try {
    processes_.Start(plan.name);
  } catch (const std::runtime_error& error) {
    recorder_.HarnessError(error.what());
  }
}

void Run::StartServerWhenDue(const ServerPlan& plan) {
  if (!WaitForTrigger(*plan.start)) {
    if (!stopped()) recorder_.HarnessError(fmt::format("server {} never started: its trigger never fired", plan.name));
    return;
  }
  view_->OnNotice(plan.name + " is started");
  try {
    processes_.Start(plan.name);
  } catch (const std::runtime_error& error) {
    recorder_.HarnessError(error.what());
  }
}

bool Run::WaitForTrigger(const Trigger& trigger) {
  constexpr auto kLookEvery = std::chrono::milliseconds(5);
  pipeline::MutexLock lock(&phases_mutex_);
  if (trigger.phase.empty()) {
    while (!phases_over_) {
      lock.Unlock();
      const bool reached = CountReached(trigger);
      lock.Lock();
      if (reached) return true;
      phases_changed_.WaitFor(&phases_mutex_, kLookEvery,
                              [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(phases_mutex_) { return phases_over_; });
    }
    return false;
  }
  phases_changed_.Wait(&phases_mutex_, [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(phases_mutex_) {
    return phases_over_ || phase_begins_.contains(trigger.phase);
  });
  if (phases_over_) return false;
  const int64_t due_ns = phase_begins_[trigger.phase] + trigger.after_ns;
  lock.Unlock();
  return WaitUntilInPhases(due_ns);
}

bool Run::WaitUntilInPhases(int64_t until_ns) {
  const pipeline::MutexLock lock(&phases_mutex_);
  phases_changed_.WaitFor(&phases_mutex_, std::chrono::nanoseconds(until_ns - pipeline::MonotonicNs()),
                          [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(phases_mutex_) { return phases_over_; });
  return !phases_over_;
}

void Run::ReleaseStarters() {
  {
    const pipeline::MutexLock lock(&phases_mutex_);
    phases_over_ = true;
    phases_changed_.NotifyAll();
  }
  for (std::thread& starter : starters_) starter.join();
  starters_.clear();
}

void Run::Abandon(const std::string& sentence) {
  {
    const pipeline::MutexLock lock(&phases_mutex_);
    if (abandoned_) return;
    abandoned_because_ = sentence;
    abandoned_ = true;
    phases_changed_.NotifyAll();
  }
  recorder_.HarnessError(sentence);
  view_->OnNotice(sentence);
}

void Run::OnStrike(size_t fault, int64_t planned_ns, const FaultOutcome& outcome) {
  recorder_.UpdateFault(fault_indices_[fault], [&](FaultEvent* event) {
    event->planned_ns = planned_ns;
    event->struck_ns = outcome.struck_ns;
    event->effective = outcome.effective;
    event->evidence = outcome.evidence;
  });
  const FaultPlan& plan = scenario_.faults[fault];
  view_->OnNotice(fmt::format("{} ({} of {}): {}", plan.name, FaultTypeName(plan.type), plan.target, outcome.evidence));
}

void Run::OnHealed(size_t fault, int64_t time_ns) {
  recorder_.UpdateFault(fault_indices_[fault], [&](FaultEvent* event) { event->healed_ns = time_ns; });
  const FaultPlan& plan = scenario_.faults[fault];
  const bool resumed = plan.type == FaultType::kProcessPause;
  view_->OnNotice(fmt::format("{}: {} {}", plan.name, plan.target, resumed ? "continues" : "was started again"));
}

void Run::OnHealFailed(size_t fault, const std::string& sentence) {
  recorder_.HarnessError(fmt::format("fault {} could not be healed: {}", scenario_.faults[fault].name, sentence));
}

bool Run::CountReached(const Trigger& trigger) {
  const LiveCounts counts = recorder_.Counts();
  switch (trigger.count_kind) {
    case CountKind::kSent:
      return counts.sent >= trigger.count;
    case CountKind::kAcked:
      return counts.acked >= trigger.count;
    case CountKind::kLogged:
      return counts.logged >= trigger.count;
    case CountKind::kDelivered:
      break;
  }
  if (trigger.client.empty()) return counts.delivered_min >= trigger.count;
  for (const ClientCounts& client : counts.clients) {
    if (client.name == trigger.client) return client.delivered >= trigger.count;
  }
  return false;
}

}  // namespace harness
