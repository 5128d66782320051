#include "harness/fault/fault_agenda.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace harness {

FaultAgenda::FaultAgenda(std::vector<FaultPlan> plans) {
  entries_.reserve(plans.size());
  for (FaultPlan& plan : plans) entries_.push_back({std::move(plan), Stage::kWaiting, std::nullopt, 0});
}

void FaultAgenda::OnPhase(const std::string& phase, int64_t begin_ns) {
  for (Entry& entry : entries_) {
    if (entry.stage != Stage::kWaiting || entry.due_ns || entry.plan.trigger.phase != phase) continue;
    entry.due_ns = begin_ns + entry.plan.trigger.after_ns;
  }
}

std::vector<size_t> FaultAgenda::WaitingForCounts() const {
  std::vector<size_t> waiting;
  if (stopped_) return waiting;
  for (size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.stage == Stage::kWaiting && !entry.due_ns && entry.plan.trigger.phase.empty()) waiting.push_back(i);
  }
  return waiting;
}

void FaultAgenda::OnCountReached(size_t fault, int64_t now_ns) {
  Entry& entry = entries_.at(fault);
  if (entry.stage == Stage::kWaiting && !entry.due_ns) entry.due_ns = now_ns;
}

void FaultAgenda::StopStriking() { stopped_ = true; }

bool FaultAgenda::HealUnderWay(const std::string& target) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return entry.stage == Stage::kHealing && entry.plan.target == target; });
}

std::optional<int64_t> FaultAgenda::DueNs(const Entry& entry) const {
  if (entry.stage == Stage::kInForce) {
    // At the end the order of strikes takes the place of time.
    return stopped_ ? std::numeric_limits<int64_t>::min() + entry.struck_order : entry.due_ns;
  }
  if (entry.stage == Stage::kWaiting && !stopped_) return entry.due_ns;
  return std::nullopt;
}

std::vector<FaultAction> FaultAgenda::TakeDue(int64_t now_ns) {
  struct Candidate {
    int64_t due_ns;
    FaultAction action;
  };
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < entries_.size(); ++i) {
    const std::optional<int64_t> due_ns = DueNs(entries_[i]);
    if (!due_ns || *due_ns > now_ns) continue;
    const bool heal = entries_[i].stage == Stage::kInForce;
    candidates.push_back(
        {*due_ns, {heal ? FaultStep::kHeal : FaultStep::kStrike, i, entries_[i].due_ns.value_or(now_ns)}});
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return std::pair(a.due_ns, a.action.step) < std::pair(b.due_ns, b.action.step);
  });
  std::vector<FaultAction> due;
  for (const Candidate& candidate : candidates) {
    Entry& entry = entries_[candidate.action.fault];
    if (HealUnderWay(entry.plan.target)) continue;  // its turn comes when that has ended
    if (candidate.action.step == FaultStep::kHeal) {
      entry.stage = Stage::kHealing;
    } else {
      entry.stage = Stage::kStriking;
      entry.struck_order = ++strikes_;
    }
    due.push_back(candidate.action);
  }
  return due;
}

void FaultAgenda::OnStruck(size_t fault, bool acted, std::optional<int64_t> heal_at_ns) {
  Entry& entry = entries_.at(fault);
  entry.stage = acted ? Stage::kInForce : Stage::kOver;
  entry.due_ns = heal_at_ns;
}

void FaultAgenda::OnHealEnded(size_t fault) { entries_.at(fault).stage = Stage::kOver; }

std::optional<int64_t> FaultAgenda::NextNs() const {
  std::optional<int64_t> next_ns;
  for (const Entry& entry : entries_) {
    const std::optional<int64_t> due_ns = DueNs(entry);
    if (!due_ns || HealUnderWay(entry.plan.target)) continue;
    next_ns = std::min(next_ns.value_or(*due_ns), *due_ns);
  }
  return next_ns;
}

bool FaultAgenda::Finished() const {
  return stopped_ && std::all_of(entries_.begin(), entries_.end(), [](const Entry& entry) {
           return entry.stage == Stage::kOver || entry.stage == Stage::kWaiting;
         });
}

}  // namespace harness
