// A seeded bug counts as caught only with the expected invariant and an expected cause; a run without a verdict counts
// as nothing; and the unbroken system has to pass.
#include "harness/selftest/trial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/selftest/selftest_table.h"

namespace harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::json;

const SeededBug& Swap() { return *FindBug("server/swap"); }

Json ResultWith(const std::string& invariant, const std::string& cause) {
  return {{"counts", {{"logged", 500}}},
          {"invariants",
           {{{"name", "LOST"}, {"state", "pass"}, {"violations", Json::array()}},
            {{"name", invariant},
             {"state", "violated"},
             {"violations", {{{"causes", {cause}}, {"offset", 20}, {"sentence", "what happened"}}}}}}}};
}

TEST(TrialTest, TheExpectedInvariantAndCauseAreCaught) {
  const Trial trial = JudgeTrial(Swap(), 1, ResultWith("ORDER", "server"));
  EXPECT_EQ(trial.outcome, TrialOutcome::kCaught);
  EXPECT_THAT(trial.violated, ElementsAre("ORDER"));
  EXPECT_EQ(trial.records, 42);
  EXPECT_EQ(trial.witness, "what happened");
}

TEST(TrialTest, AnotherCauseOrInvariantIsNotCaught) {
  EXPECT_EQ(JudgeTrial(Swap(), 1, ResultWith("ORDER", "client")).outcome, TrialOutcome::kOtherCause);
  EXPECT_EQ(JudgeTrial(Swap(), 1, ResultWith("DUP", "server")).outcome, TrialOutcome::kMissed);
  EXPECT_EQ(JudgeTrial(Swap(), 0, ResultWith("LOST", "server")).outcome, TrialOutcome::kMissed);
  // A run that proves nothing has caught nothing.
  EXPECT_EQ(JudgeTrial(Swap(), 4, ResultWith("ORDER", "server")).outcome, TrialOutcome::kMissed);
}

TEST(TrialTest, WithoutAVerdictThereIsNoTrial) {
  for (const int exit_code : {2, 3, 130, -1}) {
    EXPECT_EQ(JudgeTrial(Swap(), exit_code, ResultWith("ORDER", "server")).outcome, TrialOutcome::kNoRun);
    EXPECT_EQ(JudgeLegalTrial(exit_code, ResultWith("ORDER", "server")).outcome, TrialOutcome::kNoRun);
  }
  EXPECT_EQ(JudgeTrial(Swap(), 1, nullptr).outcome, TrialOutcome::kNoRun);
  EXPECT_EQ(JudgeTrial(Swap(), 1, Json::value_t::discarded).outcome, TrialOutcome::kNoRun);
}

TEST(TrialTest, TheUnbrokenSystemHasToPass) {
  EXPECT_EQ(JudgeLegalTrial(0, ResultWith("X", "server")).outcome, TrialOutcome::kSilent);
  EXPECT_EQ(JudgeLegalTrial(1, ResultWith("LOST", "server")).outcome, TrialOutcome::kFalseAlarm);
  EXPECT_EQ(JudgeLegalTrial(4, ResultWith("EFFICACY", "harness")).outcome, TrialOutcome::kFalseAlarm);
}

TEST(SelftestTableTest, OnlyAllOfItIsRight) {
  SelftestTally tally;
  tally.bugs.emplace_back().bug = &Swap();
  tally.Add(0, JudgeTrial(Swap(), 1, ResultWith("ORDER", "server")));
  tally.AddLegal(JudgeLegalTrial(0, ResultWith("X", "server")));
  EXPECT_TRUE(tally.IsRight());
  EXPECT_THAT(TableText(tally), HasSubstr("server/swap              ORDER: server                              1/1 "));
  EXPECT_THAT(TableText(tally), HasSubstr("1 runs, 0 false alarms"));
  SelftestTally missed = tally;
  missed.Add(0, JudgeTrial(Swap(), 0, ResultWith("LOST", "server")));
  EXPECT_FALSE(missed.IsRight());
  EXPECT_THAT(TableText(missed), HasSubstr("1/2"));
  SelftestTally alarmed = tally;
  alarmed.AddLegal(JudgeLegalTrial(1, ResultWith("LOST", "server")));
  EXPECT_FALSE(alarmed.IsRight());
  SelftestTally blind = tally;
  blind.Add(0, Trial());
  EXPECT_TRUE(blind.HasNoRuns());
  EXPECT_FALSE(blind.IsRight());
  EXPECT_EQ(Json::parse(TableJson(tally)).at("bugs").at(0).at("caught"), 1);
}

}  // namespace
}  // namespace harness
