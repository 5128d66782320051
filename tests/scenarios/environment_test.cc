// Whatever a run meets in its environment, it comes to its end in order, and what there is to say is written: signals,
// a console that nobody reads or that is full, a proxy, a log path that is no file, a program that prints without end.
// The real programs, each in a process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "harness_process.h"

namespace harness {
namespace {

// As in an attribute of XML.
std::string Escaped(std::string text) {
  for (size_t at = text.find('&'); at != std::string::npos; at = text.find('&', at + 1)) text.replace(at, 1, "&amp;");
  return text;
}

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kEndless[] = R"({
  "name": "endless", "broker": {"partitions": 1},
  "servers": [{"name": "server-1"}], "clients": [{"name": "fast"}], "producers": [{"name": "load"}],
  "phases": [{"name": "steady", "duration": "10m", "rate": "50/s"}]
})";

std::string FileText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class EnvironmentTest : public ::testing::Test {
 protected:
  HarnessResult Run(std::vector<std::string> arguments) { return RunHarness(std::move(arguments), folder_); }

  // What `script` came to in bash, where $BIN holds the programs and $RUNS is a folder for runs; 124: no end in time.
  int Bash(const std::string& script) {
    const std::string file = folder_.Write(
        "script.sh", "BIN=" + fs::path(ProgramPath("harness")).parent_path().string() + "\nRUNS=" + folder_.path() +
                         "/runs\ncd " + folder_.path() + "\n" + script + "\n");
    const int status = std::system(("timeout 240 bash " + file + " >" + folder_.path() + "/said 2>&1").c_str());
    said_ = FileText(folder_.path() + "/said");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  // Of the only run there is.
  nlohmann::json Result() {
    for (const auto& entry : fs::directory_iterator(folder_.path() + "/runs")) {
      return nlohmann::json::parse(FileText(entry.path().string() + "/result.json"), nullptr, false);
    }
    return nullptr;
  }

  TemporaryFolder folder_;
  std::string said_;
};

TEST_F(EnvironmentTest, AHangUpIsAnInterruption) {
  HarnessProcess harness({"run", folder_.Write("endless.json", kEndless)}, folder_);
  ASSERT_TRUE(harness.WaitForOutput("steady"));
  harness.Signal(SIGHUP);
  const HarnessResult run = harness.Wait();
  EXPECT_EQ(run.exit_code, 130) << run.output;
  EXPECT_EQ(run.result.value("verdict", ""), "INTERRUPTED");
}

TEST_F(EnvironmentTest, AHangUpThatIsIgnoredEndsNothing) {
  EXPECT_EQ(Bash("trap '' HUP; $BIN/harness run " + ScenarioPath("smoke") +
                 " --thresholds=report --out $RUNS & "
                 "until grep -q 'starting\\|steady\\|warm' said; do sleep 0.05; kill -0 $! || break; done; "
                 "kill -HUP $!; wait $!"),
            0)
      << said_;
  EXPECT_EQ(Result().value("verdict", ""), "PASS");
}

TEST_F(EnvironmentTest, ASecondCtrlCStillWritesWhatThereIs) {
  const std::string scenario = folder_.Write("deaf.json", R"({
    "name": "deaf", "broker": {"partitions": 1}, "servers": [{"name": "server-1"}],
    "clients": [{"name": "fast"},
                {"name": "deaf", "command": ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"]}],
    "producers": [{"name": "load"}], "phases": [{"name": "steady", "duration": "10m", "rate": "50/s"}]
  })");
  HarnessProcess harness({"run", scenario}, folder_);
  ASSERT_TRUE(harness.WaitForOutput("steady"));
  harness.Signal(SIGINT);
  ASSERT_TRUE(harness.WaitForOutput("stopping"));  // the deaf one would be waited for
  harness.Signal(SIGINT);
  const HarnessResult run = harness.Wait();
  EXPECT_EQ(run.exit_code, 130) << run.output;
  EXPECT_EQ(run.result.value("verdict", ""), "INTERRUPTED") << run.output;
  EXPECT_TRUE(fs::exists(run.run_dir + "/junit.xml"));
}

TEST_F(EnvironmentTest, AClosedPipeEndsNoRun) {
  EXPECT_EQ(Bash("$BIN/harness run " + ScenarioPath("smoke") +
                 " --thresholds=report --out $RUNS | head -n 1; exit ${PIPESTATUS[0]}"),
            0)
      << said_;
  EXPECT_EQ(Result().value("verdict", ""), "PASS");
  EXPECT_EQ(Result().value("exit_code", -1), 0);
}

// Nobody reads, and nobody has gone: the run waits with its output alone, and the first Ctrl+C ends it.
TEST_F(EnvironmentTest, AConsoleThatNobodyReadsHoldsUpNoInterruption) {
  EXPECT_EQ(Bash("mkfifo out; exec 7<>out; $BIN/harness run " + folder_.Write("endless.json", kEndless) +
                 " --thresholds=report --out $RUNS >&7 & "
                 "until ls $RUNS/*/history/run.journal >/dev/null 2>&1; do sleep 0.05; kill -0 $! || exit 99; done; "
                 "dd if=/dev/zero bs=4096 count=64 of=out oflag=nonblock 2>/dev/null; kill -INT $!; wait $!"),
            130)
      << said_;
  EXPECT_EQ(Result().value("verdict", ""), "INTERRUPTED");
}

TEST_F(EnvironmentTest, AFullConsoleIsAnErrorEverywhere) {
  EXPECT_EQ(Bash("$BIN/harness run " + ScenarioPath("smoke") + " --thresholds=report --out $RUNS >/dev/full"), 3)
      << said_;
  EXPECT_EQ(Result().value("verdict", ""), "PASS");
  EXPECT_THAT(said_, HasSubstr(std::string("harness: can't write to standard output: ") + strerror(ENOSPC)));
  EXPECT_EQ(Bash("$BIN/harness check $RUNS/* >/dev/full"), 3) << said_;
  EXPECT_EQ(Bash("$BIN/harness history $RUNS/* >/dev/full"), 3) << said_;
  for (const std::string command :
       {"harness schema", "harness --help", "harness --version", "harness run --help", "harness clean",
        "payment-server --help", "payment-server --version", "payment-server --port 0 --brokers 127.0.0.1:1"}) {
    EXPECT_EQ(Bash("$BIN/" + command + " >/dev/full"), 3) << command << ": " << said_;
    EXPECT_THAT(said_, HasSubstr("can't write to standard output")) << command;
  }
  EXPECT_EQ(Bash("$BIN/harness validate " + ScenarioPath("smoke") + " >/dev/full"), 3) << said_;
  EXPECT_EQ(Bash("$BIN/harness list " + ScenarioPath("smoke") + " >/dev/full"), 3) << said_;
  for (const std::string command :
       {"payment-client --help", "payment-client --version", "payment-producer --help", "payment-producer --version"}) {
    EXPECT_EQ(Bash("$BIN/" + command + " >/dev/full"), 1) << command << ": " << said_;
    EXPECT_EQ(Bash("$BIN/" + command + " | true; exit ${PIPESTATUS[0]}"), 0) << command << ": " << said_;
  }
}

TEST_F(EnvironmentTest, NoProxyStandsBeforeWhatTheHarnessStarts) {
  EXPECT_EQ(Bash("export http_proxy=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1 grpc_proxy=http://127.0.0.1:1\n"
                 "$BIN/harness run " +
                 ScenarioPath("smoke") + " --thresholds=report --out $RUNS"),
            0)
      << said_;
}

TEST_F(EnvironmentTest, AProxyIsNamedWhereItIsUsedAndIsNotForThisMachine) {
  EXPECT_EQ(
      Bash("http_proxy=http://user:secret@127.0.0.1:1 $BIN/payment-client get x --server 192.0.2.1:9 --timeout 5s"), 1);
  EXPECT_THAT(said_, HasSubstr("(through proxy http://127.0.0.1:1)"));
  EXPECT_THAT(said_, Not(HasSubstr("secret")));
  EXPECT_EQ(Bash("echo 'http_proxy=http://127.0.0.1:1' >.env; "
                 "$BIN/payment-client --server 192.0.2.1:9 --attempts 1 --backoff 1ms"),
            1);
  EXPECT_THAT(said_, HasSubstr("(through proxy http://127.0.0.1:1)"));
  EXPECT_EQ(Bash("$BIN/payment-client get x --server 127.0.0.1:1 --timeout 5s"), 1);
  EXPECT_THAT(said_, Not(HasSubstr("proxy")));
}

TEST_F(EnvironmentTest, NumbersAreDecimal) {
  Bash("$BIN/payment-producer --count 010 --brokers 127.0.0.1:1 --connect-timeout 50ms");
  EXPECT_THAT(said_, HasSubstr("Count:  10 "));
  Bash("echo GRPC_SERVER_PORT=050051 >.env; $BIN/payment-client --server 127.0.0.1 --attempts 1 --backoff 1ms");
  EXPECT_THAT(said_, HasSubstr("Connecting to: 127.0.0.1:50051"));
  for (const std::string& command : std::vector<std::string>{
           "payment-producer --count 0x10", "payment-producer --seed 0x10", "payment-producer --rate 0x10/s",
           "payment-producer --rate 1e3/s", "payment-server --port 0x10", "payment-server --max-calls 0x10",
           "payment-server --window-bytes 0x10MB", "payment-client --attempts 0x10", "payment-client list --limit 0x10",
           "payment-server -X fetch.wait.max.ms=0x10 --port 0 --brokers 127.0.0.1:1", "harness run --seed 0x10",
           "harness validate --set /seed=0x10 " + ScenarioPath("smoke"), "harness selftest --seeds 0x10",
           "harness broker --partitions 0x10"}) {
    EXPECT_EQ(Bash("$BIN/" + command), 2) << command << ": " << said_;
  }
  EXPECT_EQ(
      Bash("$BIN/harness validate --seed 010 --set /broker/partitions=04 /drain/timeout=010s " + ScenarioPath("smoke")),
      0)
      << said_;
}

// Opened under a lock it hung the run, and the first Ctrl+C.
TEST_F(EnvironmentTest, ALogPathThatIsAFifoHangsNothing) {
  const std::string scenario = folder_.Write("fifo.json", R"({
    "name": "fifo", "broker": {"partitions": 1}, "servers": [{"name": "server-1"}], "clients": [{"name": "fast"}],
    "producers": [{"name": "load"}, {"name": "odd", "kind": "process", "command": [
      "sh", "-c", "mkfifo \"$0\"; exec sleep 1000", "{ack_log}"]}],
    "phases": [{"name": "steady", "duration": "2s", "rate": "100/s"}]
  })");
  const HarnessResult run = Run({"run", scenario});
  EXPECT_EQ(run.exit_code, 4) << run.output;
  EXPECT_THAT(InvariantsIn(run.result, "invalid"), Contains("HARNESS_OK"));
  EXPECT_THAT(run.output, HasSubstr("a FIFO; allowed: a regular file"));
}

TEST_F(EnvironmentTest, AProgramThatPrintsWithoutEndIsCapped) {
  const std::string scenario = folder_.Write("noisy.json", R"({
    "name": "noisy", "broker": {"partitions": 1}, "servers": [{"name": "server-1"}],
    "clients": [{"name": "fast"}, {"name": "noisy", "command": ["sh", "-c",
      "echo the beginning; head -c 200000000 /dev/zero | tr '\\0' x; echo; echo the end; exec sleep 1000"]}],
    "producers": [{"name": "load"}], "phases": [{"name": "steady", "duration": "5s", "rate": "50/s"}]
  })");
  const HarnessResult run = Run({"run", scenario});
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_THAT(run.output, HasSubstr("noisy printed more than a log keeps: "));
  const std::string log = FileText(run.run_dir + "/logs/noisy.log");
  EXPECT_LT(log.size(), 65u << 20);
  EXPECT_TRUE(log.starts_with("the beginning\n"));
  const std::string end = log.substr(log.size() - std::min<size_t>(log.size(), 300));
  EXPECT_THAT(end, HasSubstr("the end\n"));
  EXPECT_THAT(end, HasSubstr("[harness] "));
  int64_t dropped = 0;
  for (const auto& usage : run.result["usage"]) {
    if (usage["name"] == "noisy") dropped = usage.value("log_bytes_dropped", int64_t{0});
  }
  EXPECT_GT(dropped, 200'000'000 - (int64_t{65} << 20));
}

// CI shows a run that never started, too.
class NotStartedTest : public EnvironmentTest {
 protected:
  void Expect(const HarnessResult& run, int exit_code, const std::string& scenario, const std::string& problem) {
    EXPECT_EQ(run.exit_code, exit_code) << run.output;
    ASSERT_FALSE(run.result.is_null()) << run.output;
    EXPECT_EQ(run.result.value("schema_version", 0), 3);
    EXPECT_EQ(run.result.value("verdict", ""), "ERROR");
    EXPECT_EQ(run.result.value("exit_code", -1), exit_code);
    EXPECT_EQ(run.result.value("scenario", ""), scenario);
    EXPECT_THAT(run.result["problems"].at(0).get<std::string>(), HasSubstr(problem));
    EXPECT_THAT(FileText(run.run_dir + "/junit.xml"),
                HasSubstr("<testcase classname=\"" + Escaped(scenario) + ".run\" name=\"start\">"));
    EXPECT_THAT(run.output, HasSubstr(run.run_dir + "/result.json"));
  }
};

TEST_F(NotStartedTest, AFileThatIsNoScenario) {
  Expect(Run({"run", folder_.Write("no & scenario.json", "{")}), 2, "no & scenario", "no & scenario.json:1:");
}

TEST_F(NotStartedTest, AScenarioWithAMistakeOfAnOverride) {
  Expect(Run({"run", ScenarioPath("restart"), "--set", "/phases/1/duration=500ms", "/drain/timeout=1s"}), 2, "restart",
         "/faults/0/at: with \"--set /phases/1/duration=500ms\": found 1.0s");
}

TEST_F(NotStartedTest, AProgramThatIsMissing) {
  Expect(Run({"run", folder_.Write("missing.json", R"({
    "name": "missing", "servers": [{"name": "server-1", "command": ["no-such-program", "{port}"]}],
    "clients": [{"name": "fast"}], "producers": [{"name": "load"}],
    "phases": [{"name": "steady", "duration": "1s", "rate": "50/s"}]
  })")}),
         3, "missing", "no-such-program");
}

TEST_F(NotStartedTest, ABrokerThatDoesNotAnswer) {
  Expect(Run({"run", ScenarioPath("smoke"), "--brokers", "127.0.0.1:1"}), 3, "smoke", "Kafka at 127.0.0.1:1");
}

TEST_F(NotStartedTest, AnInterruptionBeforeTheLoad) {
  HarnessProcess harness({"run", folder_.Write("silent.json", R"({
    "name": "silent", "servers": [{"name": "server-1", "command": ["sleep", "1000"]}],
    "clients": [{"name": "fast"}], "producers": [{"name": "load"}],
    "phases": [{"name": "steady", "duration": "1s", "rate": "50/s"}]
  })")},
                         folder_);
  ASSERT_TRUE(harness.WaitForOutput("starting server-1"));
  harness.Signal(SIGTERM);
  const HarnessResult run = harness.Wait();
  EXPECT_EQ(run.exit_code, 130) << run.output;
  EXPECT_EQ(run.result.value("verdict", ""), "INTERRUPTED");
  EXPECT_EQ(run.result.value("exit_code", -1), 130);
}

TEST_F(NotStartedTest, EachOfSeveralFilesHasItsOwn) {
  const std::string first = folder_.Write("first.json", "{");
  const std::string second = folder_.Write("second.json", R"({"name": 5})");
  EXPECT_EQ(Run({"run", first, second, ScenarioPath("smoke"), "--keep-going"}).exit_code, 2);
  std::map<std::string, std::string> verdicts;
  for (const auto& entry : fs::directory_iterator(folder_.path() + "/runs")) {
    const auto result = nlohmann::json::parse(FileText(entry.path().string() + "/result.json"));
    verdicts[result["scenario"].get<std::string>()] = result["verdict"].get<std::string>();
  }
  EXPECT_EQ(verdicts, (std::map<std::string, std::string>{{"first", "ERROR"}, {"second", "ERROR"}, {"smoke", "PASS"}}));
}

}  // namespace
}  // namespace harness
