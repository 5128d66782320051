// What takes several runs, with real ones: repeating a scenario, comparing with runs of before, the search for the
// highest rate, and its interruption.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "harness_process.h"

namespace harness {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class SeveralRunsTest : public ::testing::Test {
 protected:
  // A short run; `expect` holds thresholds.
  std::string Write(const std::string& name, const std::string& expect = "") {
    return folder_.Write(name + ".json", R"({"name": ")" + name + R"(", "broker": {"partitions": 1},
        "servers": [{"name": "server-1"}], "clients": [{"name": "fast", "kind": "embedded"}],
        "producers": [{"name": "load"}], "phases": [{"name": "steady", "duration": "300ms", "rate": "50/s"}],
        "expect": {"thresholds": [)" + expect +
                                             "]}}");
  }
  HarnessResult Run(std::vector<std::string> arguments) { return RunHarness(std::move(arguments), folder_); }
  std::string Path(const std::string& name) { return folder_.path() + "/" + name; }
  // The only file of that name below `folder`.
  nlohmann::json Read(const std::string& folder, const std::string& name) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.path().filename() == name) return nlohmann::json::parse(std::ifstream(entry.path()));
    }
    ADD_FAILURE() << "no " << name << " below " << folder;
    return {};
  }

  TemporaryFolder folder_;
};

TEST_F(SeveralRunsTest, RepeatedRunsAreComparedWithABaseline) {
  const std::string scenario = Write("short");
  const HarnessResult before = Run({"run", scenario, "--repeat", "2", "--out", Path("before")});
  ASSERT_EQ(before.exit_code, 0) << before.output;
  EXPECT_THAT(before.output, HasSubstr("1/2  PASS"));
  EXPECT_THAT(before.output, HasSubstr("2/2  PASS"));

  const HarnessResult few = Run({"run", scenario, "--baseline", Path("before"), "--out", Path("few")});
  EXPECT_EQ(few.exit_code, 4) << few.output;
  EXPECT_THAT(few.output, HasSubstr("NOTHING CAN BE SAID"));

  const HarnessResult after =
      Run({"run", scenario, "--repeat", "2", "--baseline", Path("before"), "--out", Path("after"), "--metric",
           "proc.server-1.cpu_per_record", "--alpha", "50%", "--min-effect", "900%"});
  EXPECT_EQ(after.exit_code, 0) << after.output;
  EXPECT_THAT(after.output, HasSubstr("NOTHING IS WORSE of 1 metrics"));
  const nlohmann::json comparison = Read(Path("after"), "comparison.json");
  EXPECT_EQ(comparison["scenarios"][0]["metrics"][0]["a"]["runs"], 2);
  EXPECT_EQ(comparison["scenarios"][0]["metrics"][0]["b"]["runs"], 2);
}

TEST_F(SeveralRunsTest, ABaselineOfAnotherScenarioIsRefusedBeforeARun) {
  const std::string scenario = Write("short");
  ASSERT_EQ(Run({"run", scenario, "--out", Path("before")}).exit_code, 0);
  const HarnessResult run = Run({"run", Write("other"), "--baseline", Path("before"), "--out", Path("after")});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.output, HasSubstr("has no run of other"));
  EXPECT_FALSE(fs::exists(Path("after")));
  EXPECT_EQ(Run({"run", scenario, "--baseline", Path("nowhere"), "--out", Path("after")}).exit_code, 2);
}

TEST_F(SeveralRunsTest, ScenariosAreRunInTurnsAndCompared) {
  const std::string scenario = Write("short");
  const HarnessResult run = Run({"compare", scenario, scenario, "--repeat", "2", "--out", Path("runs"), "--metric",
                                 "proc.server-1.cpu_per_record", "--alpha", "50%", "--min-effect", "900%"});
  EXPECT_EQ(run.exit_code, 0) << run.output;
  const size_t first_b = run.output.find("B 1/2");
  EXPECT_LT(run.output.find("A 1/2"), first_b);
  EXPECT_LT(first_b, run.output.find("B 2/2"));
  EXPECT_LT(run.output.find("B 2/2"), run.output.find("A 2/2"));
}

TEST_F(SeveralRunsTest, FindsThatTheHighestRateAskedHolds) {
  const HarnessResult run = Run({"find-max", Write("short"), "--to", "60/s", "--resolution", "1000%", "--confidence",
                                 "50%", "--out", Path("runs")});
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_THAT(run.output, HasSubstr("Highest rate: 50/s (1 of 1 runs passed"));
  EXPECT_EQ(Read(Path("runs"), "find-max.json")["highest"]["rate_per_s"], 50);
}

TEST_F(SeveralRunsTest, NamesTheThresholdThatNoRateHolds) {
  const HarnessResult run =
      Run({"find-max", Write("never", R"("e2e.latency max < 1ns")"), "--resolution", "1000%", "--out", Path("runs")});
  EXPECT_EQ(run.exit_code, 1) << run.output;
  EXPECT_THAT(run.output, HasSubstr("fails"));
  EXPECT_THAT(run.output, HasSubstr("e2e.latency max < 1ns"));
  EXPECT_THAT(run.output, HasSubstr("No rate holds: 4.5/s does not either"));
  EXPECT_EQ(Read(Path("runs"), "find-max.json")["highest"], nullptr);
}

TEST_F(SeveralRunsTest, AnInterruptedSearchSaysWhatIsKnown) {
  HarnessProcess harness({"find-max", Write("short"), "--out", Path("runs")}, folder_);
  ASSERT_TRUE(harness.WaitForOutput("   2  "));
  harness.Signal(SIGINT);
  const HarnessResult run = harness.Wait();
  EXPECT_EQ(run.exit_code, 130) << run.output;
  EXPECT_THAT(run.output, HasSubstr("Interrupted. So far: "));
  EXPECT_THAT(run.output, Not(HasSubstr("does not hold")));
  EXPECT_EQ(Read(Path("runs"), "find-max.json")["exit_code"], 130);
}

}  // namespace
}  // namespace harness
