// A fault on a process is effective exactly when the process shows it, says what it saw, and undoes what it did.
#include "harness/fault/process_fault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "tests/fault/fault_testing.h"

namespace harness {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

FaultPlan Plan(FaultType type) {
  FaultPlan plan;
  plan.name = "fault";
  plan.type = type;
  plan.target = "server-1";
  return plan;
}

class ProcessFaultTest : public ::testing::Test {
 protected:
  char State(int64_t pid) { return ProcessState(pid).value_or('-'); }
  ProcessTargets targets_;
};

TEST_F(ProcessFaultTest, AKillIsProvedByTheSignalThatEndedTheProcess) {
  const int64_t pid = targets_.Add("server-1", kDeaf);
  FaultPlan plan = Plan(FaultType::kProcessKill);
  plan.restart_after_ns = 500;
  const auto fault = MakeFault(plan);
  const FaultOutcome outcome = fault->Strike(&targets_);
  EXPECT_TRUE(outcome.effective);
  EXPECT_THAT(outcome.evidence, MatchesRegex("pids? " + std::to_string(pid) +
                                             "( and [0-9]+)? ended by signal 9[^,]*, [0-9]+ ms after SIGKILL"));
  EXPECT_GE(outcome.ended_ns, outcome.struck_ns);
  EXPECT_EQ(State(pid), '-');
  EXPECT_EQ(targets_.expected(), std::vector<std::string>{"server-1"});
  EXPECT_EQ(fault->HealAt(outcome), outcome.ended_ns + 500);
  EXPECT_TRUE(fault->Heal(&targets_));
  EXPECT_TRUE(targets_.Pid("server-1"));
  EXPECT_TRUE(fault->Heal(&targets_));
  EXPECT_EQ(targets_.restarts(), 1);
}

TEST_F(ProcessFaultTest, WhatIsNotRunningCantBeBroken) {
  const int64_t pid = targets_.Add("server-1", kSleeper);
  ASSERT_TRUE(targets_.supervisor()->Signal(pid, SIGKILL));
  ASSERT_TRUE(targets_.supervisor()->WaitExit(pid, Soon()));
  for (const FaultType type : {FaultType::kProcessKill, FaultType::kProcessTerminate, FaultType::kProcessPause}) {
    const FaultOutcome outcome = MakeFault(Plan(type))->Strike(&targets_);
    EXPECT_FALSE(outcome.effective);
    EXPECT_EQ(outcome.evidence, "server-1 was not running");
    EXPECT_GT(outcome.struck_ns, 0);
  }
  EXPECT_TRUE(targets_.expected().empty());
}

TEST_F(ProcessFaultTest, ATerminateWaitsForAnOrderlyEnd) {
  targets_.Add("server-1", kOrderly);
  const auto fault = MakeFault(Plan(FaultType::kProcessTerminate));
  const FaultOutcome outcome = fault->Strike(&targets_);
  EXPECT_TRUE(outcome.effective);
  EXPECT_THAT(outcome.evidence, HasSubstr(" ended by exit 0, "));
  EXPECT_EQ(fault->HealAt(outcome), std::nullopt);
  EXPECT_TRUE(fault->Heal(&targets_));
  EXPECT_EQ(targets_.restarts(), 1);
}

// A terminate that does not wait the 10 s of the real one.
class ImpatientTerminate : public EndingFault {
 public:
  explicit ImpatientTerminate(const FaultPlan& plan) : EndingFault(plan, SIGTERM, 200'000'000) {}

 private:
  bool IsMine(const ProcessExit&) const override { return true; }
};

TEST_F(ProcessFaultTest, ATerminateThatIsIgnoredEndsInAKillAndIsToldOf) {
  const int64_t pid = targets_.Add("server-1", kDeaf);
  const FaultOutcome outcome = ImpatientTerminate(Plan(FaultType::kProcessTerminate)).Strike(&targets_);
  EXPECT_TRUE(outcome.effective);
  EXPECT_THAT(outcome.evidence,
              MatchesRegex("pids? " + std::to_string(pid) +
                           "( and [0-9]+)? was still running 200 ms after SIGTERM, in state ., and was "
                           "killed"));
  EXPECT_NE(outcome.ended_ns, 0);
  EXPECT_EQ(targets_.killed(), std::vector<std::string>{"server-1"});
  EXPECT_EQ(targets_.asked(), std::vector<std::string>{"server-1"});
}

// Whatever was signalled is healed: a pause that another fault ends, and a terminate that finds a stopped process.
TEST_F(ProcessFaultTest, ATerminateDuringAPauseEndsTheProcessAndIsHealed) {
  targets_.Add("server-1", kOrderly);
  const auto pause = MakeFault(Plan(FaultType::kProcessPause));
  ASSERT_TRUE(pause->Strike(&targets_).effective);
  FaultPlan plan = Plan(FaultType::kProcessTerminate);
  plan.restart_after_ns = 0;
  const auto terminate = MakeFault(plan);
  const FaultOutcome outcome = terminate->Strike(&targets_);
  EXPECT_TRUE(outcome.effective) << outcome.evidence;
  EXPECT_THAT(outcome.evidence, HasSubstr(" ended by exit 0, "));
  EXPECT_TRUE(targets_.killed().empty());
  EXPECT_TRUE(terminate->Heal(&targets_));
  EXPECT_TRUE(pause->Heal(&targets_));
  EXPECT_TRUE(targets_.Pid("server-1"));
  EXPECT_EQ(targets_.restarts(), 1);
}

TEST_F(ProcessFaultTest, WhatWasSignalledIsHealedThoughItLacksEvidence) {
  const int64_t pid = targets_.Add("server-1", kDeaf);
  FaultPlan plan = Plan(FaultType::kProcessTerminate);
  plan.restart_after_ns = 0;
  const auto fault = MakeFault(plan);
  FaultOutcome outcome;
  std::thread striker([&] { outcome = fault->Strike(&targets_); });
  EXPECT_TRUE(Eventually([&] { return !targets_.expected().empty(); }));
  EXPECT_TRUE(targets_.supervisor()->Signal(pid, SIGKILL));
  striker.join();
  EXPECT_FALSE(outcome.effective);
  EXPECT_TRUE(outcome.signalled);
  EXPECT_EQ(fault->HealAt(outcome), outcome.ended_ns);
  EXPECT_TRUE(fault->Heal(&targets_));
  EXPECT_TRUE(targets_.Pid("server-1"));
}

// What a subject has started in a session of its own is stopped, and killed, with it; the evidence names it.
TEST_F(ProcessFaultTest, AFaultReachesWhatItsTargetHasStarted) {
  const int64_t pid = targets_.Add("server-1", "setsid -w sh -c 'echo ready; exec sleep 1000'; true");
  const auto members = targets_.supervisor()->Members(pid);
  ASSERT_GE(members.size(), 2u);
  const auto pause = MakeFault(Plan(FaultType::kProcessPause));
  const FaultOutcome paused = pause->Strike(&targets_);
  EXPECT_TRUE(paused.effective);
  for (const int64_t member : members) {
    EXPECT_EQ(State(member), 'T');
    EXPECT_THAT(paused.evidence, HasSubstr(std::to_string(member)));
  }
  EXPECT_TRUE(pause->Heal(&targets_));
  EXPECT_TRUE(MakeFault(Plan(FaultType::kProcessKill))->Strike(&targets_).effective);
  for (const int64_t member : members) EXPECT_EQ(State(member), '-');
}

TEST_F(ProcessFaultTest, ATerminateThatEndsInAKillIsNotItsDoing) {
  const int64_t pid = targets_.Add("server-1", kDeaf);
  FaultOutcome outcome;
  std::thread striker([&] { outcome = MakeFault(Plan(FaultType::kProcessTerminate))->Strike(&targets_); });
  EXPECT_TRUE(Eventually([&] { return !targets_.expected().empty(); }));
  EXPECT_TRUE(targets_.supervisor()->Signal(pid, SIGKILL));
  striker.join();
  EXPECT_FALSE(outcome.effective);
  EXPECT_GT(outcome.struck_ns, 0);
}

TEST_F(ProcessFaultTest, NobodyStartsAProducerAgainUnlessToldTo) {
  targets_.Add("server-1", kSleeper);
  targets_.SetProducer("server-1");
  const auto fault = MakeFault(Plan(FaultType::kProcessKill));
  EXPECT_TRUE(fault->Strike(&targets_).effective);
  EXPECT_FALSE(fault->Heal(&targets_));
  EXPECT_EQ(targets_.restarts(), 0);
  FaultPlan plan = Plan(FaultType::kProcessKill);
  plan.restart_after_ns = 0;
  EXPECT_TRUE(MakeFault(plan)->Heal(&targets_));
  EXPECT_EQ(targets_.restarts(), 1);
}

TEST_F(ProcessFaultTest, APauseIsReadBackAndContinued) {
  const int64_t pid = targets_.Add("server-1", kSleeper);
  FaultPlan plan = Plan(FaultType::kProcessPause);
  plan.duration_ns = 700;
  const auto fault = MakeFault(plan);
  const FaultOutcome outcome = fault->Strike(&targets_);
  EXPECT_TRUE(outcome.effective);
  EXPECT_EQ(outcome.evidence, "pid " + std::to_string(pid) + " stopped, in state T");
  EXPECT_EQ(outcome.ended_ns, 0);
  EXPECT_EQ(State(pid), 'T');
  EXPECT_EQ(fault->HealAt(outcome), outcome.struck_ns + 700);
  EXPECT_EQ(MakeFault(Plan(FaultType::kProcessPause))->HealAt(outcome), std::nullopt);

  const FaultOutcome again = MakeFault(plan)->Strike(&targets_);
  EXPECT_FALSE(again.effective);
  EXPECT_THAT(again.evidence, HasSubstr("was stopped already"));

  EXPECT_TRUE(fault->Heal(&targets_));
  EXPECT_NE(State(pid), 'T');
  EXPECT_TRUE(fault->Heal(&targets_));
  EXPECT_TRUE(targets_.expected().empty());
}

TEST_F(ProcessFaultTest, APauseIsOverWhenItsProcessIsGone) {
  const int64_t pid = targets_.Add("server-1", kSleeper);
  const auto pause = MakeFault(Plan(FaultType::kProcessPause));
  EXPECT_TRUE(pause->Strike(&targets_).effective);
  EXPECT_TRUE(MakeFault(Plan(FaultType::kProcessKill))->Strike(&targets_).effective);
  EXPECT_EQ(State(pid), '-');
  EXPECT_TRUE(pause->Heal(&targets_));
  EXPECT_EQ(targets_.restarts(), 0);
}

}  // namespace
}  // namespace harness
