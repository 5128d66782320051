// A refusal is a claim: one that the audited log does not bear out is the server's, whatever the client then does, and
// ends no life; one that it bears out is nobody's fault, and what was owed until then is owed all the same.
#include "harness/verify/refusal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/verify/story.h"

namespace harness {
namespace {

using ::testing::HasSubstr;
using Names = std::set<std::string>;
constexpr int kInvalidArgument = 3;
constexpr int kFailedPrecondition = 9;
constexpr int kOutOfRange = 11;

void Refuse(Story* story, int code, std::vector<TokenPart> sent, bool tells_token = true) {
  story->history.clients[0].attempts.push_back({.time_ns = story->Tick(),
                                                .code = code,
                                                .message = "says the server",
                                                .tells_token = tells_token,
                                                .sent = std::move(sent)});
}

// Offsets 0 to 3 of payments that each have a record, handed on; then the stream breaks.
Story FourThenABreak() {
  Story story;
  for (int i = 0; i < 4; ++i) story.Write(0, {.id = static_cast<uint64_t>(7 + i % 2)});
  story.DeliverFrom(0, 0, 0);
  story.Break(0);
  return story;
}

// The client begins anew with a snapshot of what the topic holds, and gets the latest state.
void BeginAnew(Story* story) {
  const int64_t end = story->history.partitions[0].end_offset;
  story->Connect(0, {{0, -1, end - 1}});
  for (int64_t offset = end - 2; offset < end; ++offset) story->Deliver(0, 0, offset, DeliveryKind::kExisting);
  story->End();
}

TEST(RefusalTest, AValidTokenThatWasRefusedIsTheServersAndEndsNoLife) {
  for (const int code : {kOutOfRange, kFailedPrecondition, kInvalidArgument}) {
    Story story = FourThenABreak();
    Refuse(&story, code, {{0, 3, -1}});
    // What comes now, superseded, is what the client loses by beginning anew.
    for (int i = 0; i < 4; ++i) story.Write(0, {.id = static_cast<uint64_t>(7 + i % 2)});
    BeginAnew(&story);
    const Verdict verdict = story.Judged();
    // Which code is not retried is another matter.
    const Names also = code == kInvalidArgument ? Names{"BACKOFF", "LOST", "RESUME"} : Names{"LOST", "RESUME"};
    EXPECT_EQ(Violated(verdict), also) << code << "\n" << Sentences(verdict);
    ASSERT_EQ(Of(verdict, "LOST").violation_count, 2);
    EXPECT_EQ(Of(verdict, "LOST").violations[0].causes, Cause::kServer);
    EXPECT_THAT(Of(verdict, "LOST").violations[0].sentence, HasSubstr("its token was refused, falsely"));
    const CheckResult resume = Of(verdict, "RESUME");
    ASSERT_EQ(resume.violation_count, 1);
    EXPECT_EQ(resume.violations[0].causes, Cause::kServer);
    EXPECT_THAT(resume.violations[0].sentence, HasSubstr(std::string(RefusalName(code)) + " (says the server)"));
  }
}

TEST(RefusalTest, ARefusalOfWhatIsTrimmedIsNobodysFaultAndEndsALife) {
  Story story = FourThenABreak();
  for (int i = 0; i < 4; ++i) story.Write(0, {.id = static_cast<uint64_t>(7 + i % 2)});
  story.history.partitions[0].low_watermark = 6;
  Refuse(&story, kOutOfRange, {{0, 3, -1}});
  BeginAnew(&story);
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
}

TEST(RefusalTest, WhatALifeLostBeforeItEndedIsLost) {
  Story story;
  for (int i = 0; i < 4; ++i) story.Write(0, {.id = static_cast<uint64_t>(7 + i % 2)});
  for (const int64_t offset : {0, 2, 3}) story.Deliver(0, 0, offset);
  story.Break(0);
  for (int i = 0; i < 4; ++i) story.Write(0, {.id = static_cast<uint64_t>(7 + i % 2)});
  story.history.partitions[0].low_watermark = 6;
  Refuse(&story, kOutOfRange, {{0, 3, -1}});
  BeginAnew(&story);
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), Names{"LOST"}) << Sentences(verdict);
  ASSERT_EQ(Of(verdict, "LOST").violation_count, 1);
  EXPECT_EQ(Of(verdict, "LOST").violations[0].offset, 1);
}

TEST(RefusalTest, ATokenThatIsWrongIsRefusedRightly) {
  // Beyond the topic's end, of a partition that it has not, and twice.
  for (const auto& [code, sent] :
       std::vector<std::pair<int, std::vector<TokenPart>>>{{kOutOfRange, {{0, 99, -1}}},
                                                           {kInvalidArgument, {{5, 3, -1}}},
                                                           {kInvalidArgument, {{0, 3, -1}, {0, 3, -1}}}}) {
    Story story = FourThenABreak();
    Refuse(&story, code, sent);
    BeginAnew(&story);
    EXPECT_EQ(Of(story.Judged(), "RESUME").violation_count, 0) << code << "\n" << Sentences(story.Judged());
    EXPECT_EQ(Of(story.Judged(), "LOST").violation_count, 0) << code << "\n" << Sentences(story.Judged());
  }
}

TEST(RefusalTest, ARecordThatWasNotInTheLogYetMayHaveBeenAhead) {
  Story story = FourThenABreak();
  Refuse(&story, kOutOfRange, {{0, 4, -1}});
  EXPECT_EQ(story.Write(0), 4);
  BeginAnew(&story);
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
  EXPECT_THAT(Of(story.Judged(), "RESUME").reason, HasSubstr("1 refusals of which the log does not say"));
}

TEST(RefusalTest, AnotherChecksumThanTheLogsIsAnotherRecord) {
  Story story = FourThenABreak();
  story.history.clients[0].deliveries[3].crc32c ^= 1;
  Refuse(&story, kFailedPrecondition, {{0, 3, -1}});
  BeginAnew(&story);
  EXPECT_EQ(Violated(story.Judged()), Names{"AGREE"}) << Sentences(story.Judged());
}

TEST(RefusalTest, WithoutATokenThereIsNothingToRefuse) {
  Story story;
  story.history.clients[0].connections.clear();
  Refuse(&story, kOutOfRange, {});
  story.Connect(0, {});
  story.Deliver(0, 0, story.Write(0));
  story.End();
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), Names{"RESUME"}) << Sentences(verdict);
  EXPECT_EQ(Of(verdict, "RESUME").violations[0].causes, Cause::kServer);
  // What else may be wrong with a request nobody knows.
  story.history.clients[0].attempts[0].code = kInvalidArgument;
  EXPECT_EQ(Of(story.Judged(), "RESUME").violation_count, 0) << Sentences(story.Judged());
}

// Where its log does not tell what a client sent, it is what it had received; and it may have sent something else.
TEST(RefusalTest, ATokenThatNobodyTellsIsWhatTheClientHadReceived) {
  Story story = FourThenABreak();
  Refuse(&story, kOutOfRange, {}, false);
  BeginAnew(&story);
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), Names{"RESUME"}) << Sentences(verdict);
  EXPECT_EQ(Of(verdict, "RESUME").violations[0].causes, kDeliveryHops);
}

TEST(RefusalTest, AStreamThatIsEndedWithAFalseOneIsRefusedTheSame) {
  Story story;
  for (int i = 0; i < 4; ++i) story.Write(0);
  story.DeliverFrom(0, 0, 0);
  story.Break(0, kOutOfRange);
  BeginAnew(&story);
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), Names{"RESUME"}) << Sentences(verdict);
  EXPECT_THAT(Of(verdict, "RESUME").violations[0].sentence, HasSubstr("on its stream"));
}

// Refused, the client ends with an exit code of its own, as documented.
Story EndedWhenRefused(int64_t low_watermark) {
  Story story = FourThenABreak();
  story.Write(0);
  story.Write(0);
  story.history.partitions[0].low_watermark = low_watermark;
  Refuse(&story, kOutOfRange, {{0, 3, -1}});
  ProcessSpan& process = story.history.processes[2];
  process.ended_ns = story.Tick();
  process.how = "exit 6";
  story.End({0});
  return story;
}

TEST(RefusalTest, AClientThatEndsWhenItIsRefusedFalselyIsNotToBlame) {
  const Verdict verdict = EndedWhenRefused(0).Judged();
  EXPECT_EQ(Violated(verdict), (Names{"LIVE", "RESUME"})) << Sentences(verdict);
  ASSERT_EQ(Of(verdict, "LIVE").violation_count, 2);  // its end, and its sentinel
  for (const Violation& violation : Of(verdict, "LIVE").violations) {
    EXPECT_EQ(violation.causes, Cause::kServer) << violation.sentence;
    EXPECT_THAT(violation.sentence, HasSubstr("OUT_OF_RANGE (says the server)"));
  }
}

TEST(RefusalTest, AClientThatEndsWhenItIsRefusedRightlyLosesToRetention) {
  const Verdict verdict = EndedWhenRefused(5).Judged();
  ASSERT_EQ(Of(verdict, "LIVE").violation_count, 1) << Sentences(verdict);
  EXPECT_EQ(Of(verdict, "LIVE").violations[0].causes, Cause::kRetention);
  EXPECT_THAT(Of(verdict, "LIVE").reason, HasSubstr("ended after it was refused, rightly"));
}

TEST(RefusalTest, ACrashIsNoEndingAsDocumented) {
  Story story = EndedWhenRefused(0);
  story.history.processes[2].how = "signal 11";
  EXPECT_EQ(Of(story.Judged(), "LIVE").violations.at(0).causes, Cause::kClient);
}

}  // namespace
}  // namespace harness
