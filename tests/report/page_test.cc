// report.html says everything that the run says, reaches out to nobody, stays small however long the run was, and shows
// what a run wrote as text, whatever it is.
#include "harness/report/page/page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report/page/html.h"
#include "harness/report/page/life_picture.h"
#include "tests/report/report_testing.h"

namespace harness {
namespace {

constexpr char kHostile[] = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'`${x}<!-- \x1b\xff&lt;";

std::string PageOf(const ReportParts& parts, const PageInputs& inputs = {}) {
  return ReportHtml(parts.View(), MakeTimeline(parts.history), inputs);
}

size_t CountOf(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

ReportParts DrainedRun() {
  ReportParts parts = LossyRun();
  parts.history.drain_end_ns = kBegin + 1'200 * kMs;
  return parts;
}

nlohmann::json DataOf(const std::string& page) {
  const std::string_view begin = "<script type=\"application/json\" id=\"data\">";
  const size_t at = page.find(begin) + begin.size();
  return nlohmann::json::parse(page.substr(at, page.find("</script>", at) - at));
}

TEST(PageTest, TheVerdictComesFirstAndThenWhatWasLostWhere) {
  const std::string page = PageOf(DrainedRun());
  const std::vector<std::string> order = {"<b id=\"verdict\">FAIL</b>",
                                          "<p id=\"headline\">broken: LOST (2)",
                                          "What went wrong</h2>",
                                          "1. LOST, 2 violations</h3>",
                                          "<b>Suspected:</b> server",
                                          "<svg class=\"life\"",
                                          "Counts</h2>",
                                          "Over time</h2>",
                                          "Faults and recovery</h2>",
                                          "Invariants and thresholds</h2>",
                                          "Clients and phases</h2>",
                                          "Run it again</h2>",
                                          "Environment</h2>"};
  size_t at = 0;
  for (const std::string& part : order) {
    const size_t found = page.find(part, at);
    ASSERT_NE(found, std::string::npos) << part;
    at = found;
  }
  EXPECT_CONTAINS(page, "harness history runs/x-restart-7 --record 0@4");
  EXPECT_CONTAINS(page, "harness run scenarios/restart.json --seed 7");
  EXPECT_CONTAINS(page, "every client got every record that it asked for");
}

TEST(PageTest, APassHasNoStoryAndEveryCheckARow) {
  ReportParts parts = GoodRun();
  const std::string page = PageOf(parts, {"{\n  \"name\": \"restart\"\n}", {}});
  EXPECT_CONTAINS(page, "<b id=\"verdict\">PASS</b>");
  EXPECT_FALSE(Contains(page, "What went wrong"));
  for (const CheckResult& check : parts.verdict.invariants)
    EXPECT_CONTAINS(page, "<th scope=\"row\">" + check.name + "</th>");
  EXPECT_CONTAINS(page, "<code>recovery.reconnect{each,client=fast} &lt; 3s</code>");
  EXPECT_CONTAINS(page, "{\n  &quot;name&quot;: &quot;restart&quot;\n}");
}

TEST(PageTest, TheLifeOfALostRecordEndsWhereItIsMissing) {
  const ReportParts parts = DrainedRun();
  const Violation& violation = parts.verdict.invariants[1].violations[0];
  const RecordName name = Completed(parts.history, {{}, {{0, 4}}, 0});
  const auto steps = LifeSteps(parts.history, LifeOf(parts.history, {&name, 1}), violation);
  ASSERT_GE(steps.size(), 6u);
  std::vector<std::string> places;
  for (const LifeStep& step : steps) places.push_back(step.place);
  EXPECT_EQ(steps.back().place, "client fast");
  EXPECT_EQ(steps.back().text, "never received");
  EXPECT_EQ(steps.back().kind, LifeStep::Kind::kMissing);
  const auto fault = std::find_if(steps.begin(), steps.end(),
                                  [](const LifeStep& step) { return step.kind == LifeStep::Kind::kMeanwhile; });
  ASSERT_NE(fault, steps.end());
  EXPECT_CONTAINS(fault->place, "crash");
  const std::string picture = LifePicture(steps, kBegin, "The life of a record");
  EXPECT_CONTAINS(picture, "role=\"img\"");
  EXPECT_CONTAINS(picture, "client fast: never received.");
  EXPECT_EQ(CountOf(picture, "class=\"absent\""), 1u);
  EXPECT_EQ(LifePicture({}, kBegin, "x"), "");
}

TEST(PageTest, OfManyClientsTheOneThatItIsAboutIsShownAndTheOthersAreCounted) {
  ReportParts parts = DrainedRun();
  while (parts.history.clients.size() < 1'000) {
    parts.history.clients.push_back(parts.history.clients[0]);
    parts.history.clients.back().name = "c" + std::to_string(parts.history.clients.size());
  }
  Violation violation;
  violation.client = "c900";
  violation.partition = 0;
  violation.offset = 1;
  const RecordName name = Completed(parts.history, {{}, {{0, 1}}, 0});
  const auto steps = LifeSteps(parts.history, LifeOf(parts.history, {&name, 1}), violation);
  EXPECT_LT(steps.size(), 30u);
  const auto has = [&](const std::string& place) {
    return std::any_of(steps.begin(), steps.end(), [&](const LifeStep& step) { return step.place == place; });
  };
  EXPECT_TRUE(has("client c900"));
  EXPECT_TRUE(has("993 more clients"));
}

TEST(PageTest, WhateverARunWroteIsText) {
  ReportParts parts = DrainedRun();
  const std::string hostile(kHostile);
  History& history = parts.history;
  history.run_id = hostile;
  for (Phase& phase : history.phases) phase.name = hostile;
  for (Producer& producer : history.producers) producer.name = hostile;
  for (size_t i = 0; i < history.clients.size(); ++i) {
    history.clients[i].name = hostile + std::to_string(i);
    history.clients[i].broken_line_texts = {hostile};
    history.clients[i].connections[0].message = hostile;
    parts.metrics.clients[i].name = history.clients[i].name;
  }
  history.faults[0].name = history.faults[0].type = history.faults[0].target = history.faults[0].evidence = hostile;
  history.contents.push_back({1, 0, 4, hostile, hostile, {}});
  history.processes.push_back({hostile, 1, kBegin, kBegin, kBegin + 480 * kMs, false, false, hostile, hostile, 1, 1});
  history.names.Add(105, hostile);
  parts.scenario.name = parts.scenario.description = hostile;
  parts.scenario.expect.thresholds[0].text = hostile;
  parts.verdict.thresholds[0].name = parts.verdict.thresholds[0].reason = hostile;
  CheckResult& lost = parts.verdict.invariants[1];
  lost.reason = lost.violations[0].sentence = hostile;
  lost.violations[0].client = hostile + "1";
  lost.violations.push_back(lost.violations[0]);
  CheckResult named = lost;
  named.name = hostile;
  parts.verdict.invariants.push_back(named);
  RunFacts& facts = parts.facts;
  facts.run_dir = facts.scenario_path = facts.backend = facts.version = facts.started_at = facts.harness_command =
      hostile;
  facts.overrides = {hostile};
  facts.processes = {{hostile, 5, 6, 7, 8}};
  facts.load = {{hostile, 1}};
  facts.host = {{hostile, hostile}};
  const PageInputs inputs{hostile, {{kBegin, hostile, 1, 0, 1}, {kBegin + 500 * kMs, hostile, 1, 100, 1}}};

  const std::string page = PageOf(parts, inputs);
  EXPECT_EQ(CountOf(page, "<script"), 3u);
  EXPECT_EQ(CountOf(page, "</script"), 3u);
  EXPECT_EQ(CountOf(page, "<img"), 0u);
  EXPECT_EQ(CountOf(page, "<style"), 2u);
  EXPECT_EQ(CountOf(page, "<!--"), 0u);
  EXPECT_EQ(CountOf(page, "\x1b"), 0u);
  EXPECT_EQ(CountOf(page, "\xff"), 0u);
  EXPECT_GT(CountOf(page, "&lt;img src=x onerror=alert(2)&gt;&quot;&apos;"), 30u);
  const auto data = DataOf(page);
  EXPECT_CONTAINS(data["plots"][0]["names"][2].get<std::string>(), "</script><script>alert(1)</script>");
  EXPECT_CONTAINS(data["bands"][0]["name"].get<std::string>(), "<img src=x");
}

TEST(PageTest, ItAsksNobodyForAnything) {
  const std::string page = PageOf(DrainedRun());
  EXPECT_CONTAINS(page, "content=\"default-src 'none'; script-src 'nonce-");
  EXPECT_EQ(CountOf(page, " src="), 0u);
  EXPECT_EQ(CountOf(page, "<link"), 0u);
  EXPECT_EQ(CountOf(page, "url("), 0u);
  EXPECT_EQ(CountOf(page, "sourceMappingURL"), 0u);
  EXPECT_EQ(CountOf(page, "href=\"http"), 0u);
  const std::string own = page.substr(page.find("<body"), page.find("@license") - page.find("<body"));
  EXPECT_EQ(CountOf(own, " style=\""), 0u);  // the policy would refuse it
}

TEST(PageTest, TheSameRunGivesTheSamePage) { EXPECT_EQ(PageOf(DrainedRun()), PageOf(DrainedRun())); }

TEST(PageTest, PlotsHoldTheTimeline) {
  const ReportParts parts = DrainedRun();
  const std::string page = PageOf(
      parts, {"", {{kBegin, "server-1", 1, 0, 1 << 20}, {kBegin + 500 * kMs, "server-1", 1, 250 * kMs, 1 << 21}}});
  const auto data = DataOf(page);
  std::vector<std::string> ids;
  for (const auto& plot : data["plots"]) {
    ids.push_back(plot["id"]);
    for (const auto& row : plot["rows"]) ASSERT_EQ(row.size(), plot["names"].size() + 1);
  }
  EXPECT_EQ(ids, (std::vector<std::string>{"throughput", "backlog", "latency", "cpu", "memory"}));
  EXPECT_EQ(data["plots"][0]["names"],
            (std::vector<std::string>{"offered", "acknowledged", "delivered to tutorial", "delivered to fast"}));
  EXPECT_EQ(data["plots"][0]["rows"][5], nlohmann::json({0.55, 10, 10, 10, 0}));
  EXPECT_EQ(data["plots"][3]["rows"][0], nlohmann::json({0.05, 0.5}));
  EXPECT_EQ(data["plots"][2]["rows"][0][1], nullptr);
  EXPECT_EQ(data["bands"], nlohmann::json::parse(R"([{"name": "crash", "from": 0.45, "to": 0.6, "recovered": 0.65}])"));
  for (const std::string& id : ids) EXPECT_EQ(CountOf(page, "<figure id=\"figure-" + id + "\""), 1u) << id;
}

TEST(PageTest, ALongRunOfManyStaysSmall) {
  ReportParts parts = LossyRun();
  parts.history.drain_end_ns = kBegin + 600'000 * kMs;
  parts.history.processes.resize(5'000);
  parts.history.faults.resize(500, parts.history.faults[0]);
  while (parts.history.clients.size() < 1'000) parts.history.clients.push_back(parts.history.clients[0]);
  for (size_t c = 2; c < 1'000; ++c) {
    parts.history.clients[c].name = "client-with-a-rather-long-name-" + std::to_string(c);
    parts.metrics.clients.push_back(parts.metrics.clients[0]);
    for (size_t f = 0; f < 20; ++f) {
      parts.metrics.recoveries.push_back(parts.metrics.recoveries[0]);
      parts.metrics.recoveries.back().client = c;
      parts.metrics.recoveries.back().fault = f;
    }
  }
  CheckResult& lost = parts.verdict.invariants[1];
  lost.violation_count = 1'000'000;
  lost.violations.resize(kViolationsKept, lost.violations[0]);
  for (Violation& violation : lost.violations) violation.sentence = std::string(kSentenceBytesMax, 'x');
  const CheckResult many = lost;  // which moves when there are more
  for (int i = 0; i < 20; ++i) {
    parts.verdict.invariants.push_back(many);
    parts.verdict.invariants.back().name = "LOST" + std::to_string(i);
  }
  PageInputs inputs{std::string(4 << 20, 'j'), {}};
  for (size_t i = 0; i < UsageLog::kSamplesMax; ++i) {
    inputs.usage.push_back({kBegin + static_cast<int64_t>(i / 50) * 1'500 * kMs, "process-" + std::to_string(i % 50), 1,
                            static_cast<int64_t>(i) * kMs, 1});
  }
  EXPECT_LT(PageOf(parts, inputs).size(), size_t{5} << 20);
}

TEST(PageTest, WhatNeverSentAnythingHasAPageToo) {
  ReportParts parts;
  parts.scenario.name = "nothing";
  const std::string page = PageOf(parts);
  EXPECT_CONTAINS(page, "INVALID");
  EXPECT_EQ(DataOf(page)["plots"].size(), 0u);
}

TEST(IndexTest, TheNewestRunIsFirstAndLinksWhereThereIsAPage) {
  const std::string page =
      IndexHtml({{"old", true, "restart", "PASS", 0, "1", "2026-01-01T00:00:00Z", 1, "fine"},
                 {"a b/<new>?#", true, kHostile, "FAIL", 1, "2", "2026-02-01T00:00:00Z", 1, kHostile},
                 {"never", false, "x", "ERROR", 3, "", "", 0, "port taken"}});
  EXPECT_CONTAINS(page, "1 of 3 runs passed");
  EXPECT_LT(page.find("&lt;new&gt;"), page.find(">old<"));
  EXPECT_CONTAINS(page, "href=\"./a%20b/%3Cnew%3E%3F%23/report.html\"");
  EXPECT_FALSE(Contains(page, "never/report.html"));
  EXPECT_EQ(CountOf(page, "<script"), 2u);
  EXPECT_EQ(CountOf(page, "<img"), 0u);
}

}  // namespace
}  // namespace harness
