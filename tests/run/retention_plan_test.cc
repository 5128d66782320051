// What the mock can't hold is refused before anything starts, in stored bytes, and what it can hold is not.
#include "harness/run/retention_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/scenario/scenario_file.h"

namespace harness {
namespace {

using ::testing::HasSubstr;

constexpr double kRecordBytes = 100;
double HundredBytes(int /*records_per_batch*/) { return kRecordBytes; }

PhasePlan Rate(const std::string& name, double rate_per_s, int64_t duration_s) {
  PhasePlan phase;
  phase.name = name;
  phase.rate_per_s = rate_per_s;
  phase.duration_ns = duration_s * 1'000'000'000;
  return phase;
}

PhasePlan Burst(const std::string& name, int64_t count) {
  PhasePlan phase;
  phase.name = name;
  phase.rate_max = true;
  phase.count = count;
  return phase;
}

Scenario WithPhases(std::vector<PhasePlan> phases, int partitions) {
  Scenario scenario;
  scenario.broker.partitions = partitions;
  scenario.servers.emplace_back().name = "server-1";
  scenario.phases = std::move(phases);
  return scenario;
}

FaultPlan Kill(const std::string& phase, int64_t after_s, std::optional<int64_t> restart_after_s) {
  FaultPlan fault;
  fault.name = "crash";
  fault.target = "server-1";
  fault.trigger.phase = phase;
  fault.trigger.after_ns = after_s * 1'000'000'000;
  if (restart_after_s) fault.restart_after_ns = *restart_after_s * 1'000'000'000;
  return fault;
}

TEST(RetentionPlanTest, SteadyLoadThatIsReadNeedsNothing) {
  EXPECT_EQ(PredictUnread(WithPhases({Rate("steady", 1e6, 60)}, 1), HundredBytes).bytes, 0);
}

TEST(RetentionPlanTest, AWholeBurstCounts) {
  const RetentionNeed need = PredictUnread(WithPhases({Burst("burst", 80'000)}, 4), HundredBytes);
  EXPECT_EQ(need.bytes, 20'000 * kRecordBytes);
  EXPECT_THAT(need.because, HasSubstr("burst"));
}

TEST(RetentionPlanTest, WhatIsPlannedWhileTheServerIsStoppedCounts) {
  Scenario scenario = WithPhases({Rate("steady", 1000, 60)}, 1);
  scenario.faults = {Kill("steady", 10, 2)};
  const double margin_s = static_cast<double>(kServerStartMarginNs) / 1e9;
  EXPECT_DOUBLE_EQ(PredictUnread(scenario, HundredBytes).bytes, (2 + margin_s) * 1000 * kRecordBytes);
}

TEST(RetentionPlanTest, WithoutARestartEverythingUpToTheEndCounts) {
  Scenario scenario = WithPhases({Rate("steady", 1000, 60), Rate("more", 10, 10)}, 1);
  scenario.faults = {Kill("steady", 10, std::nullopt)};
  EXPECT_DOUBLE_EQ(PredictUnread(scenario, HundredBytes).bytes, (50 * 1000 + 100) * kRecordBytes);
}

TEST(RetentionPlanTest, ACountMayComeAtTheWorstTime) {
  Scenario scenario = WithPhases({Rate("calm", 1, 60), Rate("busy", 1000, 60)}, 1);
  scenario.faults = {Kill("", 0, 2)};
  scenario.faults[0].trigger.count = 5;
  const double margin_s = static_cast<double>(kServerStartMarginNs) / 1e9;
  EXPECT_DOUBLE_EQ(PredictUnread(scenario, HundredBytes).bytes, (2 + margin_s) * 1000 * kRecordBytes);
}

TEST(RetentionPlanTest, CompressionIsMeasuredOnTheRunsOwnRecords) {
  const double alone = StoredBytesPerRecord(1, 1);
  const double together = StoredBytesPerRecord(1, 1000);
  EXPECT_GT(alone, 150);
  EXPECT_LT(together, alone / 1.5);
  EXPECT_GT(together, 20);
}

TEST(RetentionPlanTest, TheRefusalSaysWhatWouldFit) {
  const std::string refusal = RetentionRefusal(WithPhases({Burst("burst", 1'000'000)}, 1));
  EXPECT_THAT(refusal, HasSubstr("phase \"burst\" sends 1000000 records"));
  EXPECT_THAT(refusal, HasSubstr("--set /broker/partitions="));
}

TEST(RetentionPlanTest, TheShippedScenariosFit) {
  for (const char* name :
       {"smoke", "restart", "producer-kill", "burst", "poison-messages", "rolling-restart", "failover", "fan-out"}) {
    const auto result = LoadScenario(std::string(PIPELINE_SOURCE_DIR) + "/scenarios/" + name + ".json");
    EXPECT_EQ(RetentionRefusal(std::get<Scenario>(result)), "") << name;
  }
}

}  // namespace
}  // namespace harness
