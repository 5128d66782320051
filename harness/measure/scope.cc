#include "harness/measure/scope.h"

#include <algorithm>
#include <string>
#include <utility>

#include "harness/measure/measurement.h"
#include "text/duration.h"

namespace harness {
namespace {

// Index by name; SIZE_MAX when there is none of that name in the history.
template <typename Named>
size_t Find(const std::vector<Named>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Named& one) { return one.name == name; });
  return found == all.end() ? SIZE_MAX : static_cast<size_t>(found - all.begin());
}

}  // namespace

int64_t PhaseEndNs(const History& history, size_t index) {
  const Phase& phase = history.phases[index];
  if (phase.begin_ns == 0) return 0;
  return phase.end_ns != 0 ? phase.end_ns : std::max(phase.begin_ns, history.load_end_ns);
}

Scope::Scope(const History& history, const std::vector<Recovery>& recoveries, const Threshold& threshold, size_t client)
    : history_(history) {
  if (const auto phase = Selected(threshold, "phase")) phase_ = Find(history.phases, *phase);
  const size_t whose = threshold.selectors.contains("client") ? client : kAnyClient;
  if (threshold.selectors.contains("excluding")) excluded_ = FaultSpans(history, recoveries, whose, kNoFault);
  for (const char* selector : {"fault", "during"}) {
    const auto name = Selected(threshold, selector);
    if (!name) continue;
    const auto after = selector == std::string("during") ? Selected(threshold, "after") : std::nullopt;
    const int64_t after_ns = after ? pipeline::ParseDurationNs(*after).value_or(0) : 0;
    const size_t fault = Find(history.faults, *name);
    auto spans = fault == SIZE_MAX ? std::vector<Interval>() : FaultSpans(history, recoveries, whose, fault, after_ns);
    within_ = within_ ? Intersection(*within_, spans) : std::move(spans);
  }
}

bool Scope::HasPhase(size_t phase) const {
  if (phase_) return phase == *phase_;
  return phase >= history_.phases.size() || history_.phases[phase].measured;
}

bool Scope::Has(size_t phase, int64_t begin_ns, int64_t end_ns) const {
  if (!HasPhase(phase)) return false;
  if (within_ && !Meets(*within_, begin_ns, end_ns)) return false;
  return !Meets(excluded_, begin_ns, end_ns);
}

std::vector<Interval> Scope::Spans(bool with_drain) const {
  std::vector<Interval> spans;
  for (size_t i = 0; i < history_.phases.size(); ++i) {
    const int64_t begin_ns = history_.phases[i].begin_ns;
    if (begin_ns == 0 || !HasPhase(i)) continue;
    int64_t end_ns = PhaseEndNs(history_, i);
    if (with_drain) {
      const bool last = i + 1 == history_.phases.size() || history_.phases[i + 1].begin_ns == 0;
      end_ns = std::max(end_ns,
                        last ? std::max(history_.load_end_ns, history_.drain_end_ns) : history_.phases[i + 1].begin_ns);
    }
    spans.push_back({begin_ns, end_ns});
  }
  spans = United(std::move(spans));
  if (within_) spans = Intersection(spans, *within_);
  return Difference(spans, excluded_);
}

}  // namespace harness
