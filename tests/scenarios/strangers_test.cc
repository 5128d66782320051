// Programs that nobody here wrote are run as they are: a server that says nothing before its first event is a server, a
// program behind a shell or in a session of its own is struck, and not the shell; how a program ends is its own; and
// what ended under the run is said at once.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "harness_process.h"

namespace harness {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr char kQuick[] = R"("args": ["--backoff", "50ms..200ms", "--attempts", "0"])";

class StrangersTest : public ::testing::Test {
 protected:
  // `server`: what stands beside its name; `client` likewise; `rest`: behind the phases.
  HarnessResult Run(const std::string& server, const std::string& client, const std::string& rest = "") {
    const std::string text = fmt::format(
        R"({{"name": "strangers", "broker": {{"partitions": 2}},
             "servers": [{{"name": "server-1", {}}}], "clients": [{{"name": "watcher", {}}}],
             "producers": [{{"name": "load"}}],
             "phases": [{{"name": "steady", "duration": "4s", "rate": "100/s"}}]{}}})",
        server, client, rest);
    const TemporaryFolder runs;
    HarnessResult run = RunHarness({"run", runs.Write("strangers.json", text)}, runs);
    EXPECT_THAT(ProcessesIn(runs.path()), ::testing::IsEmpty());
    return run;
  }
  std::string Seeded(const std::string& mode) const {
    return fmt::format(
        R"("command": ["{}", "{}", "{{port}}", "{}", "-", "{}", "--brokers", "{{brokers}}", "--topic", "{{topic}}", "-X",
           "fetch.wait.max.ms=1"])",
        ProgramPath("seeded-server"), mode, folder_.path(), ProgramPath("payment-server"));
  }
  static std::string InShell(const std::string& before) {
    return fmt::format(
        R"("command": ["sh", "-c", "{}{} --listen 127.0.0.1 --port {{port}} --brokers {{brokers}} --topic {{topic}} -X fetch.wait.max.ms=1; true"])",
        before, ProgramPath("payment-server"));
  }
  TemporaryFolder folder_;
};

TEST_F(StrangersTest, AServerThatSaysNothingOnAnEmptyTopicIsServedTheLoad) {
  const HarnessResult run = Run(Seeded("plain"), R"("resume": "none", )" + std::string(kQuick));
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_GT(run.result["clients"][0].value("delivered", 0), 300) << run.output;
}

TEST_F(StrangersTest, AFaultStrikesTheProgramBehindTheShellInASessionOfItsOwn) {
  for (const std::string before : {"", "setsid -w "}) {
    const HarnessResult run = Run(InShell(before), kQuick, R"(,
      "faults": [{"name": "stall", "type": "process.pause", "target": "server-1", "at": "steady+500ms", "duration": "1s"},
                 {"name": "crash", "type": "process.kill", "target": "server-1", "at": "steady+2s", "restart_after": "200ms"}])");
    EXPECT_EQ(run.exit_code, 0) << run.output;
    for (const auto& fault : run.result["faults"]) {
      EXPECT_TRUE(fault.value("effective", false)) << fault.dump();
      EXPECT_THAT(fault.value("evidence", ""), HasSubstr("pids ")) << fault.dump();
    }
    EXPECT_GE(run.result["clients"][0].value("reconnects", 0), 1) << run.output;
  }
}

TEST_F(StrangersTest, AServerThatIsADaemonIsTheServer) {
  const HarnessResult run =
      Run(fmt::format(R"("command": ["setsid", "{}", "--listen", "127.0.0.1", "--port", "{{port}}",
      "--brokers", "{{brokers}}", "--topic", "{{topic}}", "-X", "fetch.wait.max.ms=1"])",
                      ProgramPath("payment-server")),
          kQuick, R"(,
      "faults": [{"name": "crash", "type": "process.kill", "target": "server-1", "at": "steady+1s", "restart_after": "200ms"}])");
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_GE(run.result["clients"][0].value("reconnects", 0), 1) << run.output;
}

TEST_F(StrangersTest, AServerThatCrashesWheneverItIsAskedToEndIsFoundOut) {
  const HarnessResult run = Run(Seeded("abort-on-term"), kQuick);
  EXPECT_EQ(run.exit_code, 1) << run.output;
  EXPECT_THAT(InvariantsIn(run.result, "violated"), Contains("LIVE"));
  EXPECT_THAT(run.output, HasSubstr("was asked to end"));
  EXPECT_THAT(run.output, HasSubstr("Aborted"));
  // Unless the scenario says that it may.
  const HarnessResult allowed = Run(Seeded("abort-on-term") + R"(, "exit_codes": [0, 134])", kQuick);
  EXPECT_EQ(allowed.exit_code, 0) << allowed.output;
}

TEST_F(StrangersTest, ATerminateDuringAPauseEndsAndIsHealed) {
  const HarnessResult run = Run(R"("journal": true)", kQuick, R"(,
      "faults": [{"name": "stall", "type": "process.pause", "target": "server-1", "at": "steady+500ms", "duration": "2s"},
                 {"name": "stop", "type": "process.terminate", "target": "server-1", "at": "steady+1s", "restart_after": "200ms"}])");
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_GE(run.result["clients"][0].value("reconnects", 0), 1) << run.output;
}

// The parent of a process, as the fourth field of its stat line; 0: it has gone.
int64_t ParentOf(int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(line.substr(name_end + 1));
  std::string state;
  int64_t parent = 0;
  fields >> state >> parent;
  return parent;
}

// The process of the mock cluster that this harness has started; 0: none.
int64_t MockBrokerOf(int64_t harness) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline");
    std::string command;
    std::getline(file, command);
    if (command.find("--mock-broker") == std::string::npos) continue;
    const int64_t broker = std::stoll(entry.path().filename().string());
    int64_t ancestor = broker;
    while (ancestor > 1 && ancestor != harness) ancestor = ParentOf(ancestor);
    if (ancestor == harness) return broker;
  }
  return 0;
}

TEST_F(StrangersTest, TheMockBrokersDeathIsSaidAtOnce) {
  const std::string scenario = folder_.Write("endless.json", R"({
    "name": "endless", "broker": {"partitions": 1}, "servers": [{"name": "server-1"}], "clients": [{"name": "fast"}],
    "producers": [{"name": "load"}], "phases": [{"name": "steady", "duration": "10m", "rate": "50/s"}]
  })");
  HarnessProcess harness({"run", scenario}, folder_);
  ASSERT_TRUE(harness.WaitForOutput("steady"));
  const int64_t broker = MockBrokerOf(harness.pid());
  ASSERT_NE(broker, 0);
  kill(static_cast<pid_t>(broker), SIGKILL);
  const HarnessResult run = harness.Wait();  // four minutes at most, and the phase lasts ten
  EXPECT_EQ(run.exit_code, 4) << run.output;
  EXPECT_THAT(run.output, HasSubstr("the mock broker (pid " + std::to_string(broker) + ") ended by itself"));
  EXPECT_THAT(InvariantsIn(run.result, "invalid"), Contains("HARNESS_OK"));
}

}  // namespace
}  // namespace harness
