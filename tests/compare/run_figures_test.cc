// A result.json is read for its figures whatever it holds, and two runs are compared only where they are alike.
#include "harness/compare/run_figures.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>

#include "harness/compare/alike.h"

namespace harness {
namespace {

using Json = nlohmann::json;

// As `harness run` writes it, cut to what is read.
Json Result() {
  return Json::parse(R"json({
    "schema_version": 2, "scenario": "restart", "seed": 1, "verdict": "PASS", "exit_code": 0,
    "run": {"backend": "mock (librdkafka 2.0.2)", "version": "0.1.0",
            "host": {"cores": "2", "cpu": "a cpu", "kernel": "Linux 6.1"}},
    "counts": {"sent": 2000, "acked": 1990, "logged": 2000},
    "phases": [{"name": "warm-up", "measured": false, "delivered_per_s": 10.0},
               {"name": "steady", "measured": true, "delivered_per_s": 498.5}],
    "faults": [{"name": "crash", "struck_ns": 1000, "recoveries": [
        {"client": "a", "broke": true, "reconnect_ns": 300, "recovered_ns": 1500},
        {"client": "b", "broke": true, "reconnect_ns": 700, "recovered_ns": 1200},
        {"client": "c", "broke": false, "reconnect_ns": null, "recovered_ns": null}]}],
    "latency": {"e2e": {"samples": 1500, "p50_ns": 400, "p99_ns": 900, "p99_9_ns": 2000},
                "schedule_lag": {"samples": 1500, "p50_ns": 10}, "produce_ack": {"samples": 0}},
    "usage": [{"name": "server-1", "cpu_user_ns": 3000, "cpu_system_ns": 1000, "rss_bytes_max": 50},
              {"name": "server-1", "cpu_user_ns": 1000, "cpu_system_ns": 1000, "rss_bytes_max": 60},
              {"name": "harness", "cpu_user_ns": 4000, "cpu_system_ns": 0, "rss_bytes_max": 70}]})json");
}

RunFigures Read(const Json& result) {
  auto read = ReadRunFigures(result.dump());
  if (const auto* problem = std::get_if<std::string>(&read)) ADD_FAILURE() << *problem;
  RunFigures run = std::get<RunFigures>(std::move(read));
  run.plan = Json::parse(R"({"name": "restart", "seed": 1, "phases": [{"rate": "10/s"}],
                             "servers": [{"name": "s", "command": ["x"]}], "expect": {}})");
  return run;
}

TEST(RunFiguresTest, AreThoseOfTheRun) {
  const RunFigures run = Read(Result());
  EXPECT_EQ(run.scenario, "restart");
  EXPECT_EQ(run.verdict, "PASS");
  EXPECT_EQ(run.figures.at("e2e.latency.p50").value, 400);
  EXPECT_EQ(run.figures.at("e2e.latency.p99").value, 900);
  EXPECT_EQ(run.figures.at("throughput.delivered.steady").value, 498.5);
  EXPECT_EQ(run.figures.at("throughput.delivered.steady").direction, Direction::kMoreIsBetter);
  EXPECT_EQ(run.figures.count("throughput.delivered.warm-up"), 0U);
  EXPECT_EQ(run.figures.at("proc.server-1.cpu_per_record").value, 3);  // 6000 ns of two lives, 2000 records
  EXPECT_EQ(run.figures.at("proc.server-1.rss_peak").value, 60);
  EXPECT_EQ(run.figures.at("proc.harness.cpu_per_record").direction, Direction::kNeutral);
  EXPECT_FALSE(run.figures.at("proc.harness.cpu_per_record").by_default);
  EXPECT_EQ(run.figures.at("recovery.reconnect.crash").value, 700);
  EXPECT_EQ(run.figures.at("recovery.recovered.crash").value, 500);
}

TEST(RunFiguresTest, ATailOfTooFewSamplesIsLeftOut) {
  const RunFigures run = Read(Result());
  EXPECT_EQ(run.figures.count("e2e.latency.p99_9"), 0U);
  EXPECT_EQ(run.left_out.at("e2e.latency.p99_9"), "1500 samples, and 10000 are needed");
  EXPECT_EQ(run.left_out.count("produce.ack.p50"), 1U);
}

TEST(RunFiguresTest, WhatNeverCameIsWithoutEnd) {
  Json result = Result();
  result["latency"]["e2e"]["p99_ns"] = nullptr;
  result["faults"][0]["recoveries"][1]["reconnect_ns"] = nullptr;
  result["faults"][0]["recoveries"][0]["recovered_ns"] = nullptr;
  const RunFigures run = Read(result);
  EXPECT_TRUE(std::isinf(run.figures.at("e2e.latency.p99").value));
  EXPECT_TRUE(std::isinf(run.figures.at("recovery.reconnect.crash").value));
  EXPECT_TRUE(std::isinf(run.figures.at("recovery.recovered.crash").value));
}

TEST(RunFiguresTest, WhatIsNoResultIsRefusedInASentence) {
  for (const std::string& text :
       {std::string(), std::string("null"), std::string("[]"), std::string("{}"), std::string("{\"run\": {}}"),
        std::string("{\"run\": {}, \"schema_version\": \"2\"}"), Result().dump() + "x", std::string(100'000, '['),
        R"({"run": {}, "schema_version": 2, "a": )" + std::string(70, '[') + std::string(70, ']') + "}"}) {
    const auto read = ReadRunFigures(text);
    ASSERT_TRUE(std::holds_alternative<std::string>(read)) << text.substr(0, 80);
    EXPECT_FALSE(std::get<std::string>(read).empty());
  }
}

TEST(RunFiguresTest, NamesCantDriveATerminal) {
  Json result = Result();
  result["usage"][0]["name"] = "server\x1b[31m\n";
  result["scenario"] = std::string(1000, 'x');
  const RunFigures run = Read(result);
  EXPECT_EQ(run.figures.count("proc.server?[31m?.cpu_per_record"), 1U);
  EXPECT_EQ(run.scenario.size(), 80U);
}

// A value of any type in the place of any member: read without harm, and never a figure that is not a number.
RC_GTEST_PROP(RunFiguresTest, MembersMayBeOfAnyType, ()) {
  Json result = Result();
  const Json flat = result.flatten();
  const auto times = *rc::gen::inRange(1, 5);
  for (int i = 0; i < times; ++i) {
    const auto member = *rc::gen::inRange<size_t>(0, flat.size());
    auto at = flat.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(member));
    std::string pointer = at.key();
    if (*rc::gen::arbitrary<bool>()) pointer = pointer.substr(0, pointer.rfind('/'));
    if (pointer.empty() || !result.contains(Json::json_pointer(pointer))) continue;
    result[Json::json_pointer(pointer)] =
        *rc::gen::element(Json(nullptr), Json(true), Json(-1), Json(1e308), Json(-1e308), Json(UINT64_MAX),
                          Json("text"), Json::array({1, "x", nullptr}), Json::object({{"name", 1}, {"samples", -5}}));
  }
  const auto read = ReadRunFigures(result.dump());
  if (const auto* run = std::get_if<RunFigures>(&read)) {
    for (const auto& [name, figure] : run->figures) RC_ASSERT(!std::isnan(figure.value));
  }
}

TEST(AlikeTest, RunsOfOneScenarioAreAlike) {
  const RunFigures run = Read(Result());
  RunFigures other = run;
  (*other.plan)["seed"] = 7;
  (*other.plan)["description"] = "text";
  (*other.plan)["expect"]["thresholds"] = {"x"};
  EXPECT_TRUE(FindUnlike(run, other, 2).refused.empty());
  EXPECT_TRUE(FindUnlike(run, other, 2).noted.empty());
}

TEST(AlikeTest, AnotherProgramIsWhatIsCompared) {
  const RunFigures run = Read(Result());
  RunFigures other = run;
  (*other.plan)["servers"][0]["command"] = {"y", "z"};
  (*other.plan)["servers"][0]["env"]["A"] = "1";
  other.version = "0.2.0";
  const Unlike unlike = FindUnlike(run, other, 2);
  EXPECT_TRUE(unlike.refused.empty());
  ASSERT_EQ(unlike.noted.size(), 2U);
  EXPECT_EQ(unlike.noted[0], "other programs: /servers/0/command, /servers/0/env");
  EXPECT_EQ(unlike.noted[1], "harness 0.1.0 and 0.2.0");
}

TEST(AlikeTest, NamesWhatDiffers) {
  const RunFigures run = Read(Result());
  const auto refused = [&](auto&& change) {
    RunFigures other = run;
    change(&other);
    const Unlike unlike = FindUnlike(run, other, 2);
    return unlike.refused.size() == 1 ? unlike.refused.front() : "(" + std::to_string(unlike.refused.size()) + ")";
  };
  EXPECT_EQ(refused([](RunFigures* other) { other->backend = "Kafka x:1"; }),
            "the backends differ: mock (librdkafka 2.0.2) and Kafka x:1");
  EXPECT_EQ(refused([](RunFigures* other) { other->host["cores"] = "64"; }), "the machines differ: cores 2 and 64");
  EXPECT_EQ(refused([](RunFigures* other) { other->host["cpu"] = "b"; }), "the machines differ: cpu a cpu and b");
  EXPECT_EQ(refused([](RunFigures* other) { other->host.erase("cpu"); }), "(0)");
  EXPECT_EQ(refused([](RunFigures* other) { other->scenario = "smoke"; }), "the scenarios differ: restart and smoke");
  EXPECT_EQ(refused([](RunFigures* other) { (*other->plan)["phases"][0]["rate"] = "20/s"; }),
            "the scenarios differ at /phases/0/rate");
  EXPECT_EQ(refused([](RunFigures* other) { (*other->plan)["servers"][0]["journal"] = true; }),
            "the scenarios differ at /servers/0/journal");
  EXPECT_EQ(refused([](RunFigures* other) {
              other->path = "there";
              other->plan.reset();
            }),
            "there has no scenario.json that can be read, so nothing says what was run");
  EXPECT_EQ(refused([](RunFigures* other) {
              other->path = "there";
              other->schema_version = 1;
            }),
            "there: its result.json is of schema version 1, and this program reads 2");
}

TEST(AlikeTest, AScenariosOwnBrokerIsTheSameAtAnyPort) {
  RunFigures run = Read(Result());
  RunFigures other = run;
  run.backend = "the scenario's broker: Kafka 127.0.0.1:1 (x)";
  other.backend = "the scenario's broker: Kafka 127.0.0.1:2 (x)";
  EXPECT_TRUE(FindUnlike(run, other, 2).refused.empty());
}

}  // namespace
}  // namespace harness
