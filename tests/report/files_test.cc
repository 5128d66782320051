// result.json, junit.xml and witness.txt hold what a program or a person needs, are well formed whatever the names in
// them, and appear whole or not at all.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <system_error>

#include "harness/report/report.h"
#include "harness/report/result_facts.h"
#include "harness/report/timeline.h"
#include "tests/report/report_testing.h"

namespace harness {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class FilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "files_test.XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Read(const std::string& name) {
    std::ifstream file(folder_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  fs::path folder_;
};

TEST(ResultJsonTest, VerdictAndFiguresAreWhereProgramsLookForThem) {
  const ReportParts parts = LossyRun();
  const json result = json::parse(ResultJson(parts.View()));
  EXPECT_EQ(result["schema_version"], 3);
  EXPECT_EQ(result["scenario"], "restart");
  EXPECT_EQ(result["seed"], 7);
  EXPECT_EQ(result["verdict"], "FAIL");
  EXPECT_EQ(result["exit_code"], 1);
  EXPECT_EQ(result["counts"]["acked"], 9);
  EXPECT_EQ(result["invariants"][1]["state"], "violated");
  EXPECT_EQ(result["invariants"][1]["violations"][0]["client"], "fast");
  EXPECT_EQ(result["invariants"][1]["violations"][0]["offset"], 4);
  EXPECT_EQ(result["invariants"][4]["state"], "not_applicable");
  EXPECT_EQ(result["thresholds"][0]["measured"], 150e6);
  EXPECT_EQ(result["thresholds"][0]["limit"], 3e9);
  EXPECT_EQ(result["thresholds"][0]["unit"], "ns");
  EXPECT_EQ(result["faults"][0]["struck_ns"], 450 * kMs);
  EXPECT_EQ(result["faults"][0]["recoveries"][0]["reconnect_ns"], 150 * kMs);
  EXPECT_EQ(result["phases"][0]["backlog_peak"], 3);
  EXPECT_EQ(result["clients"][1]["connections"][0]["code"], 14);
  EXPECT_EQ(result["clients"][1]["connections"][1]["ended_ns"], nullptr);
  EXPECT_EQ(result["producers"][0]["acked"], 9);
  EXPECT_EQ(result["run"]["rerun"], RerunCommand(parts.View()));
  EXPECT_EQ(result["usage"][0]["rss_bytes_max"], 7);
}

TEST(ResultJsonTest, TellsWhatEachStepTookAndIsReadAgain) {
  ReportParts parts = LossyRun();
  parts.facts.steps = {{"broker and topic", 15 * kMs}, {"load", 900 * kMs}};
  const std::string text = ResultJson(parts.View());
  const json timing = json::parse(text)["timing"];
  ASSERT_EQ(timing.size(), 2u);
  EXPECT_EQ(timing[0]["name"], "broker and topic");
  EXPECT_EQ(timing[1]["duration_ns"], 900 * kMs);
  const std::optional<RunFacts> facts = FactsFromResult(text);
  ASSERT_TRUE(facts.has_value());
  ASSERT_EQ(facts->steps.size(), 2u);
  EXPECT_EQ(facts->steps[1].name, "load");
  EXPECT_EQ(facts->steps[1].duration_ns, 900 * kMs);
}

TEST(ResultJsonTest, WhatWasNotMeasuredHasNoValue) {
  ReportParts parts = LossyRun();
  parts.verdict.thresholds[0].samples = 0;
  parts.metrics.recoveries[0].recovered_ns = 0;
  parts.metrics.recoveries[0].reconnect_ns = -1;
  const json result = json::parse(ResultJson(parts.View()));
  EXPECT_EQ(result["latency"]["e2e"], json({{"samples", 0}}));  // no percentiles of nothing
  EXPECT_EQ(result["thresholds"][0]["measured"], nullptr);
  EXPECT_EQ(result["faults"][0]["recoveries"][0]["recovered_ns"], nullptr);
  EXPECT_EQ(result["faults"][0]["recoveries"][0]["reconnect_ns"], nullptr);
}

TEST(ResultJsonTest, SurvivesBytesThatAreNotUtf8) {
  ReportParts parts = LossyRun();
  parts.history.clients[0].connections[0].message = "\xFF\xFE broken";
  EXPECT_TRUE(json::accept(ResultJson(parts.View())));
}

TEST_F(FilesTest, JunitHasACaseForEachCheckAndFault) {
  ReportParts parts = LossyRun();
  parts.verdict.invariants.push_back(Check("EFFICACY", CheckState::kInvalid, "no evidence"));
  const std::string xml = JunitXml(parts.View());
  EXPECT_CONTAINS(xml, "<testsuites tests=\"8\" failures=\"1\" errors=\"1\" skipped=\"1\" time=\"2.500\">");
  EXPECT_CONTAINS(
      xml, "<testcase classname=\"restart.invariants\" name=\"LOST\">\n      <failure message=\"client fast never");
  EXPECT_CONTAINS(xml, "<error message=\"no evidence\">");
  EXPECT_CONTAINS(xml, "<skipped message=\"not applicable: this backend does not promise it\"/>");
  EXPECT_CONTAINS(xml, "name=\"recovery.reconnect{each,client=fast} &lt; 3s\"/>");
  EXPECT_CONTAINS(xml, "<testcase classname=\"restart.faults\" name=\"crash\">\n      <system-out>pid 4711 ended");
}

TEST_F(FilesTest, EqualThresholdsHaveNamesOfTheirOwn) {
  ReportParts parts = LossyRun();
  parts.verdict.thresholds.push_back(parts.verdict.thresholds[0]);
  const std::string xml = JunitXml(parts.View());
  EXPECT_CONTAINS(xml, "name=\"recovery.reconnect{each,client=fast} &lt; 3s\"/>");
  EXPECT_CONTAINS(xml, "name=\"recovery.reconnect{each,client=fast} &lt; 3s (2)\"/>");
  const json result = json::parse(ResultJson(parts.View()));
  EXPECT_EQ(result["thresholds"][0]["name"], "recovery.reconnect{each,client=fast} < 3s");
  EXPECT_EQ(result["thresholds"][1]["name"], "recovery.reconnect{each,client=fast} < 3s (2)");
  EXPECT_EQ(result["thresholds"][1]["text"], "recovery.reconnect{each,client=fast} < 3s");
}

TEST_F(FilesTest, AFaultWithoutEffectAndAnInterruptionAreErrors) {
  ReportParts parts = LossyRun();
  parts.history.faults[0].effective = false;
  EXPECT_CONTAINS(JunitXml(parts.View()), "<error message=\"left no evidence: pid 4711");
  parts.history.faults[0].struck_ns = 0;
  EXPECT_CONTAINS(JunitXml(parts.View()), "<error message=\"never struck: pid 4711");
  parts.history.interrupted = true;
  parts.verdict.verdict = RunVerdict::kInterrupted;
  EXPECT_CONTAINS(JunitXml(parts.View()), "<skipped message=\"interrupted before it struck");
  EXPECT_CONTAINS(JunitXml(parts.View()), "<error message=\"the run was interrupted\">");
}

TEST_F(FilesTest, JunitIsXmlWhateverTheNames) {
  ReportParts parts = LossyRun();
  parts.scenario.name = "a<b>&\"c\"'d\x01\x1b\xFF\xEF\xBF\xBF";
  parts.verdict.invariants[1].violations[0].sentence = "]]> <!-- \r\n\t & \xC3";
  parts.history.faults[0].evidence = std::string("nul \0 inside", 12);
  const std::string xml = JunitXml(parts.View());
  for (const char c : xml) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  if (std::system("python3 -c 'import xml.dom.minidom' >/dev/null 2>&1") != 0) GTEST_SKIP() << "no XML parser here";
  std::ofstream(folder_ / "junit.xml") << xml;
  const std::string parse = "python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' " +
                            (folder_ / "junit.xml").string();
  EXPECT_EQ(std::system(parse.c_str()), 0) << xml;
}

TEST_F(FilesTest, AFailureLeavesAWitnessASuccessNone) {
  ReportParts parts = LossyRun();
  parts.facts.run_dir = folder_.string();
  WriteReport(parts.View(), parts.facts.run_dir);
  EXPECT_EQ(Read("result.json"), ResultJson(parts.View()));
  EXPECT_EQ(Read("junit.xml"), JunitXml(parts.View()));
  EXPECT_EQ(Read("witness.txt"), WitnessText(parts.View()));
  EXPECT_EQ(Read("latency.hlog").rfind("#[Histogram log format version 1.3]\n", 0), 0u);
  EXPECT_EQ(Read("timeline.csv"), TimelineCsv(MakeTimeline(parts.history)));
  EXPECT_TRUE(Read("report.html").ends_with("</html>\n"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 6);  // nothing partial is left

  fs::remove(folder_ / "witness.txt");
  parts = GoodRun();
  parts.facts.run_dir = folder_.string();
  WriteReport(parts.View(), parts.facts.run_dir);
  EXPECT_FALSE(fs::exists(folder_ / "witness.txt"));
}

TEST_F(FilesTest, AFolderThatCannotBeWrittenIsNamed) {
  ReportParts parts = LossyRun();
  parts.facts.run_dir = (folder_ / "absent").string();
  try {
    WriteReport(parts.View(), parts.facts.run_dir);
    FAIL() << "nothing thrown";
  } catch (const std::system_error& error) {
    EXPECT_CONTAINS(std::string(error.what()),
                    "can't write " + parts.facts.run_dir + "/witness.txt: " + std::strerror(ENOENT));
  }
}

TEST(WitnessTest, TellsTheLifeOfTheRecordHopByHop) {
  const ReportParts parts = LossyRun();
  const std::string text = WitnessText(parts.View());
  EXPECT_TRUE(text.starts_with("FAIL: scenario restart, seed 7, run r1\n")) << text;
  EXPECT_CONTAINS(text, "== LOST (2 violations) ==\nclient fast never received partition 0 offset 4");
  EXPECT_CONTAINS(text, "  payment                 pay_5\n");
  EXPECT_CONTAINS(text, "  planned                 +0.500000 s, phase steady\n");
  EXPECT_CONTAINS(text, "  sent                    +0.501000 s by load");
  EXPECT_CONTAINS(text, "  acknowledged            +0.502000 s ok, partition 0 offset 4\n");
  EXPECT_CONTAINS(text, "  in the topic            +0.503000 s partition 0 offset 4");
  EXPECT_CONTAINS(text, "  client tutorial         +0.510000 s new, partition 0 offset 4, connection 2");
  EXPECT_CONTAINS(text, "  client fast             never received\n");
  EXPECT_CONTAINS(text, "  In time order: harness history runs/x-restart-7 --record r1.load.5\n");
  EXPECT_CONTAINS(text, "  fault crash             process.kill server-1, struck +0.450000 s, healed +0.600000 s");
  EXPECT_CONTAINS(text, "+0.600000 s resumed after offset 4\n");
  EXPECT_CONTAINS(text,
                  "    offset 3  +0.410000 s  r1.load.4  connection 1\n  > offset 4 is missing here\n    offset 5");
  EXPECT_CONTAINS(text, "Run it again\n  harness run scenarios/restart.json --seed 7\n");
  EXPECT_FALSE(Contains(text, "Neighbours at client tutorial"));  // the violation is fast's
}

// A plain server gives no positions: what stands beside a record is what the client received beside it all the same.
TEST(WitnessTest, NeighboursAreTheNeighboursWithoutPositionsToo) {
  ReportParts parts = LossyRun();
  for (Delivery& delivery : parts.history.clients[1].deliveries) {
    delivery.partition = -1;
    delivery.offset = -1;
  }
  std::string text = WitnessText(parts.View());
  EXPECT_CONTAINS(text, "Neighbours at client fast, partition 0, as received\n    offset 1 (by its rec)  +0.210000 s");
  EXPECT_CONTAINS(text,
                  "    offset 3 (by its rec)  +0.410000 s  r1.load.4  connection 1\n  > offset 4 is missing here\n"
                  "    offset 5 (by its rec)  +0.610000 s  r1.load.6  connection 2\n");

  // A payment that nobody knows stands between those that came before and after it.
  Delivery invented = parts.history.clients[1].deliveries[2];
  invented.rec = Rec{};
  invented.id_hash = 4711;
  invented.time_ns += 1;
  parts.history.names.Add(4711, "pay_invented");
  auto& deliveries = parts.history.clients[1].deliveries;
  deliveries.insert(deliveries.begin() + 3, invented);
  CheckResult& check = parts.verdict.invariants[1];
  check.name = "PHANTOM";
  check.violations[0] = Violation{};
  check.violations[0].client = "fast";
  check.violations[0].id_hash = 4711;
  check.violations[0].time_ns = invented.time_ns;
  check.violations[0].sentence = "client fast received pay_invented, which the log does not hold";
  text = WitnessText(parts.View());
  EXPECT_CONTAINS(text,
                  "Neighbours at client fast, as received\n"
                  "    partition 0 offset 0 (by its rec)  +0.110000 s  r1.load.1  connection 1\n"
                  "    partition 0 offset 1 (by its rec)  +0.210000 s  r1.load.2  connection 1\n"
                  "    partition 0 offset 2 (by its rec)  +0.310000 s  r1.load.3  connection 1\n"
                  "  > no position  +0.310000 s  pay_invented (no rec)  connection 1\n"
                  "    partition 0 offset 3 (by its rec)  +0.410000 s  r1.load.4  connection 1\n");
  EXPECT_CONTAINS(text, "--record pay_invented\n");
}

TEST(WitnessTest, OfManyClientsTheFirstAreShown) {
  ReportParts parts = LossyRun();
  parts.verdict.invariants[1].violations[0].client = "";  // about all of them
  for (int i = 0; i < 200; ++i) {
    Client& client = parts.history.clients.emplace_back(parts.history.clients[0]);
    client.name = "more-" + std::to_string(i);
  }
  const std::string text = WitnessText(parts.View());
  EXPECT_CONTAINS(text, "  further clients         and 193 more received it\n");
  EXPECT_CONTAINS(text, "  further clients         194 more are not shown\n");
  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 200);
}

TEST(WitnessTest, ARepeatIsShownBothTimes) {
  ReportParts parts = LossyRun();
  Deliver(&parts, 1, 6, 1);
  CheckResult& check = parts.verdict.invariants[1];
  check.name = "DUP";
  check.violations[0].offset = 5;
  check.violations[0].sentence = "client fast received partition 0 offset 5 twice";
  const std::string text = WitnessText(parts.View());
  const size_t first = text.find("client fast             +0.610000 s new, partition 0 offset 5");
  ASSERT_NE(first, std::string::npos) << text;
  EXPECT_NE(text.find("client fast             +0.610000 s new, partition 0 offset 5", first + 1), std::string::npos)
      << text;
}

// Which UndefinedBehaviorSanitizer would report.
TEST(WitnessTest, TimesAtTheEndsOfTheirRangeOverflowNothing) {
  for (const int64_t time_ns : {INT64_MAX, INT64_MAX - 1, INT64_MIN, INT64_MIN + 1}) {
    ReportParts parts = LossyRun();
    parts.verdict.invariants[1].violations[0].time_ns = time_ns;
    for (Client& client : parts.history.clients) {
      for (Delivery& delivery : client.deliveries) delivery.time_ns = time_ns;
      for (Connection& connection : client.connections) connection.started_ns = connection.ended_ns = time_ns;
    }
    const std::string text = WitnessText(parts.View());
    EXPECT_CONTAINS(text, parts.verdict.invariants[1].violations[0].sentence);
  }
}

TEST(WitnessTest, ARecordThatNobodySentAndAViolationWithoutARecordAreToldToo) {
  ReportParts parts = LossyRun();
  CheckResult& check = parts.verdict.invariants[1];
  check.violations[0].rec = Rec::Make(9, 1'000'000);  // no such producer
  check.violations[0].offset = 1'000'000;
  check.violations[0].partition = 77;
  std::string text = WitnessText(parts.View());
  EXPECT_CONTAINS(text, "no producer of this run says it sent it");
  EXPECT_CONTAINS(text, "not found by the audit");

  check.violations[0] = Violation{};
  check.violations[0].time_ns = kBegin + 500 * kMs;
  check.violations[0].sentence = "client fast heard nothing for 6 s";
  text = WitnessText(parts.View());
  EXPECT_CONTAINS(text, "client fast heard nothing for 6 s");
  EXPECT_CONTAINS(text, "fault crash");
  EXPECT_FALSE(Contains(text, "The record"));
}

TEST(WitnessTest, EveryBrokenCheckHasAWitnessAndAPassNone) {
  EXPECT_EQ(WitnessText(GoodRun().View()), "");
  ReportParts parts = LossyRun();
  parts.verdict.invariants.push_back(Check("HARNESS_OK", CheckState::kInvalid, "the journal can't be written"));
  const std::string text = WitnessText(parts.View());
  EXPECT_CONTAINS(text, "== LOST");
  EXPECT_CONTAINS(text, "== HARNESS_OK ==\nthe journal can't be written\n");
}

}  // namespace
}  // namespace harness
