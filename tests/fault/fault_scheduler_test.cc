// Faults strike when their triggers say so, none delays another, each is reported with its evidence, and when the
// scheduler stops everything is as it was.
#include "harness/fault/fault_scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>

#include "tests/fault/fault_testing.h"

namespace harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Listener : public FaultListener {
 public:
  void OnStrike(size_t fault, int64_t planned_ns, const FaultOutcome& outcome) override {
    const std::lock_guard lock(mutex_);
    strikes_[fault] = {planned_ns, outcome};
    Say("strike " + std::to_string(fault));
  }
  void OnHealed(size_t fault, int64_t time_ns) override {
    const std::lock_guard lock(mutex_);
    healed_[fault] = time_ns;
    Say("heal " + std::to_string(fault));
  }
  void OnHealFailed(size_t fault, const std::string& sentence) override {
    const std::lock_guard lock(mutex_);
    failure_ = sentence;
    Say("failed " + std::to_string(fault));
  }
  bool CountReached(const Trigger& trigger) override { return count_ >= trigger.count; }

  bool WaitFor(const std::string& line) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, std::chrono::steady_clock::now() + std::chrono::seconds(30),
                               [&] { return std::find(lines_.begin(), lines_.end(), line) != lines_.end(); });
  }
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  std::pair<int64_t, FaultOutcome> strike(size_t fault) const {
    const std::lock_guard lock(mutex_);
    return strikes_.at(fault);
  }
  int64_t healed_ns(size_t fault) const {
    const std::lock_guard lock(mutex_);
    return healed_.at(fault);
  }
  std::string failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
  }
  void SetCount(int64_t count) { count_ = count; }

 private:
  void Say(const std::string& line) {
    lines_.push_back(line);
    changed_.notify_all();
  }
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  std::map<size_t, std::pair<int64_t, FaultOutcome>> strikes_;
  std::map<size_t, int64_t> healed_;
  std::string failure_;
  std::atomic<int64_t> count_ = 0;
};

// A fault that can be told to take its time.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  void Pass() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return open; });
  }
  void Open() {
    const std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }
};

class FakeFault : public Fault {
 public:
  FakeFault(const FaultPlan& plan, Gate* gate) : plan_(plan), gate_(gate) {}
  FaultOutcome Strike(FaultTargets*) override {
    if (plan_.target == "slow") gate_->Pass();
    if (plan_.target == "throws") throw std::runtime_error("it can't");
    return {plan_.target != "absent", "fake", pipeline::MonotonicNs(), 0};
  }
  std::optional<int64_t> HealAt(const FaultOutcome& outcome) const override {
    if (!plan_.duration_ns) return std::nullopt;
    return outcome.struck_ns + *plan_.duration_ns;
  }
  bool Heal(FaultTargets*) override { return plan_.target != "stays"; }

 private:
  FaultPlan plan_;
  Gate* gate_;
};

FaultPlan Plan(const std::string& target, const std::string& phase, int64_t after_ns = 0) {
  FaultPlan plan;
  plan.name = "on-" + target;
  plan.target = target;
  plan.trigger.phase = phase;
  plan.trigger.after_ns = after_ns;
  plan.trigger.count = 100;
  return plan;
}

class FaultSchedulerTest : public ::testing::Test {
 protected:
  std::unique_ptr<FaultScheduler> Fake(const std::vector<FaultPlan>& plans) {
    auto scheduler = std::make_unique<FaultScheduler>(plans, nullptr, &listener_, [this](const FaultPlan& plan) {
      return std::make_unique<FakeFault>(plan, &gate_);
    });
    scheduler->Start();
    return scheduler;
  }
  Listener listener_;
  Gate gate_;
};

TEST_F(FaultSchedulerTest, StrikesByTimeAndHealsByTime) {
  FaultPlan plan = Plan("a", "steady", 30'000'000);
  plan.duration_ns = 40'000'000;
  const auto scheduler = Fake({plan, Plan("b", "never")});
  const int64_t begin_ns = pipeline::MonotonicNs();
  scheduler->OnPhase("warm-up", begin_ns - kSecondNs);
  scheduler->OnPhase("steady", begin_ns);
  ASSERT_TRUE(listener_.WaitFor("heal 0"));
  const auto [planned_ns, outcome] = listener_.strike(0);
  EXPECT_EQ(planned_ns, begin_ns + 30'000'000);
  EXPECT_GE(outcome.struck_ns, planned_ns);
  EXPECT_GE(listener_.healed_ns(0), outcome.struck_ns + 40'000'000);
  scheduler->StopAndHealAll();
  EXPECT_THAT(listener_.lines(), ElementsAre("strike 0", "heal 0"));  // the other never struck
}

TEST_F(FaultSchedulerTest, StrikesByCountWhetherOrNotItIsTold) {
  const auto scheduler = Fake({Plan("a", "")});
  listener_.SetCount(99);
  scheduler->OnCounts();
  scheduler->OnCounts();
  EXPECT_TRUE(listener_.lines().empty());
  listener_.SetCount(100);
  ASSERT_TRUE(listener_.WaitFor("strike 0"));
  EXPECT_LE(listener_.strike(0).first, listener_.strike(0).second.struck_ns);
  scheduler->StopAndHealAll();
  EXPECT_THAT(listener_.lines(), ElementsAre("strike 0", "heal 0"));
}

TEST_F(FaultSchedulerTest, OneThatTakesItsTimeDelaysNoOther) {
  FaultPlan quick = Plan("quick", "p", 1'000'000);
  quick.duration_ns = 1'000'000;
  const auto scheduler = Fake({Plan("slow", "p"), quick});
  scheduler->OnPhase("p", pipeline::MonotonicNs());
  ASSERT_TRUE(listener_.WaitFor("heal 1"));
  EXPECT_THAT(listener_.lines(), ElementsAre("strike 1", "heal 1"));
  gate_.Open();
  scheduler->StopAndHealAll();
  EXPECT_THAT(listener_.lines(), ElementsAre("strike 1", "heal 1", "strike 0", "heal 0"));
}

TEST_F(FaultSchedulerTest, WithoutEffectThereIsNoHeal) {
  const auto scheduler = Fake({Plan("absent", "p"), Plan("throws", "p"), Plan("stays", "p")});
  scheduler->OnPhase("p", pipeline::MonotonicNs());
  for (const char* line : {"strike 0", "strike 1", "strike 2"}) ASSERT_TRUE(listener_.WaitFor(line));
  scheduler->StopAndHealAll();
  EXPECT_EQ(listener_.lines().size(), 3u);  // one had no effect, one could not, one stays
  EXPECT_FALSE(listener_.strike(1).second.effective);
  EXPECT_EQ(listener_.strike(1).second.evidence, "it can't");
}

TEST_F(FaultSchedulerTest, StopsWithoutHavingStartedAndMoreThanOnce) {
  FaultScheduler never({Plan("a", "p")}, nullptr, &listener_,
                       [this](const FaultPlan& plan) { return std::make_unique<FakeFault>(plan, &gate_); });
  never.StopAndHealAll();
  const auto scheduler = Fake({Plan("a", "p")});
  scheduler->StopAndHealAll();
  scheduler->OnPhase("p", 0);
  scheduler->OnCounts();
  scheduler->StopAndHealAll();
  EXPECT_TRUE(listener_.lines().empty());
}

TEST_F(FaultSchedulerTest, RealProcessesAreBrokenAndPutBack) {
  ProcessTargets targets;
  targets.Add("server-1", kSleeper);
  const int64_t client = targets.Add("client-1", kSleeper);
  targets.Add("shop", kSleeper);
  targets.SetProducer("shop");
  FaultPlan crash = Plan("server-1", "p");
  crash.restart_after_ns = 5'000'000;
  FaultPlan restart = Plan("server-1", "");
  restart.type = FaultType::kProcessTerminate;  // its trigger is a count; healed at the end
  FaultPlan pause = Plan("client-1", "p");
  pause.type = FaultType::kProcessPause;
  const FaultPlan producer = Plan("shop", "p");
  const FaultPlan second = Plan("shop", "q");
  FaultScheduler scheduler({crash, restart, pause, producer, second}, &targets, &listener_);
  scheduler.Start();
  scheduler.OnPhase("p", pipeline::MonotonicNs());
  ASSERT_TRUE(listener_.WaitFor("heal 0"));
  EXPECT_GE(listener_.healed_ns(0), listener_.strike(0).second.ended_ns + 5'000'000);
  listener_.SetCount(100);
  ASSERT_TRUE(listener_.WaitFor("strike 1"));
  ASSERT_TRUE(listener_.WaitFor("strike 2"));
  EXPECT_EQ(ProcessState(client), 'T');
  ASSERT_TRUE(listener_.WaitFor("strike 3"));
  scheduler.OnPhase("q", pipeline::MonotonicNs());
  ASSERT_TRUE(listener_.WaitFor("strike 4"));
  scheduler.StopAndHealAll();

  for (const size_t fault : {0, 1, 2, 3}) EXPECT_TRUE(listener_.strike(fault).second.effective) << fault;
  EXPECT_FALSE(listener_.strike(4).second.effective);
  EXPECT_EQ(listener_.strike(4).second.evidence, "shop was not running");
  const auto lines = listener_.lines();
  EXPECT_EQ(lines.size(), 8u);  // 5 strikes; heals of 0, 1 and 2
  EXPECT_TRUE(targets.Pid("server-1"));
  EXPECT_FALSE(targets.Pid("shop"));
  EXPECT_NE(ProcessState(client), 'T');
  EXPECT_EQ(targets.restarts(), 2);
}

TEST_F(FaultSchedulerTest, AHealThatFailsIsReported) {
  ProcessTargets targets;
  targets.Add("server-1", kSleeper);
  targets.FailRestarts();
  FaultScheduler scheduler({Plan("server-1", "p")}, &targets, &listener_);
  scheduler.Start();
  scheduler.OnPhase("p", pipeline::MonotonicNs());
  ASSERT_TRUE(listener_.WaitFor("strike 0"));
  scheduler.StopAndHealAll();
  EXPECT_EQ(listener_.failure(), "on-server-1 can't be healed: can't start server-1: program gone");
}

}  // namespace
}  // namespace harness
