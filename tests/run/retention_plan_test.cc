// What the mock can't hold is refused before anything starts, in stored bytes, and what it can hold is not.
#include "harness/run/retention_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/run/stored_bytes.h"
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

TEST(RetentionPlanTest, OfARateThatChangesTheStoppedPartCounts) {
  Scenario scenario = WithPhases({Rate("ramp", 0, 10)}, 1);
  scenario.phases[0].rate_pieces = {{10'000'000'000, 0, 1000}};
  scenario.faults = {Kill("ramp", 2, 1)};
  // From 2 s on, for 1 s and the margin: the mean rate there is (200 + 600) / 2.
  const double margin_s = static_cast<double>(kServerStartMarginNs) / 1e9;
  EXPECT_NEAR(PredictUnread(scenario, HundredBytes).bytes, (1 + margin_s) * 400 * kRecordBytes, 1);
  // At any time: the worst is the end of it.
  scenario.faults[0].trigger.phase = "";
  EXPECT_NEAR(PredictUnread(scenario, HundredBytes).bytes, (1 + margin_s) * 800 * kRecordBytes, 1);
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
  const double alone = StoredBytesPerRecord({}, 1);
  const double together = StoredBytesPerRecord({}, 1000);
  EXPECT_GT(alone, 150);
  EXPECT_LT(together, alone / 1.5);
  EXPECT_GT(together, 20);
}

TEST(RetentionPlanTest, WhatIsSentBeforeAServerStartsCounts) {
  Scenario scenario = WithPhases({Rate("fill", 1000, 20), Rate("more", 10, 100)}, 1);
  scenario.servers[0].start.emplace().phase = "more";
  const double margin_s = static_cast<double>(kServerStartMarginNs) / 1e9;
  EXPECT_DOUBLE_EQ(PredictUnread(scenario, HundredBytes).bytes, (20 * 1000 + margin_s * 10) * kRecordBytes);
  EXPECT_THAT(PredictUnread(scenario, HundredBytes).because, HasSubstr("until server-1 is started"));
  // A count may come late.
  scenario.servers[0].start.emplace().count = 5;
  EXPECT_DOUBLE_EQ(PredictUnread(scenario, HundredBytes).bytes, (20 * 1000 + 1000) * kRecordBytes);
}

TEST(RetentionPlanTest, AClosedLoopCountsWithItsMost) {
  Scenario scenario = WithPhases({Burst("loop", 5'000)}, 1);
  scenario.phases[0].rate_max = false;
  scenario.phases[0].in_flight = 10;
  EXPECT_EQ(PredictUnread(scenario, HundredBytes).bytes, 5'000 * kRecordBytes);
  scenario.phases[0].count = 0;
  scenario.phases[0].duration_ns = 60'000'000'000;
  EXPECT_EQ(PredictUnread(scenario, HundredBytes).bytes, 0);
  scenario.faults = {Kill("loop", 10, 2)};
  const double margin_s = static_cast<double>(kServerStartMarginNs) / 1e9;
  EXPECT_DOUBLE_EQ(PredictUnread(scenario, HundredBytes).bytes, (2 + margin_s) * 10'000 * kRecordBytes);
}

// The fullest partition decides: the one that the hot key falls into has its share and its part of the others.
TEST(RetentionPlanTest, AHotKeyFillsItsPartition) {
  Scenario scenario = WithPhases({Burst("burst", 100'000)}, 10);
  EXPECT_DOUBLE_EQ(FullestPartitionShare(scenario), 0.1);
  scenario.producers.resize(1);
  scenario.producers[0].keys = {.choice = KeyChoice::kHot, .count = 10'001, .exponent = 1, .share = 0.5};
  EXPECT_NEAR(FullestPartitionShare(scenario), 0.5 + 0.05, 0.01);
  EXPECT_NEAR(PredictUnread(scenario, HundredBytes).bytes, 55'000 * kRecordBytes, 1'000 * kRecordBytes);
  // Beside another producer without such a key it is half as hot.
  scenario.producers.emplace_back();
  EXPECT_NEAR(FullestPartitionShare(scenario), (0.55 + 0.1) / 2, 0.01);
  // More partitions would not help, so that they are not recommended.
  scenario.phases[0].count = 1'000'000;
  EXPECT_THAT(RetentionRefusal(scenario), HasSubstr("in the one that these keys fill most"));
}

TEST(RetentionPlanTest, LargeValuesAreMeasured) {
  Scenario scenario;
  scenario.producers.resize(2);
  scenario.producers[1].value_size = {.bytes_min = 5'000, .bytes_max = 5'000, .median_bytes = 0, .sigma = 0};
  // Random letters of an alphabet of 64 can't be packed by much.
  EXPECT_GT(StoredBytesPerRecord(scenario, 100), 4'500);
  EXPECT_LT(StoredBytesPerRecord(scenario, 100), 5'100);
}

TEST(RetentionPlanTest, TheRefusalSaysWhatWouldFit) {
  const std::string refusal = RetentionRefusal(WithPhases({Burst("burst", 1'000'000)}, 1));
  EXPECT_THAT(refusal, HasSubstr("phase \"burst\" sends 1000000 records"));
  EXPECT_THAT(refusal, HasSubstr("--set /broker/partitions="));
}

TEST(RetentionPlanTest, TheShippedScenariosFit) {
  for (const char* name : {"smoke", "restart", "producer-kill", "burst", "poison-messages", "rolling-restart",
                           "failover", "fan-out", "thousand-subscribers", "ramp", "backlog-drain"}) {
    const auto result = LoadScenario(std::string(PIPELINE_SOURCE_DIR) + "/scenarios/" + name + ".json");
    EXPECT_EQ(RetentionRefusal(std::get<Scenario>(result)), "") << name;
  }
}

}  // namespace
}  // namespace harness
