// The metrics against a delay that is known: a relay that holds back all that one client's server sends for 25 ms, and
// a server that stands still for a second. What each does is in the metric that is named after it, and in no other.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "harness_process.h"

namespace harness {
namespace {

constexpr double kMs = 1e6;
constexpr int kRunsMax = 3;

// What each threshold of the result measured, in its unit, and in how many samples.
std::map<std::string, double> MeasuredOf(const nlohmann::json& result) {
  std::map<std::string, double> measured;
  for (const nlohmann::json& threshold : result["thresholds"]) {
    if (threshold["measured"].is_number()) measured[threshold["text"]] = threshold["measured"];
  }
  return measured;
}

// Of a table of percentiles: how many values are above `limit_ms`, between two of its rows as if evenly spread.
double CountAbove(const std::string& path, double limit_ms) {
  std::ifstream file(path);
  double below_ms = 0, below_count = 0, up_to = 0, all = 0;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    double value_ms = 0, level = 0, count = 0;
    if (!(words >> value_ms >> level >> count)) continue;
    all = count;
    if (value_ms > limit_ms && below_ms <= limit_ms) {
      up_to = below_count + (count - below_count) * (limit_ms - below_ms) / (value_ms - below_ms);
    }
    below_ms = value_ms;
    below_count = count;
  }
  return all - (below_ms <= limit_ms ? below_count : up_to);
}

TEST(MeasurementTest, ARelayThatHoldsEachMessageMovesItsOwnHopAndNothingElse) {
  const TemporaryFolder folder;
  const std::string client = fmt::format(
      R"(["{}", "25", "{{servers}}", "{}", "stream", "--server", "@relay@", "--event-log", "{{event_log}}"])",
      ProgramPath("hold-relay"), ProgramPath("payment-client"));
  std::string thresholds;
  for (const char* metric : {"e2e.latency", "ack.server", "server.queue", "server.client"}) {
    for (const char* name : {"direct", "held"}) {
      thresholds += fmt::format("{}\"{}{{client={}}} p50 < 1h\"", thresholds.empty() ? "" : ", ", metric, name);
    }
  }
  const std::string scenario = fmt::format(R"({{
    "name": "held", "broker": {{"partitions": 2}}, "servers": [{{"name": "server-1", "journal": true}}],
    "clients": [{{"name": "direct"}}, {{"name": "held", "command": {}}}], "producers": [{{"name": "load"}}],
    "phases": [{{"name": "warm-up", "duration": "500ms", "rate": "200/s", "measure": false}},
               {{"name": "steady", "duration": "3s", "rate": "200/s"}}],
    "expect": {{"thresholds": [{}]}}
  }})",
                                           client, thresholds);
  const std::string path = folder.Write("held.json", scenario);
  const std::map<std::string, double> wanted_ms = {
      {"e2e.latency", 25}, {"server.client", 25}, {"ack.server", 0}, {"server.queue", 0}};
  // A machine that is busy with other things holds messages too.
  std::string seen;
  for (int run_number = 1; run_number <= kRunsMax; ++run_number) {
    const TemporaryFolder runs;
    const HarnessResult run = RunHarness({"run", path}, runs);
    ASSERT_EQ(run.exit_code, 0) << run.output;
    const auto measured = MeasuredOf(run.result);
    bool as_wanted = true;
    for (const auto& [metric, wanted] : wanted_ms) {
      const double moved_ms =
          (measured.at(metric + "{client=held} p50 < 1h") - measured.at(metric + "{client=direct} p50 < 1h")) / kMs;
      seen += fmt::format("run {}: {} moved by {:.2f} ms\n", run_number, metric, moved_ms);
      as_wanted = as_wanted && std::abs(moved_ms - wanted) <= 1;
    }
    if (as_wanted) return;
  }
  FAIL() << seen;
}

TEST(MeasurementTest, AServerFrozenForASecondIsAThousandSamplesAndNotOne) {
  const TemporaryFolder folder;
  const std::string scenario = R"({
    "name": "frozen", "broker": {"partitions": 2}, "servers": [{"name": "server-1"}], "clients": [{"name": "fast"}],
    "producers": [{"name": "load"}], "phases": [{"name": "steady", "duration": "4s", "rate": "1000/s"}],
    "faults": [{"name": "freeze", "type": "process.pause", "target": "server-1", "at": "steady+1s", "duration": "1s"}],
    "expect": {"thresholds": ["e2e.latency{during=freeze} max < 1h", "backlog.peak >= 1", "recovery.max_gap < 1h"]}
  })";
  const std::string path = folder.Write("frozen.json", scenario);
  const HarnessResult run = RunHarness({"run", path}, folder);
  ASSERT_EQ(run.exit_code, 0) << run.output;
  const auto measured = MeasuredOf(run.result);
  EXPECT_GT(measured.at("e2e.latency{during=freeze} max < 1h"), 900 * kMs);
  EXPECT_GT(measured.at("backlog.peak >= 1"), 900);
  EXPECT_GT(measured.at("recovery.max_gap < 1h"), 900 * kMs);
  const nlohmann::json& fault = run.result["faults"][0];
  const double frozen_ms = (fault["healed_ns"].get<double>() - fault["struck_ns"].get<double>()) / kMs;
  EXPECT_GE(frozen_ms, 1000);
  // In each millisecond of it a record was planned: they waited from almost nothing to all of that time, evenly. A busy
  // machine adds to the wait of each, and to their number nothing: each of the 4,000 records is one sample.
  EXPECT_EQ(run.result["latency"]["e2e"]["samples"], 4000);
  for (const int waited_ms : {100, 300, 500, 700}) {
    EXPECT_GE(CountAbove(run.run_dir + "/e2e.latency.hgrm", waited_ms), frozen_ms - waited_ms - 50) << waited_ms;
  }
}

}  // namespace
}  // namespace harness
