// Programs with a known bug make the run fail, with the invariant that the bug breaks; the same programs without it
// pass; and `harness check` says the same of what the run left behind.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "harness_process.h"

namespace harness {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

struct Programs {
  std::string server = {};  // what stands beside the name in the scenario; empty: built in
  std::string client = {};
  std::string producer = {};
};

std::string SeededServer(const std::string& bug, const std::string& state_dir) {
  return fmt::format(
      R"(, "command": ["{}", "{}", "{{port}}", "{}", "-", "{}", "--brokers", "{{brokers}}", "--topic", "{{topic}}",
    "-X", "fetch.wait.max.ms=1"])",
      ProgramPath("seeded-server"), bug, state_dir, ProgramPath("payment-server"));
}
std::string SeededClient(const std::string& bug) {
  return fmt::format(R"(, "command": ["{}", "{}", "{{servers}}", "{{event_log}}"], "reconnect_delay_max": "500ms")",
                     ProgramPath("seeded-client"), bug);
}
std::string SeededProducer(const std::string& bug) {
  return fmt::format(R"(, "command": ["{}", "{}", "{{brokers}}", "{{topic}}", "{{ack_log}}", "{{rec_prefix}}", "100"])",
                     ProgramPath("seeded-producer"), bug);
}

// Load, and a server that is killed and comes back.
std::string ScenarioWith(const Programs& programs) {
  return fmt::format(
      R"({{
    "name": "seeded", "seed": 1, "broker": {{"brokers": 1, "partitions": 2}},
    "servers": [{{"name": "server-1"{}}}],
    "clients": [{{"name": "reference", "args": ["--backoff", "50ms..200ms", "--attempts", "0"]}}, {{"name": "subject"{}}}],
    "producers": [{{"name": "load"}}, {{"name": "shop", "kind": "process"{}}}],
    "phases": [{{"name": "steady", "duration": "4s", "rate": "200/s"}}],
    "faults": [{{"name": "crash", "type": "process.kill", "target": "server-1", "at": "steady+1500ms", "restart_after": "200ms"}}],
    "drain": {{"timeout": "15s"}}
  }})",
      programs.server, programs.client,
      programs.producer.empty() ? R"(, "args": ["--count", "100", "--rate", "50/s"])" : programs.producer);
}

class SeededBugsTest : public ::testing::Test {
 protected:
  HarnessResult Run(const Programs& programs) {
    return RunHarness({"run", folder_.Write("seeded.json", ScenarioWith(programs))}, folder_);
  }
  // The run's verdict again, from its journal alone.
  static void ExpectCheckSays(int exit_code, const HarnessResult& run) {
    const TemporaryFolder checked;
    const HarnessResult check = RunHarness({"check", run.run_dir, "--out", checked.path() + "/runs/again"}, checked);
    EXPECT_EQ(check.exit_code, exit_code) << check.output;
    EXPECT_EQ(check.result["invariants"], run.result["invariants"]) << check.output;
  }
  void ExpectCaught(const Programs& programs, const std::string& invariant) {
    const HarnessResult run = Run(programs);
    EXPECT_EQ(run.exit_code, 1) << run.output;
    EXPECT_THAT(InvariantsIn(run.result, "violated"), Contains(invariant)) << run.output;
    ExpectCheckSays(1, run);
  }
  TemporaryFolder folder_;
};

TEST_F(SeededBugsTest, WithoutABugTheSamePrograms) {
  const HarnessResult run = Run({SeededServer("none", folder_.path()), SeededClient("none"), SeededProducer("none")});
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_THAT(InvariantsIn(run.result, "violated"), IsEmpty());
  ExpectCheckSays(0, run);
}

TEST_F(SeededBugsTest, AClientThatDropsOneEventLosesIt) { ExpectCaught({.client = SeededClient("drop-one")}, "LOST"); }

TEST_F(SeededBugsTest, AClientThatRepeatsOneAfterResumingDuplicatesIt) {
  ExpectCaught({.client = SeededClient("repeat")}, "DUP");
}

TEST_F(SeededBugsTest, AServerThatStartsAtTheEndAfterARestartLoses) {
  ExpectCaught({.server = SeededServer("start-at-end", folder_.path())}, "LOST");
}

TEST_F(SeededBugsTest, AServerThatSwapsTwoNeighboursBreaksTheOrder) {
  ExpectCaught({.server = SeededServer("swap", folder_.path())}, "ORDER");
}

TEST_F(SeededBugsTest, AProducerThatClaimsAnAcknowledgementIsFoundOut) {
  ExpectCaught({.producer = SeededProducer("false-ack")}, "ACK_DURABLE");
}

TEST_F(SeededBugsTest, AClientThatFreezesLosesTheRest) { ExpectCaught({.client = SeededClient("freeze")}, "LIVE"); }

TEST_F(SeededBugsTest, AClientThatInventsAPaymentShowsAPhantom) {
  ExpectCaught({.client = SeededClient("phantom")}, "PHANTOM");
}

TEST_F(SeededBugsTest, AServerThatChangesAnAmountDisagreesWithTheLog) {
  ExpectCaught({.server = SeededServer("amount", folder_.path())}, "AGREE");
}

}  // namespace
}  // namespace harness
