// The language of thresholds: each metric with its unit, its selectors and its percentile, and a sentence that says
// what is allowed for whatever is wrong.
#include "harness/scenario/threshold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/scenario/scenario_testing.h"

namespace harness {
namespace {

using testing::Contains;
using testing::HasSubstr;

Threshold Parsed(const std::string& text) {
  const auto result = ParseThreshold(text);
  if (const auto* problem = std::get_if<std::string>(&result)) ADD_FAILURE() << text << ": " << *problem;
  return std::holds_alternative<Threshold>(result) ? std::get<Threshold>(result) : Threshold{};
}

std::string Problem(const std::string& text) {
  const auto result = ParseThreshold(text);
  return std::holds_alternative<std::string>(result) ? std::get<std::string>(result) : "none";
}

TEST(ThresholdTest, EachUnitHasItsLimits) {
  EXPECT_EQ(Parsed("e2e.latency p99 < 100ms").limit, 1e8);
  EXPECT_EQ(Parsed("client.reconnects == 3").limit, 3);
  EXPECT_EQ(Parsed("throughput.delivered{phase=steady} >= 499.5/s").limit, 499.5);
  EXPECT_EQ(Parsed("throughput.achieved_ratio >= 99.5%").limit, 0.995);
  EXPECT_EQ(Parsed("proc.server-1.rss_peak < 64MiB").limit, 64 << 20);
  EXPECT_EQ(Parsed("throughput.acked_bytes > 2KiB/s").limit, 2048);
  EXPECT_EQ(Parsed("proc.server-1.rss_peak < 64MiB").process, "server-1");
  EXPECT_EQ(Parsed("e2e.latency p99 < 100ms").process, "");
  EXPECT_EQ(Parsed("recovery.ttr{slo=100ms,window=2s} < 5s").selectors.at("window"), "2s");
}

TEST(ThresholdTest, WhatIsWrongIsSaid) {
  for (const auto& [text, says] : std::vector<std::pair<std::string, std::string>>{
           {"e2e.latencies p99 < 1s", "unknown metric \"e2e.latencies\", did you mean \"e2e.latency\""},
           {"e2e.latency p99 < 100", "is a time: allowed is one with its unit"},
           {"e2e.latency < 1s", "needs a percentile"},
           {"client.reconnects == 1s", "is a count"},
           {"client.reconnects p50 == 1", "has no percentile"},
           {"throughput.delivered > 500", "is a rate: allowed is a number per second"},
           {"throughput.delivered > 5xx/s", "is a rate"},
           {"throughput.achieved_ratio > 0.5", "is a share: allowed is \"0%\" to \"100%\""},
           {"throughput.achieved_ratio > 101%", "is a share"},
           {"proc.x.rss_peak < 5", "is a size"},
           {"throughput.acked_bytes < 5MiB", "is a rate of bytes"},
           {"proc.x.cpu{phase=a} < 5s", "has no selectors"},
           {"produce.ack{client=a} p50 < 5s", "unknown selector \"client\""},
           {"recovery.ttr < 5s", "recovery.ttr{slo=100ms}"},
           {"recovery.ttr{slo=5} < 5s", "allowed: a time with its unit, \"slo=10s\""},
           {"recovery.reconnect{from=now} < 5s", "allowed: \"from=fault\""}}) {
    EXPECT_THAT(Problem(text), HasSubstr(says)) << text;
  }
}

ScenarioResult With(const std::string& threshold, std::vector<std::string> set = {}) {
  return ParseScenario("s.json", kBase, {.set = std::move(set), .seed = {}, .thresholds = {threshold}});
}
std::vector<std::string> Added(const std::string& threshold, std::vector<std::string> set = {}) {
  return Errors(With(threshold, std::move(set)));
}

TEST(ThresholdTest, TheCommandLineAddsToTheFilesOwn) {
  const Scenario scenario =
      MustLoad(ParseScenario("s.json", kBase, {.set = {}, .seed = {}, .thresholds = {"integrity.lost == 0"}}));
  ASSERT_EQ(scenario.expect.thresholds.size(), 2u);
  EXPECT_EQ(scenario.expect.thresholds[1].metric, "integrity.lost");
  EXPECT_THAT(scenario.effective_json, HasSubstr("integrity.lost == 0"));
  EXPECT_THAT(Added("integrity.loss == 0"), Contains(HasSubstr("--threshold integrity.loss == 0")));
  EXPECT_THAT(Added("client.reconnects{client=nobody} == 0"), Contains(HasSubstr("there is no client \"nobody\"")));
}

TEST(ThresholdTest, WhatCantHaveASampleIsASlip) {
  EXPECT_THAT(Added("proc.nobody.cpu < 1s"), Contains(HasSubstr("there is no program \"nobody\"")));
  MustLoad(With("proc.harness.cpu < 1s"));
  MustLoad(With("proc.broker.cpu < 1s"));
  EXPECT_THAT(Added("server.queue p50 < 1s"), Contains(HasSubstr("\"journal\": true")));
  MustLoad(With("server.queue p50 < 1s", {"/servers/0/journal=true"}));
  EXPECT_THAT(Added("e2e.latency p50 < 1s", {R"(/producers=[{"name": "shop", "kind": "process"}])"}),
              Contains(HasSubstr("allowed: e2e.service")));
}

}  // namespace
}  // namespace harness
