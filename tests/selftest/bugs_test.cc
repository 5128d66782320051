// The closed set of seeded bugs is a table without holes; the scenarios drawn from any seed are valid, and the same for
// the same seed.
#include "harness/selftest/bugs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "harness/scenario/scenario_file.h"

namespace harness {
namespace {

constexpr uint64_t kSeeds = 400;

Scenario MustBeValid(const std::string& text) {
  const ScenarioResult result = ParseScenario("selftest.json", text);
  if (const auto* errors = std::get_if<std::vector<ScenarioError>>(&result)) {
    ADD_FAILURE() << errors->front().Text() << "\n" << text;
    return {};
  }
  return std::get<Scenario>(result);
}

TEST(SeededBugsTest, TheTableHasNoHoles) {
  std::set<std::string_view> names, programs;
  for (const SeededBug& bug : SeededBugs()) {
    EXPECT_TRUE(names.insert(bug.name).second) << bug.name << " twice";
    programs.insert(bug.name.substr(0, bug.name.find('/')));
    EXPECT_FALSE(bug.sentence.empty() || bug.invariant.empty() || bug.causes[0].empty()) << bug.name;
    EXPECT_EQ(FindBug(bug.name), &bug);
  }
  EXPECT_THAT(programs, ::testing::ElementsAre("client", "producer", "server"));
  EXPECT_EQ(FindBug("server/none"), nullptr);
}

TEST(SeededBugsTest, EveryBugsScenarioIsValidForAnySeed) {
  for (const SeededBug& bug : SeededBugs()) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const Scenario scenario = MustBeValid(BugScenario(bug, seed, {"/programs", "/state"}));
      EXPECT_EQ(scenario.seed, seed);
      EXPECT_EQ(scenario.faults.size(), 1);
      EXPECT_EQ(BugScenario(bug, seed, {"/programs", "/state"}), BugScenario(bug, seed, {"/programs", "/state"}));
    }
    EXPECT_NE(BugScenario(bug, 1, {"/p", "/s"}), BugScenario(bug, 2, {"/p", "/s"}));
  }
}

TEST(LegalScenarioTest, AnySeedGivesAValidOneAndAllKindsCome) {
  std::set<FaultType> types;
  bool burst = false, filter = false, second_server = false, journal = false, late = false, leaves = false,
       without_resume = false;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Scenario scenario = MustBeValid(LegalScenario(seed));
    EXPECT_EQ(LegalScenario(seed), LegalScenario(seed));
    for (const FaultPlan& fault : scenario.faults) types.insert(fault.type);
    for (const PhasePlan& phase : scenario.phases) burst = burst || phase.rate_max;
    for (const ClientPlan& client : scenario.clients) {
      late = late || client.start;
      leaves = leaves || client.stop;
      without_resume = without_resume || !client.resume_token;
      filter = filter || client.filter.provider != pipeline::Provider::kUnknown;
    }
    journal = journal || scenario.servers.front().journal;
    second_server = second_server || scenario.servers.size() == 2;
  }
  EXPECT_EQ(types.size(), 3);
  EXPECT_TRUE(burst && filter && second_server && journal && late && leaves && without_resume);
}

}  // namespace
}  // namespace harness
