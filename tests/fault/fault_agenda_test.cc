// Whatever the plan and however long strikes and heals take: a fault strikes at most once and not before its time,
// heals exactly once if it had an effect and never otherwise, targets do not wait for each other, and everything ends
// healed.
#include "harness/fault/fault_agenda.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

namespace harness {
namespace {

FaultPlan AtTime(const std::string& target, const std::string& phase, int64_t after_ns) {
  FaultPlan plan;
  plan.target = target;
  plan.trigger.phase = phase;
  plan.trigger.after_ns = after_ns;
  return plan;
}

FaultPlan AtCount(const std::string& target, int64_t count) {
  FaultPlan plan;
  plan.target = target;
  plan.trigger.count = count;
  return plan;
}

std::vector<size_t> Faults(const std::vector<FaultAction>& actions) {
  std::vector<size_t> faults;
  faults.reserve(actions.size());
  for (const FaultAction& action : actions) faults.push_back(action.fault);
  return faults;
}

TEST(FaultAgendaTest, StrikesAtItsTimeInItsPhase) {
  FaultAgenda agenda({AtTime("s", "steady", 100), AtTime("t", "steady", 50), AtTime("u", "later", 0)});
  EXPECT_TRUE(agenda.TakeDue(1'000'000).empty());
  EXPECT_EQ(agenda.NextNs(), std::nullopt);
  agenda.OnPhase("steady", 1000);
  EXPECT_EQ(agenda.NextNs(), 1050);
  EXPECT_TRUE(agenda.TakeDue(1049).empty());
  const auto first = agenda.TakeDue(1050);
  ASSERT_EQ(Faults(first), std::vector<size_t>{1});
  EXPECT_EQ(first[0].step, FaultStep::kStrike);
  EXPECT_EQ(first[0].planned_ns, 1050);
  const auto late = agenda.TakeDue(5000);
  ASSERT_EQ(Faults(late), std::vector<size_t>{0});
  EXPECT_EQ(late[0].planned_ns, 1100);  // the plan stays what it was
}

TEST(FaultAgendaTest, StrikesWhenItsCountIsReached) {
  FaultAgenda agenda({AtTime("s", "steady", 0), AtCount("t", 10)});
  EXPECT_EQ(agenda.WaitingForCounts(), std::vector<size_t>{1});
  agenda.OnCountReached(1, 77);
  EXPECT_TRUE(agenda.WaitingForCounts().empty());
  const auto due = agenda.TakeDue(80);
  ASSERT_EQ(Faults(due), std::vector<size_t>{1});
  EXPECT_EQ(due[0].planned_ns, 77);
}

TEST(FaultAgendaTest, HealsAtItsTimeOrWhenStrikingStops) {
  FaultAgenda agenda({AtTime("s", "p", 0), AtTime("t", "p", 1), AtTime("u", "p", 2), AtTime("v", "p", 1000)});
  agenda.OnPhase("p", 0);
  ASSERT_EQ(Faults(agenda.TakeDue(10)), (std::vector<size_t>{0, 1, 2}));
  agenda.OnStruck(0, true, 50);
  agenda.OnStruck(1, true, std::nullopt);
  agenda.OnStruck(2, false, std::nullopt);
  EXPECT_TRUE(agenda.TakeDue(49).empty());
  const auto heal = agenda.TakeDue(50);
  ASSERT_EQ(Faults(heal), std::vector<size_t>{0});
  EXPECT_EQ(heal[0].step, FaultStep::kHeal);
  agenda.OnHealEnded(0);
  agenda.StopStriking();
  EXPECT_FALSE(agenda.Finished());
  ASSERT_EQ(Faults(agenda.TakeDue(2000)), std::vector<size_t>{1});  // neither 2, without evidence, nor 3, never struck
  EXPECT_FALSE(agenda.Finished());
  agenda.OnHealEnded(1);
  EXPECT_TRUE(agenda.Finished());
}

TEST(FaultAgendaTest, AtTheEndTheEarliestStrikeHealsFirst) {
  FaultAgenda agenda({AtTime("s", "p", 30), AtTime("t", "p", 10), AtTime("u", "p", 20)});
  agenda.OnPhase("p", 0);
  ASSERT_EQ(agenda.TakeDue(100).size(), 3u);
  for (size_t i = 0; i < 3; ++i) agenda.OnStruck(i, true, i == 1 ? std::nullopt : std::optional<int64_t>(1'000'000));
  agenda.StopStriking();
  EXPECT_EQ(Faults(agenda.TakeDue(200)), (std::vector<size_t>{1, 2, 0}));
}

TEST(FaultAgendaTest, HealsOfOneTargetGoOneAfterTheOther) {
  FaultAgenda agenda({AtTime("s", "p", 0), AtTime("s", "p", 1), AtTime("s", "p", 100), AtTime("t", "p", 100)});
  agenda.OnPhase("p", 0);
  ASSERT_EQ(agenda.TakeDue(1).size(), 2u);
  agenda.OnStruck(0, true, 100);
  agenda.OnStruck(1, true, 100);
  // The heal before the strike of the same time; the other target's strike at once.
  EXPECT_EQ(Faults(agenda.TakeDue(100)), (std::vector<size_t>{0, 3}));
  EXPECT_EQ(agenda.NextNs(), std::nullopt);
  EXPECT_TRUE(agenda.TakeDue(200).empty());
  agenda.OnHealEnded(0);
  EXPECT_EQ(Faults(agenda.TakeDue(200)), std::vector<size_t>{1});
  agenda.OnHealEnded(1);
  EXPECT_EQ(Faults(agenda.TakeDue(200)), std::vector<size_t>{2});
}

// Runs a random plan in simulated time and checks every rule at each step.
class Simulation {
 public:
  Simulation() {
    const int count = *rc::gen::inRange(1, 7);
    for (int i = 0; i < count; ++i) {
      const std::string target = *rc::gen::element(std::string("a"), std::string("b"), std::string("c"));
      plans_.push_back(*rc::gen::arbitrary<bool>() ? AtTime(target, *rc::gen::element<std::string>("p", "q"), Time())
                                                   : AtCount(target, Time()));
      told_.push_back({});
    }
    stop_ns_ = *rc::gen::inRange<int64_t>(0, 200);
    q_begin_ns_ = *rc::gen::inRange<int64_t>(0, 100);
  }

  void Run() {
    FaultAgenda agenda(plans_);
    agenda.OnPhase("p", 0);
    for (now_ns_ = 0; now_ns_ <= 2000; ++now_ns_) {
      if (now_ns_ == q_begin_ns_) agenda.OnPhase("q", now_ns_);
      for (const size_t fault : agenda.WaitingForCounts()) {
        if (now_ns_ >= plans_[fault].trigger.count) agenda.OnCountReached(fault, now_ns_);
      }
      if (now_ns_ == stop_ns_) agenda.StopStriking();
      EndActions(&agenda);
      const auto next_ns = agenda.NextNs();
      const auto due = agenda.TakeDue(now_ns_);
      RC_ASSERT((due.empty() || (next_ns && *next_ns <= now_ns_)));
      RC_ASSERT((!next_ns || *next_ns > now_ns_ || !due.empty()));
      for (const FaultAction& action : due) Begin(action);
      CheckNothingIsLate();
    }
    RC_ASSERT(agenda.Finished());
    for (const Told& told : told_) RC_ASSERT(told.heals == (told.effective ? 1 : 0));
  }

 private:
  struct Told {
    int strikes = 0;
    int heals = 0;
    bool striking = false;
    bool healing = false;
    bool effective = false;
    std::optional<int64_t> heal_at_ns;
    int64_t ends_ns = 0;
  };

  static int64_t Time() { return *rc::gen::inRange<int64_t>(0, 100); }

  int64_t StrikeNs(size_t fault) const {
    const Trigger& trigger = plans_[fault].trigger;
    if (trigger.phase.empty()) return trigger.count;
    return trigger.after_ns + (trigger.phase == "q" ? q_begin_ns_ : 0);
  }

  bool HealUnderWay(const std::string& target) const {
    for (size_t i = 0; i < told_.size(); ++i) {
      if (told_[i].healing && plans_[i].target == target) return true;
    }
    return false;
  }

  void Begin(const FaultAction& action) {
    Told& told = told_[action.fault];
    RC_ASSERT(!told.striking && !told.healing);
    RC_ASSERT(!HealUnderWay(plans_[action.fault].target));
    if (action.step == FaultStep::kStrike) {
      RC_ASSERT(++told.strikes == 1);
      RC_ASSERT(now_ns_ < stop_ns_);
      RC_ASSERT(action.planned_ns == StrikeNs(action.fault));
      RC_ASSERT(now_ns_ >= action.planned_ns);
      told.striking = true;
    } else {
      RC_ASSERT(told.effective);
      RC_ASSERT(++told.heals == 1);
      RC_ASSERT((now_ns_ >= stop_ns_ || (told.heal_at_ns && *told.heal_at_ns <= now_ns_)));
      told.healing = true;
    }
    told.ends_ns = now_ns_ + *rc::gen::inRange<int64_t>(1, 60);
  }

  void EndActions(FaultAgenda* agenda) {
    for (size_t i = 0; i < told_.size(); ++i) {
      Told& told = told_[i];
      if ((!told.striking && !told.healing) || told.ends_ns > now_ns_) continue;
      if (told.striking) {
        told.effective = *rc::gen::arbitrary<bool>();
        if (told.effective && *rc::gen::arbitrary<bool>()) told.heal_at_ns = now_ns_ + Time();
        agenda->OnStruck(i, told.effective, told.heal_at_ns);
      } else {
        agenda->OnHealEnded(i);
      }
      told.striking = told.healing = false;
    }
  }

  // What could have been begun now has been.
  void CheckNothingIsLate() const {
    for (size_t i = 0; i < told_.size(); ++i) {
      const Told& told = told_[i];
      if (HealUnderWay(plans_[i].target)) continue;
      if (now_ns_ < stop_ns_ && told.strikes == 0) {
        const bool begun = plans_[i].trigger.phase != "q" || now_ns_ >= q_begin_ns_;
        RC_ASSERT(!begun || StrikeNs(i) > now_ns_);
      }
      if (told.effective && told.heals == 0) {
        RC_ASSERT(now_ns_ < stop_ns_);
        RC_ASSERT((!told.heal_at_ns || *told.heal_at_ns > now_ns_));
      }
    }
  }

  std::vector<FaultPlan> plans_;
  std::vector<Told> told_;
  int64_t now_ns_ = 0;
  int64_t stop_ns_ = 0;
  int64_t q_begin_ns_ = 0;
};

RC_GTEST_PROP(FaultAgendaProperty, AnyPlanIsCarriedOutInOrder, ()) { Simulation().Run(); }

}  // namespace
}  // namespace harness
