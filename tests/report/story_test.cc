// What broke first is told first, and what follows from it below it: one record has one story, a death comes before the
// silence that it causes, and an unrelated violation stands for itself.
#include "harness/report/story.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "harness/report/text.h"
#include "tests/report/report_testing.h"

namespace harness {
namespace {

using ::testing::ElementsAre;

CheckResult Broken(const std::string& name, int64_t at_ms, int32_t partition = -1, int64_t offset = -1,
                   const std::string& client = "fast") {
  CheckResult check = Check(name, CheckState::kViolated);
  check.violation_count = 1;
  Violation violation;
  violation.sentence = "sentence of " + name;
  violation.time_ns = at_ms == 0 ? 0 : kBegin + at_ms * kMs;
  violation.partition = partition;
  violation.offset = offset;
  violation.client = client;
  check.violations = {violation};
  return check;
}

// "LOST [SKIP RESUME] LIVE"
std::vector<std::string> Told(const ReportParts& parts) {
  std::vector<std::string> told;
  for (const Chapter& chapter : StoryOf(parts.View())) {
    std::string text = chapter.check->name;
    for (const CheckResult* same : chapter.same) text += " =" + same->name;
    for (const CheckResult* follows : chapter.follows) text += " >" + follows->name;
    told.push_back(text);
  }
  return told;
}

ReportParts RunWith(std::vector<CheckResult> invariants) {
  ReportParts parts = LossyRun();
  parts.verdict.invariants = std::move(invariants);
  parts.verdict.thresholds.clear();
  return parts;
}

TEST(StoryTest, TheFirstInTimeIsToldFirstAndWhatHasNoTimeLast) {
  EXPECT_THAT(Told(RunWith({Broken("ACK_DURABLE", 900, 0, 1), Broken("LOST", 0, 0, 2), Broken("AGREE", 100, 0, 3)})),
              ElementsAre("AGREE", "ACK_DURABLE", "LOST"));
}

TEST(StoryTest, OneRecordHasOneStory) {
  EXPECT_THAT(Told(RunWith({Broken("LOST", 500, 0, 4), Broken("SKIP", 400, 0, 4), Broken("RESUME", 600, 0, 4),
                            Broken("DUP", 450, 0, 5)})),
              ElementsAre("LOST =SKIP =RESUME", "DUP"));
}

TEST(StoryTest, ALossComesBeforeTheSentinelThatItsClientDoesNotGet) {
  EXPECT_THAT(Told(RunWith({Broken("LOST", 500, 0, 4), Broken("LIVE", 600, 1, 9)})), ElementsAre("LOST >LIVE"));
  // Another client's silence is a story of its own.
  EXPECT_THAT(Told(RunWith({Broken("LOST", 500, 0, 4), Broken("LIVE", 600, 1, 9, "tutorial")})),
              ElementsAre("LOST", "LIVE"));
}

TEST(StoryTest, ADeathComesBeforeWhatItCauses) {
  ReportParts parts = RunWith({Broken("LOST", 300, 0, 2), Broken("UNARY_AGREE", 800, 0, 5), Broken("LIVE", 500)});
  CheckResult nonvacuous = Check("NONVACUOUS", CheckState::kInvalid);
  nonvacuous.violations = {Violation{}};
  parts.verdict.invariants.push_back(nonvacuous);
  parts.verdict.thresholds = {TimeThreshold("recovery.reconnect{each} < 3s", CheckState::kViolated, "zero samples")};
  ProcessSpan span;
  span.name = "server-1";
  span.ended_ns = kBegin + 500 * kMs;
  parts.history.processes = {span};
  EXPECT_THAT(Told(parts), ElementsAre("LOST >NONVACUOUS", "LIVE >UNARY_AGREE >recovery.reconnect{each} < 3s"));
  // A fault's end is no death: then each stands for itself.
  parts.history.processes[0].ended_by_fault = true;
  parts.verdict.thresholds[0].samples = 3;
  EXPECT_THAT(Told(parts), ElementsAre("LOST >LIVE >NONVACUOUS", "UNARY_AGREE", "recovery.reconnect{each} < 3s"));
}

TEST(StoryTest, ARecoveryThatNeverCameFollowsFromWhatNeverCame) {
  ReportParts parts = RunWith({Broken("LIVE", 300, 0, 2)});
  ThresholdResult never =
      TimeThreshold("recovery.reconnect{each,client=fast} < 3s", CheckState::kViolated, "measured never");
  never.samples = 2;
  never.measured = std::numeric_limits<double>::infinity();
  parts.verdict.thresholds = {never};
  EXPECT_THAT(Told(parts), ElementsAre("LIVE >recovery.reconnect{each,client=fast} < 3s"));
  EXPECT_CONTAINS(SummaryText(parts.View(), {0, false, true}), "< 3s  never over 2 samples\n");
}

TEST(StoryTest, WhereARunProvesNothingWhatSaysSoIsFirst) {
  ReportParts parts = RunWith({Broken("LOST", 300, 0, 2), Check("HARNESS_OK", CheckState::kInvalid, "a line")});
  parts.verdict.verdict = RunVerdict::kInvalid;
  EXPECT_THAT(Told(parts), ElementsAre("HARNESS_OK", "LOST"));
  parts.verdict.verdict = RunVerdict::kFail;
  EXPECT_THAT(Told(parts), ElementsAre("LOST", "HARNESS_OK"));
}

TEST(StoryTest, ConsoleAndWitnessTellItInThatOrder) {
  ReportParts parts = RunWith(
      {Broken("LOST", 500, 0, 4), Broken("SKIP", 400, 0, 4), Broken("AGREE", 100, 0, 3), Broken("LIVE", 600, 1, 9)});
  EXPECT_CONTAINS(SummaryText(parts.View(), {0, false, true}),
                  "What went wrong\n"
                  "  1. AGREE at +0.100000 s\n"
                  "    sentence of AGREE\n"
                  "    Suspected: harness\n"
                  "  2. LOST at +0.500000 s\n"
                  "    sentence of LOST\n"
                  "    Suspected: harness\n"
                  "    The same record: SKIP: sentence of SKIP\n"
                  "    Then LIVE: sentence of LIVE\n");
  const std::string witness = WitnessText(parts.View());
  const size_t agree = witness.find("\n== AGREE (1 violation) ==\n");
  const size_t lost = witness.find("\n== LOST (1 violation) ==\n");
  const size_t skip = witness.find("\n== SKIP (1 violation): the same record as LOST ==\nsentence of SKIP");
  const size_t live = witness.find("\n== LIVE (1 violation): after LOST ==\nsentence of LIVE");
  EXPECT_LT(agree, lost) << witness;
  EXPECT_LT(lost, skip) << witness;
  EXPECT_LT(skip, live) << witness;
  EXPECT_NE(live, std::string::npos) << witness;
}

TEST(StoryTest, AnyNumberOfBrokenChecksFitsAConsole) {
  std::vector<CheckResult> invariants;
  for (int i = 0; i < 40; ++i) invariants.push_back(Broken("CHECK_" + std::to_string(i), 100 + i, 0, 10 + i));
  const std::string text = SummaryText(RunWith(invariants).View(), {0, false, true});
  EXPECT_CONTAINS(text, "  5. CHECK_4 at");
  EXPECT_CONTAINS(text, "\n  and CHECK_5, CHECK_6, CHECK_7 and 32 more\n");
  EXPECT_FALSE(Contains(text, "  6. "));
}

}  // namespace
}  // namespace harness
