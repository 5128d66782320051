// A server that keeps a journal is a hop of its own: its runs pass as before, each record has its row, a loss is the
// server's when its journal shows it and the wire's when it does not, and a disk without room for it stops nothing.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "harness_process.h"

namespace harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Load, and a server that is killed and comes back. What stands beside the names of the server and of one client.
std::string ScenarioWith(const std::string& server, const std::string& subject = "") {
  return fmt::format(
      R"({{
    "name": "journal", "seed": 1, "broker": {{"brokers": 1, "partitions": 2}},
    "servers": [{{"name": "server-1"{}}}],
    "clients": [{{"name": "reference", "args": ["--backoff", "50ms..200ms", "--attempts", "0"]}}, {{"name": "subject"{}}},
                {{"name": "counted", "kind": "embedded", "reconnect_delay_max": "200ms"}}],
    "producers": [{{"name": "load"}}],
    "phases": [{{"name": "steady", "duration": "3s", "rate": "200/s"}}],
    "faults": [{{"name": "crash", "type": "process.kill", "target": "server-1", "at": "steady+1s", "restart_after": "200ms"}}],
    "drain": {{"timeout": "15s"}}
  }})",
      server, subject.empty() ? R"(, "args": ["--backoff", "50ms..200ms", "--attempts", "0"])" : subject);
}

nlohmann::json Invariant(const nlohmann::json& result, const std::string& name) {
  for (const nlohmann::json& check : result["invariants"]) {
    if (check["name"] == name) return check;
  }
  return {};
}

std::set<std::string> Suspects(const nlohmann::json& result, const std::string& invariant) {
  std::set<std::string> causes;
  const nlohmann::json check = Invariant(result, invariant);
  for (const nlohmann::json& violation : check["violations"]) causes.insert(violation["causes"].dump());
  return causes;
}

std::string TextOf(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class ServerJournalTest : public ::testing::Test {
 protected:
  HarnessResult Run(const std::string& scenario) {
    return RunHarness({"run", folder_.Write("journal.json", scenario)}, folder_);
  }
  TemporaryFolder folder_;
};

TEST_F(ServerJournalTest, EveryStreamIsJoinedAndEveryRecordHasItsRow) {
  const HarnessResult run = Run(ScenarioWith(R"(, "journal": true)"));
  ASSERT_EQ(run.exit_code, 0) << run.output;
  const nlohmann::json zombie = Invariant(run.result, "ZOMBIE");
  EXPECT_EQ(zombie["state"], "pass") << zombie;
  int64_t connections = 0;
  for (const nlohmann::json& client : run.result["clients"]) connections += client["connections"].size();
  EXPECT_EQ(zombie["judged"], connections) << "each has its stream";
  EXPECT_GE(connections, 6);
  EXPECT_THAT(TextOf(run.run_dir + "/history/server-1.server.jsonl"), HasSubstr("\"type\":\"stop\""));

  const TemporaryFolder looked;
  const HarnessResult history = RunHarness({"history", run.run_dir, "--record", "load.100"}, looked);
  EXPECT_EQ(history.exit_code, 0) << history.output;
  EXPECT_THAT(history.output, HasSubstr("read by server-1        partition "));
  for (const char* client : {"reference", "subject", "counted"}) {
    EXPECT_THAT(history.output, HasSubstr(fmt::format(", client {}'s connection ", client)));
  }
  const TemporaryFolder checked;
  const HarnessResult check = RunHarness({"check", run.run_dir, "--out", checked.path() + "/runs/again"}, checked);
  EXPECT_EQ(check.exit_code, 0) << check.output;
  EXPECT_EQ(check.result, run.result);
}

TEST_F(ServerJournalTest, ALossOfTheServersIsTheServersAlone) {
  const HarnessResult run = Run(ScenarioWith(fmt::format(
      R"(, "journal": true, "command": ["{}", "drop-one", "{{port}}", "{}", "{{server_journal}}", "{}",
    "--brokers", "{{brokers}}", "--topic", "{{topic}}", "-X", "fetch.wait.max.ms=1"])",
      ProgramPath("seeded-server"), folder_.path(), ProgramPath("payment-server"))));
  EXPECT_EQ(run.exit_code, 1) << run.output;
  EXPECT_THAT(Suspects(run.result, "LOST"), ElementsAre(R"(["server"])")) << run.output;
  EXPECT_THAT(TextOf(run.run_dir + "/witness.txt"), HasSubstr("server-1 read it and never wrote it to subscription "));
}

// The server's journal has what the client lacks: whatever lost it, it was behind the server.
TEST_F(ServerJournalTest, ALossBehindTheServerIsNotTheServers) {
  const HarnessResult run = Run(ScenarioWith(
      R"(, "journal": true)",
      fmt::format(R"(, "command": ["{}", "drop-one", "{{servers}}", "{{event_log}}"], "reconnect_delay_max": "500ms")",
                  ProgramPath("seeded-client"))));
  EXPECT_EQ(run.exit_code, 1) << run.output;
  EXPECT_THAT(Suspects(run.result, "LOST"), ElementsAre(R"(["wire","client"])")) << run.output;
  EXPECT_THAT(TextOf(run.run_dir + "/witness.txt"), HasSubstr("written by server-1     "));
}

TEST_F(ServerJournalTest, ADiskWithoutRoomForItStopsNothing) {
  const HarnessResult run = Run(ScenarioWith(R"(, "args": ["--journal", "/dev/full"])"));
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_THAT(InvariantsIn(run.result, "violated"), IsEmpty());
  EXPECT_EQ(Invariant(run.result, "ZOMBIE")["reason"], "no server keeps a journal");
  EXPECT_THAT(TextOf(run.run_dir + "/logs/server-1.log"), HasSubstr("the journal is cut, the server goes on"));
}

}  // namespace
}  // namespace harness
