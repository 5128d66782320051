// The scenarios that are shipped pass on the system that is shipped, and show what they are for.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/sanitized.h"
#include "harness_process.h"

namespace harness {
namespace {

using ::testing::IsEmpty;

class ShippedScenariosTest : public ::testing::Test {
 protected:
  nlohmann::json Pass(const std::string& name) {
    const HarnessResult run = RunHarness({"run", ScenarioPath(name)}, folder_);
    EXPECT_EQ(run.exit_code, 0) << run.output;
    EXPECT_EQ(run.result.value("verdict", ""), "PASS");
    EXPECT_THAT(InvariantsIn(run.result, "violated"), IsEmpty());
    return run.result;
  }
  TemporaryFolder folder_;
};

TEST_F(ShippedScenariosTest, Smoke) { Pass("smoke"); }

TEST_F(ShippedScenariosTest, RestartShowsARecoveryOfEachClientAfterEachRestart) {
  const nlohmann::json result = Pass("restart");
  ASSERT_EQ(result["faults"].size(), 2u);
  for (const auto& fault : result["faults"]) {
    ASSERT_EQ(fault["recoveries"].size(), 2u);
    for (const auto& recovery : fault["recoveries"]) {
      EXPECT_TRUE(recovery.value("broke", false)) << fault.dump(1);
      EXPECT_GT(recovery.value("reconnect_ns", int64_t{-1}), 0) << fault.dump(1);
      EXPECT_GT(recovery.value("recovered_ns", int64_t{0}), 0) << fault.dump(1);
    }
  }
}

TEST_F(ShippedScenariosTest, ProducerKillLeavesTheStreamsOpen) {
  const nlohmann::json result = Pass("producer-kill");
  for (const auto& client : result["clients"]) EXPECT_EQ(client.value("reconnects", -1), 0) << client.dump();
}

TEST_F(ShippedScenariosTest, BurstDrains) {
  const nlohmann::json result = Pass("burst");
  for (const auto& client : result["clients"]) EXPECT_GE(client.value("delivered", 0), 300'000) << client.dump();
}

// A tenth of the load, of the stall and of the window: still many times what a connection holds. ci/nightly runs it
// whole.
TEST_F(ShippedScenariosTest, SlowSubscribersLoseNothing) {
  std::vector<std::string> arguments = {"run", ScenarioPath("slow-subscriber")};
  for (const char* change :
       {"/phases/1/count=100000", "/phases/2/duration=1s", "/phases/3/duration=7s", "/faults/0/duration=9s",
        "/faults/1/duration=9s", "/servers/0/args/1=3MB", "/servers/1/args/1=3MB"}) {
    arguments.insert(arguments.end(), {"--set", change});
  }
  if (pipeline::kSanitized) {  // whose own memory is many times the server's
    arguments.insert(arguments.end(), {"--set", "/servers/0/rss_max=8GiB", "--set", "/servers/1/rss_max=8GiB"});
  }
  const HarnessResult run = RunHarness(arguments, folder_);
  EXPECT_EQ(run.exit_code, 0) << run.output;
  for (const auto& client : run.result["clients"]) EXPECT_GE(client.value("delivered", 0), 100'000) << client.dump();
}

TEST_F(ShippedScenariosTest, PoisonMessagesAreRejectedAndAllOthersServed) {
  const nlohmann::json result = Pass("poison-messages");
  const int64_t rejected = result["counts"].value("rejected", int64_t{0});
  EXPECT_GT(rejected, 100) << result["counts"].dump();
  for (const auto& invariant : result["invariants"]) {
    if (invariant.value("name", "") == "DLQ") {
      EXPECT_EQ(invariant.value("judged", int64_t{0}), 2 * rejected) << "each record and each letter";
    }
  }
}

TEST_F(ShippedScenariosTest, ARollingRestartMovesEachClientOn) {
  const nlohmann::json result = Pass("rolling-restart");
  ASSERT_EQ(result["faults"].size(), 3u);
  // Each client had all three servers taken from under it, or two when it went back to one that had returned.
  for (const auto& client : result["clients"]) EXPECT_GE(client.value("reconnects", 0), 1) << client.dump();
}

TEST_F(ShippedScenariosTest, FailoverLeavesClientsOnTheOtherServer) {
  const nlohmann::json result = Pass("failover");
  for (const auto& client : result["clients"]) {
    const bool moves = client.value("name", "").starts_with("moves");
    EXPECT_EQ(client.value("reconnects", -1) > 0, moves) << client.dump();
  }
}

TEST_F(ShippedScenariosTest, LateJoinersFindAFilledTopicAndMissNothing) {
  const nlohmann::json result = Pass("late-joiner");
  EXPECT_EQ(result["clients"].size(), 13u);
  for (const auto& client : result["clients"]) {
    EXPECT_GT(client.value("delivered", 0), 0) << client.dump();
    EXPECT_EQ(client["joined_ns"].is_null(), client["name"] == "early") << client.dump();
    EXPECT_EQ(client["left_ns"].is_null(), client["name"] != "guest") << client.dump();
  }
}

TEST_F(ShippedScenariosTest, ATutorialClientBeginsAnewAfterEachRestart) {
  const nlohmann::json result = Pass("tutorial-client");
  for (const auto& client : result["clients"]) {
    EXPECT_GE(client.value("reconnects", 0), 2) << client.dump();
    for (const auto& connection : client["connections"]) EXPECT_FALSE(connection.value("resumed", true));
  }
}

TEST_F(ShippedScenariosTest, FindMaxHoldsAsItStands) { Pass("find-max"); }

// Each record has a time at each hop, and each client one of its own.
TEST_F(ShippedScenariosTest, LatencyIsMeasuredAtEveryHop) {
  const nlohmann::json result = Pass("latency");
  ASSERT_EQ(result["thresholds"].size(), 9u);
  const int64_t records = result["phases"][1].value("acked", int64_t{0});
  EXPECT_GT(records, 10'000);
  for (const char* of_a_record : {"schedule_lag", "produce_ack"}) {
    EXPECT_EQ(result["latency"][of_a_record].value("samples", int64_t{0}), records) << of_a_record;
  }
  for (const char* of_a_delivery : {"ack_server", "server_queue", "server_client", "e2e"}) {
    EXPECT_EQ(result["latency"][of_a_delivery].value("samples", int64_t{0}), 5 * records) << of_a_delivery;
  }
}

TEST_F(ShippedScenariosTest, FanOutReachesAHundred) {
  const nlohmann::json result = Pass("fan-out");
  EXPECT_EQ(result["clients"].size(), 100u);
}

// A sanitizer's server needs ten times as long for each: a tenth of them.
TEST_F(ShippedScenariosTest, AThousandSubscribersComeAndGo) {
  constexpr int kPart = pipeline::kSanitized ? 10 : 1;
  const std::vector<int> counts = {150, 50, 50, 200, 200, 150, 150, 50};
  std::vector<std::string> arguments = {"run", ScenarioPath("thousand-subscribers")};
  for (size_t i = 0; pipeline::kSanitized && i < counts.size(); ++i) {
    arguments.insert(arguments.end(), {"--set", fmt::format("/clients/{}/count={}", i, counts[i] / kPart)});
  }
  const HarnessResult run = RunHarness(arguments, folder_);
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_EQ(run.result["clients"].size(), 1'000u / kPart);
  int64_t first_joined_ns = INT64_MAX, last_joined_ns = 0, left = 0;
  for (const auto& client : run.result["clients"]) {
    const std::string name = client.value("name", "");
    EXPECT_GT(client.value("delivered", 0), 0) << client.dump();
    if (!client["left_ns"].is_null()) ++left;
    if (!name.starts_with("late")) continue;
    first_joined_ns = std::min(first_joined_ns, client.value("joined_ns", int64_t{0}));
    last_joined_ns = std::max(last_joined_ns, client.value("joined_ns", int64_t{0}));
  }
  EXPECT_EQ(left, 50 / kPart);
  EXPECT_GE(last_joined_ns - first_joined_ns, 2'700'000'000);  // 14 of 15 parts of 3 s, at least
}

TEST_F(ShippedScenariosTest, RampOffersItsIntegral) {
  const nlohmann::json result = Pass("ramp");
  std::map<std::string, int64_t> planned;
  for (const auto& phase : result["phases"]) planned[phase.value("name", "")] = phase.value("planned", int64_t{0});
  EXPECT_NEAR(static_cast<double>(planned["ramp"]), 4'200, 6 * std::sqrt(4'200));
  EXPECT_EQ(planned["steps"], 2'400);
  EXPECT_EQ(planned["spike"], 2'500);
  EXPECT_EQ(planned["pause"], 0);
  EXPECT_EQ(planned["loop"], 2'000);
}

TEST_F(ShippedScenariosTest, ABacklogIsDrained) {
  const nlohmann::json result = Pass("backlog-drain");
  for (const auto& client : result["clients"]) EXPECT_GE(client.value("delivered", 0), 1) << client.dump();
  for (const auto& phase : result["phases"]) {
    if (phase.value("name", "") != "fill") continue;
    EXPECT_EQ(phase.value("acked", int64_t{0}), 150'000) << phase.dump();
  }
}

// The generator alone: nothing is said about losses, and the verdict says so.
TEST_F(ShippedScenariosTest, WithoutTheAuditItIsLoadOnly) {
  const HarnessResult run = RunHarness({"run", ScenarioPath("smoke"), "--audit=off"}, folder_);
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_THAT(run.output, ::testing::HasSubstr("load only"));
  EXPECT_FALSE(run.result["run"].value("audited", true));
  for (const auto& invariant : run.result["invariants"]) {
    if (invariant.value("name", "") != "LOST") continue;
    EXPECT_EQ(invariant.value("state", ""), "not_applicable") << invariant.dump();
  }
  EXPECT_EQ(RunHarness({"run", ScenarioPath("backlog-drain"), "--audit=off"}, folder_).exit_code, 2);
}

}  // namespace
}  // namespace harness
