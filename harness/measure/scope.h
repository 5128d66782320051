// What a threshold's selectors choose for one client: of the records those whose life lies there, of the time the
// spans.
//
// phase=P: records of that phase, the time that it lasted; without it all phases that count (warm-up does not).
// fault=F, during=F: what meets [strike, recovered] of F; with after=T what meets [strike + T, recovered].
// excluding=faults: what meets no fault's [strike, recovered].
// Recovered is the selected client's, else the last one's to recover. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "harness/plan/scenario.h"
#include "harness/verify/history.h"
#include "harness/verify/intervals.h"
#include "harness/verify/recovery.h"

namespace harness {

// When phase `index` was over; 0: it never began.
int64_t PhaseEndNs(const History& history, size_t index);

class Scope {
 public:
  // `client`: index into History::clients, or kAnyClient for what is no client's.
  Scope(const History& history, const std::vector<Recovery>& recoveries, const Threshold& threshold, size_t client);

  bool HasPhase(size_t phase) const;
  // Whether a record of `phase` whose life was [begin_ns, end_ns] belongs to it.
  bool Has(size_t phase, int64_t begin_ns, int64_t end_ns) const;
  // The time of it, united. `with_drain`: each phase's up to the next one's beginning, the last one's to the end of the
  // drain.
  std::vector<Interval> Spans(bool with_drain = false) const;

 private:
  const History& history_;
  std::optional<size_t> phase_;  // SIZE_MAX: one that never began
  std::optional<std::vector<Interval>> within_;
  std::vector<Interval> excluded_;
};

}  // namespace harness
