// Decides which fault strikes and which heals, and when: the scheduler's head, without its hands. Pure: time comes in
// as an argument. Called by the FaultScheduler from its one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/plan/scenario.h"

namespace harness {

enum class FaultStep : uint8_t { kHeal, kStrike };

struct FaultAction {
  FaultStep step = FaultStep::kStrike;
  size_t fault = 0;        // index into the plans
  int64_t planned_ns = 0;  // when it was to happen; a count has no earlier plan than the moment it was seen reached
};

// Each fault strikes at most once; one that did something heals exactly once, at its time or when striking stops. The
// heals of one target go one after the other, and none of its faults strikes meanwhile, so that nothing is started
// twice and no restart is hit half-way. Faults of different targets never wait for each other.
class FaultAgenda {
 public:
  explicit FaultAgenda(std::vector<FaultPlan> plans);

  // The phase has begun: triggers that count from it have a time now.
  void OnPhase(const std::string& phase, int64_t begin_ns);
  // Faults whose count has not been reached yet, while faults still strike.
  std::vector<size_t> WaitingForCounts() const;
  void OnCountReached(size_t fault, int64_t now_ns);
  // No fault strikes any more; what had an effect heals as soon as it can, the earliest strike first.
  void StopStriking();

  // What is to be done now, earliest first, a heal before a strike of the same time. Each action is given once and is
  // under way until the call below that ends it.
  std::vector<FaultAction> TakeDue(int64_t now_ns);
  // `acted`: there is something to heal. `heal_at_ns`: nullopt: only when striking stops.
  void OnStruck(size_t fault, bool acted, std::optional<int64_t> heal_at_ns);
  void OnHealEnded(size_t fault);

  // The earliest time at which TakeDue will have something that it does not have now, as far as it is known.
  std::optional<int64_t> NextNs() const;
  // Striking has stopped, nothing is under way and nothing is left to heal.
  bool Finished() const;

 private:
  enum class Stage : uint8_t { kWaiting, kStriking, kInForce, kHealing, kOver };
  struct Entry {
    FaultPlan plan;
    Stage stage = Stage::kWaiting;
    std::optional<int64_t> due_ns;  // of the strike, then of the heal
    int64_t struck_order = 0;       // of strikes, from 1
  };
  bool HealUnderWay(const std::string& target) const;
  // When the entry's next action is due; nullopt: not known, or there is none.
  std::optional<int64_t> DueNs(const Entry& entry) const;

  std::vector<Entry> entries_;
  int64_t strikes_ = 0;
  bool stopped_ = false;
};

}  // namespace harness
