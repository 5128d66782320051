// The summary says the verdict first, every figure it rests on, and what to do next; it fits the console it is for.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "harness/report/report.h"
#include "harness/report/text.h"
#include "tests/report/report_testing.h"

namespace harness {
namespace {

const ConsoleStyle kLog{.verbose = true};  // no terminal

TEST(SummaryTest, AFailureNamesWhatBrokeAndHowToRunItAgain) {
  const ReportParts parts = LossyRun();
  const std::string text = SummaryText(parts.View(), kLog);
  EXPECT_TRUE(text.starts_with("FAIL  restart: broken: LOST (2)\n  seed 7, 2.50 s, exit code 1, on mock")) << text;
  EXPECT_CONTAINS(text, "sent 9 · acknowledged 9 · unknown 0 · in the topic 9");
  EXPECT_CONTAINS(text, "✗ LOST         2 violations in 9 judged");
  EXPECT_CONTAINS(text,
                  "What went wrong\n"
                  "  1. LOST, 2 violations\n"
                  "    client fast never received partition 0 offset 4, which Kafka acknowledged\n"
                  "    Suspected: server\n");
  EXPECT_CONTAINS(text, "– LOG_DUP      n/a: this backend does not promise it");
  EXPECT_CONTAINS(text, "✓ recovery.reconnect{each,client=fast} < 3s  150 ms over 1 sample");
  EXPECT_CONTAINS(text, "crash (process.kill server-1) +0.450000 s: pid 4711 ended by signal 9");
  EXPECT_CONTAINS(text, "Where to look\n  runs/x-restart-7/witness.txt\n");
  EXPECT_CONTAINS(text, "  harness history runs/x-restart-7 --record 0@4\n");
  EXPECT_CONTAINS(text,
                  "Files\n  runs/x-restart-7/\n  report.html, result.json, junit.xml, timeline.csv, scenario.json");
  EXPECT_CONTAINS(text, "Judge it again\n  harness check runs/x-restart-7\n");
  EXPECT_CONTAINS(text, "Run it again\n  harness run scenarios/restart.json --seed 7\n");
}

TEST(SummaryTest, WhereOnlyTimesAreMissedItSaysWhatToDoOnABusyMachine) {
  ReportParts parts = GoodRun();
  parts.verdict.verdict = RunVerdict::kFail;
  ThresholdResult& threshold = parts.verdict.thresholds.at(0);
  threshold.state = CheckState::kViolated;
  threshold.reason = "measured 4 s in 2 samples";
  threshold.samples = 2;
  EXPECT_CONTAINS(SummaryText(parts.View(), kLog), "  The invariants hold; only times were missed.");
  threshold.samples = 0;
  EXPECT_FALSE(Contains(SummaryText(parts.View(), kLog), "only times"));
  threshold.samples = 2;
  parts.verdict.invariants.at(0).state = CheckState::kInvalid;
  EXPECT_FALSE(Contains(SummaryText(parts.View(), kLog), "only times"));
}

TEST(SummaryTest, WhatTheGeneratorDroppedOrDidAgainIsSaid) {
  ReportParts parts = GoodRun();
  parts.facts.load = {{"unsent", 0}, {"full_retries", 1234}, {"reports_lost", 0}, {"sentinel_tries", 12}};
  EXPECT_CONTAINS(SummaryText(parts.View(), kLog),
                  "\n  generator: 1,234 hand-overs found no room and were tried again\n");
  parts.facts.load["reports_lost"] = 2;
  EXPECT_CONTAINS(SummaryText(parts.View(), kLog), "tried again · 2 without a delivery report\n");
  parts.facts.load = {{"sentinel_tries", 12}};
  EXPECT_FALSE(Contains(SummaryText(parts.View(), kLog), "generator:"));
}

TEST(SummaryTest, RecoveryIsTimedFromTheStrikeAndFromTheBreak) {
  const ReportParts parts = LossyRun();
  const std::string text = SummaryText(parts.View(), kLog);
  EXPECT_CONTAINS(text, "  crash     fast    5.00 ms       150 ms     200 ms             2\n");
}

TEST(SummaryTest, AStreamThatHeldIsNotAReconnect) {
  ReportParts parts = LossyRun();
  parts.metrics.recoveries[0].broke = false;
  parts.metrics.recoveries[0].reconnect_ns = -1;
  parts.metrics.recoveries[0].attempts = 0;
  EXPECT_CONTAINS(SummaryText(parts.View(), kLog), "fast    stream kept            –     200 ms             0\n");
}

TEST(SummaryTest, APassSaysSoOnlyOfWhatWasJudged) {
  ReportParts parts = GoodRun();
  std::string text = SummaryText(parts.View(), kLog);
  EXPECT_TRUE(text.starts_with("PASS  restart: every payment that Kafka acknowledged reached every client once"))
      << text;
  EXPECT_FALSE(Contains(text, "Run it again"));
  EXPECT_FALSE(Contains(text, "witness.txt"));
  parts.verdict.invariants[2].state = CheckState::kNotApplicable;
  text = SummaryText(parts.View(), kLog);
  EXPECT_TRUE(text.starts_with("PASS  restart: every payment that Kafka acknowledged reached every client, in"))
      << text;
  parts.history.audited = false;
  text = SummaryText(parts.View(), kLog);
  EXPECT_TRUE(text.starts_with("PASS  restart: without the audit nothing is said about losses; load only")) << text;
  EXPECT_FALSE(Contains(text, "in the topic")) << text;
}

TEST(SummaryTest, WhatProvesNothingAndWhatWasStoppedSaySo) {
  ReportParts parts = GoodRun();
  parts.verdict.verdict = RunVerdict::kInvalid;
  parts.verdict.invariants.push_back(Check("EFFICACY", CheckState::kInvalid, "crash: server-1 was already dead"));
  std::string text = SummaryText(parts.View(), kLog);
  EXPECT_TRUE(text.starts_with("INVALID  restart: the run proves nothing: EFFICACY\n")) << text;
  EXPECT_CONTAINS(text, "  1. EFFICACY\n    crash: server-1 was already dead\n");
  parts.verdict.verdict = RunVerdict::kInterrupted;
  text = SummaryText(parts.View(), kLog);
  EXPECT_TRUE(text.starts_with("INTERRUPTED  restart: stopped before its end")) << text;
}

TEST(SummaryTest, RelaxedAndReportedChecksAreNoSilentPass) {
  ReportParts parts = GoodRun();
  parts.verdict.invariants.push_back(Check("SEND_ORDER", CheckState::kRelaxed, "retries are on"));
  parts.verdict.thresholds[0].state = CheckState::kReported;
  const std::string text = SummaryText(parts.View(), kLog);
  EXPECT_CONTAINS(text, "! SEND_ORDER   relaxed: retries are on");
  EXPECT_CONTAINS(text, "150 ms over 1 sample; reported, not judged");
}

TEST(SummaryTest, AFaultThatNeverCameIsShown) {
  ReportParts parts = GoodRun();
  FaultPlan plan;
  plan.name = "late";
  plan.target = "server-1";
  parts.scenario.faults = {plan};
  EXPECT_CONTAINS(SummaryText(parts.View(), kLog),
                  "late (process.kill server-1) never struck: the run never came to it");
}

TEST(SummaryTest, LatenciesOfEachClientStandBelowAll) {
  ReportParts parts = GoodRun();
  for (int i = 0; i < 1000; ++i) parts.metrics.e2e.Record(2 * kMs);
  parts.metrics.clients[0].e2e.Record(2 * kMs);
  const std::string text = SummaryText(parts.View(), kLog);
  EXPECT_CONTAINS(text, "planned to delivered  2.00 ms  2.00 ms  2.00 ms  2.00 ms    1,000\n    at tutorial");
  EXPECT_FALSE(Contains(text, "at fast"));  // nothing measured: no row, no zeros
}

TEST(SummaryTest, FitsNarrowAndPlainConsoles) {
  const ReportParts parts = LossyRun();
  for (const int width : {20, 32, 40, 60, 80, 132}) {
    const std::string text = SummaryText(parts.View(), {width, false, false});
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      // To be copied: never cut.
      if (Contains(line, "  harness ") || Contains(line, "witness.txt")) continue;
      EXPECT_LE(line.size(), static_cast<size_t>(width)) << line;
    }
    for (const char c : text) EXPECT_LT(static_cast<unsigned char>(c), 0x80u);
  }
}

TEST(SummaryTest, ColoursChangeNothingButColours) {
  const ReportParts parts = LossyRun();
  std::string colored = SummaryText(parts.View(), {80, true, true});
  EXPECT_TRUE(colored.starts_with("\x1b[31mFAIL\x1b[0m  restart")) << colored;
  for (size_t at = colored.find('\x1b'); at != std::string::npos; at = colored.find('\x1b')) {
    colored.erase(at, colored.find('m', at) - at + 1);
  }
  EXPECT_EQ(colored, SummaryText(parts.View(), {80, false, true}));
}

TEST(SummaryTest, NamesFromOutsideCannotDriveTheTerminal) {
  ReportParts parts = LossyRun();
  parts.verdict.invariants[1].violations[0].sentence = "id \x1b]0;title\x07 was lost";
  const std::string text = SummaryText(parts.View(), kLog);
  EXPECT_FALSE(Contains(text, "\x1b")) << text;
}

TEST(SummaryTest, ANoteOfACheckIsShownOnAPassToo) {
  ReportParts parts = GoodRun();
  parts.verdict.invariants[2].reason = "legacy is not observed: n/a";
  EXPECT_CONTAINS(SummaryText(parts.View(), kLog), "✓ DUP          9 judged; legacy is not observed: n/a\n");
  EXPECT_CONTAINS(ResultJson(parts.View()), "\"reason\": \"legacy is not observed: n/a\"");
  EXPECT_CONTAINS(JunitXml(parts.View()), "name=\"DUP\">\n      <system-out>legacy is not observed: n/a</system-out>");
}

TEST(SummaryTest, AClientThatNobodySeesHasNoCounts) {
  ReportParts parts = GoodRun();
  parts.history.clients[1].observed = false;
  parts.metrics.clients[1].delivered = 0;
  const std::string text = SummaryText(parts.View(), kLog);
  EXPECT_CONTAINS(text, "  fast      not observed                –           –\n");
  EXPECT_CONTAINS(ResultJson(parts.View()), "\"delivered\": null");
}

TEST(SummaryTest, ManyRecoveriesAreCutAndCounted) {
  ReportParts parts = LossyRun();
  parts.metrics.recoveries.assign(1000, parts.metrics.recoveries[0]);
  const std::string text = SummaryText(parts.View(), kLog);
  EXPECT_CONTAINS(text, "  … and 976 more: see result.json\n");
  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 100);
}

// Of two clients, two faults and a threshold: what `restart` prints.
ReportParts OneScreenRun() {
  ReportParts parts = GoodRun();
  parts.history.faults.push_back(parts.history.faults[0]);
  parts.metrics.recoveries.push_back(parts.metrics.recoveries[0]);
  parts.metrics.recoveries.back().fault = 1;
  parts.metrics.recoveries.back().client = 0;
  parts.metrics.recoveries.back().recovered_ns += 100 * kMs;
  for (ClientFigures& client : parts.metrics.clients) {
    for (int i = 0; i < 1000; ++i) client.e2e.Record(2 * kMs);
    parts.metrics.e2e.Merge(client.e2e);
  }
  for (const char* name : {"AGREE", "LIVE", "EFFICACY", "HARNESS_OK", "NONVACUOUS", "RESUME", "SKIP", "ACKED",
                           "BACKOFF", "WELL_FORMED", "SEND_ORDER", "PHANTOM", "UNARY_AGREE", "BOUNDED"}) {
    parts.verdict.invariants.push_back(Check(name, CheckState::kPass));
  }
  for (const char* name : {"DLQ", "BOOKMARK", "ZOMBIE"}) {
    parts.verdict.invariants.push_back(Check(name, CheckState::kNotApplicable, "nothing of the kind"));
  }
  parts.facts.run_dir = "/home/somebody/payment-pipeline/runs/20261130-230637-restart-1";
  return parts;
}

size_t LinesOf(const std::string& text) { return static_cast<size_t>(std::count(text.begin(), text.end(), '\n')); }

TEST(BriefSummaryTest, APassFitsAScreen) {
  const std::string text = SummaryText(OneScreenRun().View(), {.width_columns = 80});
  EXPECT_LE(LinesOf(text), 22u) << text;  // beside the title and the prompt
  EXPECT_TRUE(text.starts_with("PASS  restart: every payment that Kafka acknowledged reached every client once,"))
      << text;
  EXPECT_CONTAINS(text, "Records     sent 9 · acknowledged 9 · in the topic 9\n");
  EXPECT_CONTAINS(text, "Clients     2 received 8 to 9 · 2 reconnects\n");
  EXPECT_CONTAINS(text, "recovered in 200 ms");
  EXPECT_CONTAINS(text, "recovered in 300 ms");
  EXPECT_CONTAINS(text, "Latency     p50 2.00 ms · p99 2.00 ms · max 2.00 ms, planned to delivered\n");
  EXPECT_CONTAINS(text, "Invariants  18 hold · not applicable: LOG_DUP, DLQ, BOOKMARK and ZOMBIE\n");
  EXPECT_CONTAINS(text, "Thresholds  ✓ recovery.reconnect{each,client=fast} < 3s: 150 ms\n");
  EXPECT_CONTAINS(text, "\n/home/somebody/payment-pipeline/runs/20261130-230637-restart-1/report.html\n");
  EXPECT_CONTAINS(text, "--verbose");
  EXPECT_FALSE(Contains(text, "judged\n"));
}

TEST(BriefSummaryTest, WhatIsNotAsItShouldBeIsSaidAllTheSame) {
  ReportParts parts = OneScreenRun();
  parts.verdict.invariants.push_back(Check("LOG_DUP2", CheckState::kRelaxed, "retries are on"));
  parts.verdict.invariants[2].reason = "legacy is not observed";
  parts.verdict.thresholds[0].state = CheckState::kReported;
  parts.facts.load = {{"unsent", 3}, {"rebuilds", 0}};
  parts.metrics.unknown = 4;
  parts.metrics.recoveries[0].recovered_ns = 0;
  const std::string text = SummaryText(parts.View(), {.width_columns = 200});
  EXPECT_CONTAINS(text, "! LOG_DUP2 violated, relaxed: retries are on");
  EXPECT_CONTAINS(text, "with notes: DUP");
  EXPECT_CONTAINS(text, "150 ms, reported, not judged");
  EXPECT_CONTAINS(text, "Generator   unsent 3\n");
  EXPECT_CONTAINS(text, "in doubt 4");
  EXPECT_CONTAINS(text, "never recovered");
}

TEST(BriefSummaryTest, HoweverManyThereAreItStaysAScreen) {
  ReportParts parts = OneScreenRun();
  parts.metrics.clients.resize(1'000, parts.metrics.clients[0]);
  parts.history.clients.resize(1'000, parts.history.clients[0]);
  parts.history.faults.resize(50, parts.history.faults[0]);
  parts.verdict.thresholds.resize(30, parts.verdict.thresholds[0]);
  const std::string text = SummaryText(parts.View(), {.width_columns = 80});
  EXPECT_LE(LinesOf(text), 24u) << text;
  EXPECT_CONTAINS(text, "and 46 more faults");
  EXPECT_CONTAINS(text, "and 27 more thresholds that hold");
}

TEST(BriefSummaryTest, NamesFromOutsideCannotDriveTheTerminalAndItFitsIt) {
  ReportParts parts = OneScreenRun();
  parts.history.clients[0].name = parts.metrics.clients[0].name = "c\x1b]0;title\x07";
  parts.history.faults[0].name = "f\x1b[2J";
  EXPECT_FALSE(Contains(SummaryText(parts.View(), {.width_columns = 80}), "\x1b"));
  for (const size_t width : {size_t{20}, size_t{40}, size_t{80}}) {
    const std::string text = SummaryText(parts.View(), {.width_columns = static_cast<int>(width), .utf8 = false});
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (Contains(line, "/report.html")) continue;
      EXPECT_LE(line.size(), width) << line;
    }
  }
}

TEST(RerunTest, QuotesForTheShellAndKeepsTheSeed) {
  ReportParts parts = LossyRun();
  parts.facts.harness_command = "./run.sh harness";
  parts.facts.scenario_path = "my scenarios/it's.json";
  parts.facts.overrides = {"--set", "/phases/0/rate=2000/s", "--set", "/name=$(x)"};
  EXPECT_EQ(
      RerunCommand(parts.View()),
      "./run.sh harness run 'my scenarios/it'\\''s.json' --set /phases/0/rate=2000/s --set '/name=$(x)' --seed 7");
  parts.facts.overrides = {"--seed", "9"};
  EXPECT_TRUE(RerunCommand(parts.View()).ends_with("json' --seed 9"));
}

}  // namespace
}  // namespace harness
