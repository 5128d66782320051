// A run whose history would not fit into the memory that there is is refused, with what to do; one that fits is not.
#include "harness/run/memory_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace harness {
namespace {

using ::testing::HasSubstr;

Scenario Planned(int64_t records, int clients) {
  Scenario scenario;
  PhasePlan phase;
  phase.rate_max = true;
  phase.count = records;
  scenario.phases.push_back(phase);
  ClientPlan client;
  client.count = clients;
  scenario.clients.push_back(client);
  return scenario;
}

TEST(MemoryPlanTest, CountsPhasesOfBothKindsAndEachClient) {
  Scenario scenario = Planned(1'000, 2);
  EXPECT_EQ(HistoryBytesNeeded(scenario), 1'000 * 5 * 64);
  PhasePlan steady;
  steady.rate_per_s = 100;
  steady.duration_ns = 5'000'000'000;
  scenario.phases.push_back(steady);
  scenario.clients.emplace_back();
  EXPECT_EQ(RecordsPlanned(scenario), 1'500);
  EXPECT_EQ(HistoryBytesNeeded(scenario), 1'500 * 6 * 64);
  scenario.servers.resize(2);
  scenario.servers[1].journal = true;
  EXPECT_EQ(HistoryBytesNeeded(scenario), 1'500 * 10 * 64);
}

TEST(MemoryPlanTest, RefusesWhatDoesNotFitAndNothingElse) {
  const Scenario scenario = Planned(1'000'000, 2);
  EXPECT_EQ(MemoryRefusal(scenario, 320'000'000), "");
  EXPECT_THAT(MemoryRefusal(scenario, 320'000'000 - 1),
              HasSubstr("1000000 records may need 306 MiB of memory until it is judged, and this machine has 305 MiB"));
  EXPECT_THAT(MemoryRefusal(Planned(INT64_MAX, 1'000), INT64_MAX / 100), HasSubstr("offer fewer records"));
}

TEST(MemoryPlanTest, KnowsWhatThisMachineHas) {
  EXPECT_GT(AvailableMemoryBytes(), int64_t{16} << 20);
  EXPECT_LT(AvailableMemoryBytes(), int64_t{1} << 50);
}

}  // namespace
}  // namespace harness
