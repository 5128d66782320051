// The exit code and the words tell what happened: a run that proves nothing, a scenario that can't be read, a machine
// that can't run it, an interruption; and nothing is left running.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "harness_process.h"

namespace harness {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kEndless[] = R"({
  "name": "endless", "broker": {"partitions": 1},
  "servers": [{"name": "server-1"}], "clients": [{"name": "fast"}], "producers": [{"name": "load"}],
  "phases": [{"name": "steady", "duration": "10m", "rate": "50/s"}]
})";

class ExitCodesTest : public ::testing::Test {
 protected:
  HarnessResult Run(std::vector<std::string> arguments) { return RunHarness(std::move(arguments), folder_); }

  bool NothingIsLeft() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!ProcessesIn(folder_.path()).empty()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
  }

  TemporaryFolder folder_;
};

TEST_F(ExitCodesTest, AFaultWhoseTargetIsDeadAlreadyProvesNothing) {
  const std::string scenario = folder_.Write("dead.json", R"({
    "name": "dead", "broker": {"partitions": 1},
    "servers": [{"name": "server-1"}, {"name": "server-2"}],
    "clients": [{"name": "fast", "server": "server-1"}], "producers": [{"name": "load"}],
    "phases": [{"name": "steady", "duration": "2s", "rate": "50/s"}],
    "faults": [{"type": "process.kill", "target": "server-2", "at": "steady+200ms"},
               {"name": "again", "type": "process.kill", "target": "server-2", "at": "steady+1s"}]
  })");
  const HarnessResult run = Run({"run", scenario});
  EXPECT_EQ(run.exit_code, 4) << run.output;
  EXPECT_THAT(InvariantsIn(run.result, "invalid"), Contains("EFFICACY"));
}

TEST_F(ExitCodesTest, ARunWithoutLoadProvesNothing) {
  const std::string scenario = folder_.Write("idle.json", R"({
    "name": "idle", "broker": {"partitions": 1},
    "servers": [{"name": "server-1"}], "clients": [{"name": "fast"}], "producers": [{"name": "load"}],
    "phases": [{"name": "idle", "duration": "500ms", "rate": "0/s"}]
  })");
  const HarnessResult run = Run({"run", scenario});
  EXPECT_EQ(run.exit_code, 4) << run.output;
  EXPECT_THAT(InvariantsIn(run.result, "invalid"), Contains("NONVACUOUS"));
}

TEST_F(ExitCodesTest, ABrokenScenarioIsRefusedBeforeAnythingStarts) {
  const HarnessResult run = Run({"run", folder_.Write("broken.json", R"({"name": 5})")});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.output, HasSubstr("/name: found the number 5"));
  EXPECT_FALSE(std::filesystem::exists(run.run_dir + "/logs"));
}

TEST_F(ExitCodesTest, MoreThanTheMockHoldsIsRefusedBeforeAnythingStarts) {
  const HarnessResult run = Run({"run", ScenarioPath("burst"), "--set", "/broker/partitions=1"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.output, HasSubstr("the mock cluster keeps at most 5 MiB"));
  EXPECT_FALSE(std::filesystem::exists(run.run_dir + "/logs"));
}

TEST_F(ExitCodesTest, APathThatStandsForNoScenario) {
  EXPECT_EQ(Run({"run", folder_.path() + "/absent.json"}).exit_code, 5);
}

TEST_F(ExitCodesTest, AMissingProgramIsNamed) {
  const std::string scenario = folder_.Write("missing.json", R"({
    "name": "missing", "servers": [{"name": "server-1", "command": ["no-such-program", "{port}"]}],
    "clients": [{"name": "fast"}], "producers": [{"name": "load"}],
    "phases": [{"name": "steady", "duration": "1s", "rate": "50/s"}]
  })");
  const HarnessResult run = Run({"run", scenario});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.output, HasSubstr("no-such-program"));
}

TEST_F(ExitCodesTest, AServerThatEndsBeforeItIsReadyIsAnEnvironmentProblem) {
  const std::string scenario = folder_.Write("ends.json", R"({
    "name": "ends", "servers": [{"name": "server-1", "command": ["sh", "-c", "echo no schema >&2; exit 7"]}],
    "clients": [{"name": "fast"}], "producers": [{"name": "load"}],
    "phases": [{"name": "steady", "duration": "1s", "rate": "50/s"}]
  })");
  const HarnessResult run = Run({"run", scenario});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.output, HasSubstr("exit 7"));
  EXPECT_THAT(run.output, HasSubstr("/logs/server-1.log, its last lines:\n    | no schema\n"));
}

TEST_F(ExitCodesTest, TheHelpOfWhatJudgesHasExamplesAndSaysTheExitCodes) {
  for (const char* command : {"run", "check", "history"}) {
    const HarnessResult help = Run({command, "--help"});
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_THAT(help.output, HasSubstr(std::string("Examples:\n  harness ") + command));
    EXPECT_THAT(help.output, HasSubstr("Exit codes: "));
    EXPECT_THAT(help.output, HasSubstr("4 "));
  }
}

TEST_F(ExitCodesTest, ARunDirectoryThatCantBeWritten) {
  const HarnessResult run = Run({"run", ScenarioPath("smoke"), "--out", "/proc/runs"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.output, HasSubstr("can't write the run directory /proc/runs"));
}

TEST_F(ExitCodesTest, CtrlCPutsEverythingBackAndSaysSo) {
  HarnessProcess harness({"run", folder_.Write("endless.json", kEndless)}, folder_);
  ASSERT_TRUE(harness.WaitForOutput("steady"));
  EXPECT_FALSE(ProcessesIn(folder_.path()).empty());
  harness.Signal(SIGINT);
  const HarnessResult run = harness.Wait();
  EXPECT_EQ(run.exit_code, 130) << run.output;
  EXPECT_EQ(run.result.value("verdict", ""), "INTERRUPTED");
  EXPECT_TRUE(NothingIsLeft());
}

TEST_F(ExitCodesTest, NothingOutlivesAHarnessThatIsKilled) {
  HarnessProcess harness({"run", folder_.Write("endless.json", kEndless)}, folder_);
  ASSERT_TRUE(harness.WaitForOutput("steady"));
  EXPECT_FALSE(ProcessesIn(folder_.path()).empty());
  harness.Signal(SIGKILL);
  EXPECT_EQ(harness.Wait().exit_code, 128 + SIGKILL);
  EXPECT_TRUE(NothingIsLeft());
}

TEST_F(ExitCodesTest, OverSeveralFilesTheWorstCounts) {
  const std::string broken = folder_.Write("broken.json", R"({"name": 5})");
  EXPECT_EQ(Run({"run", ScenarioPath("smoke"), broken}).exit_code, 2);
}

}  // namespace
}  // namespace harness
