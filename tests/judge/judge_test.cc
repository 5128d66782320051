// The verdict's precedence, what relaxing and reporting change, and how a threshold is judged.
#include "harness/judge/judge.h"

#include <gtest/gtest.h>

#include "tests/verify/story.h"

namespace harness {
namespace {

// 200 records, 10 ms apart, each delivered 1 ms after it was acknowledged... and all well.
Story Good() {
  Story story;
  for (int i = 0; i < 200; ++i) story.Deliver(0, 0, story.Write(0));
  story.End();
  return story;
}

void BreakHarness(Story* story) { story->history.harness_errors.push_back("the disk is full"); }
void LoseOne(Story* story) {
  story->history.clients[0].deliveries.erase(story->history.clients[0].deliveries.begin() + 5);
}
void WithoutEvidence(Story* story) { story->AddFault("kill", "server-1", story->now_ns, 0)->effective = false; }

TEST(JudgeTest, Precedence) {
  Story story = Good();
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
  EXPECT_EQ(story.Judged().verdict, RunVerdict::kPass);
  WithoutEvidence(&story);
  EXPECT_EQ(story.Judged().exit_code, 4);
  EXPECT_EQ(story.Judged().verdict, RunVerdict::kInvalid);
  LoseOne(&story);
  EXPECT_EQ(story.Judged().exit_code, 1);
  EXPECT_EQ(story.Judged().verdict, RunVerdict::kFail);
  BreakHarness(&story);
  EXPECT_EQ(story.Judged().exit_code, 4);
  EXPECT_EQ(story.Judged().verdict, RunVerdict::kInvalid);
  story.history.interrupted = true;
  EXPECT_EQ(story.Judged().exit_code, 130);
  EXPECT_EQ(story.Judged().verdict, RunVerdict::kInterrupted);
}

// What is there can't have been missed: a violation that rests on it is the verdict, whatever else was damaged.
TEST(JudgeTest, AViolationThatStandsWhateverTheHarnessMissedIsTheVerdict) {
  const auto code = [](void (*damage)(Story*), void (*breakage)(Story*)) {
    Story story = Good();
    damage(&story);
    breakage(&story);
    EXPECT_EQ(Of(story.Judged(), "HARNESS_OK").state, CheckState::kInvalid);
    return story.Judged().exit_code;
  };
  const auto none = [](Story*) {};
  const auto broken_line = [](Story* story) { story->history.clients[0].broken_lines = 1; };
  const auto busy = [](Story* story) { story->history.phases[0].planned *= 2; };
  const auto twice = [](Story* story) { story->Deliver(0, 0, 7); };
  const auto changed = [](Story* story) { story->history.clients[0].deliveries[3].content_hash ^= 1; };
  const auto freeze = [](Story* story) { story->history.clients[0].deliveries.pop_back(); };
  for (void (*damage)(Story*) : {+broken_line, +busy, +BreakHarness}) {
    EXPECT_EQ(code(damage, none), 4);
    EXPECT_EQ(code(damage, twice), 1);
    EXPECT_EQ(code(damage, changed), 1);
    EXPECT_EQ(code(damage, freeze), 4);  // it may have come, and there was no time
  }
  // A line that could not be read may have been the one.
  EXPECT_EQ(code(broken_line, LoseOne), 4);
  EXPECT_EQ(code(BreakHarness, LoseOne), 4);
  EXPECT_EQ(code(busy, LoseOne), 1);
}

TEST(JudgeTest, EveryInvariantIsJudgedOnce) {
  const Verdict verdict = Good().Judged();
  std::set<std::string> names;
  for (const CheckResult& result : verdict.invariants) EXPECT_TRUE(names.insert(result.name).second) << result.name;
  for (const char* name : {"ACK_DURABLE", "PHANTOM", "LOG_DUP", "SEND_ORDER", "LOST", "DUP", "ORDER", "SKIP", "RESUME",
                           "AGREE", "BACKOFF", "LIVE", "EFFICACY", "NONVACUOUS", "HARNESS_OK"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(JudgeTest, WhatAScenarioRelaxesIsShownWithItsReason) {
  Story story = Good();
  LoseOne(&story);
  // What LOST does not say any more, SKIP does.
  story.scenario.expect.relaxed = {{"LOST", "the client is known to lose"}};
  EXPECT_EQ(Violated(story.Judged()), std::set<std::string>{"SKIP"});
  story.scenario.expect.relaxed = {
      {"LOST", "the client is known to lose"}, {"SKIP", "likewise"}, {"DUP", "holds all the same"}};
  const Verdict verdict = story.Judged();
  EXPECT_EQ(verdict.exit_code, 0);
  EXPECT_EQ(Of(verdict, "LOST").state, CheckState::kRelaxed);
  EXPECT_EQ(Of(verdict, "LOST").reason, "the client is known to lose");
  EXPECT_EQ(Of(verdict, "LOST").violation_count, 1);
  EXPECT_EQ(Of(verdict, "DUP").state, CheckState::kPass);
}

TEST(JudgeTest, MoreViolationsAreCountedThanKept) {
  Story story = Good();
  story.history.clients[0].deliveries.erase(story.history.clients[0].deliveries.begin(),
                                            story.history.clients[0].deliveries.begin() + 100);
  const CheckResult lost = Of(story.Judged(), "LOST");
  EXPECT_EQ(lost.violation_count, 100);
  EXPECT_EQ(lost.violations.size(), kViolationsKept);
  EXPECT_EQ(lost.violations.at(0).offset, 0);
}

struct Case {
  const char* threshold;
  CheckState state;
  int exit_code;
};

TEST(JudgeTest, Thresholds) {
  // Good(): every record arrives 3 ms after its planned send.
  for (const Case& expected : std::vector<Case>{
           {"e2e.latency p50 < 4ms", CheckState::kPass, 0},
           {"e2e.latency p50 < 3ms", CheckState::kViolated, 1},
           {"e2e.latency p95 <= 4ms", CheckState::kPass, 0},      // exactly the 200 samples that it needs
           {"e2e.latency p95.1 < 4ms", CheckState::kInvalid, 4},  // needs 205
           {"e2e.latency p99 < 1ms", CheckState::kInvalid, 4},    // inconclusive, not failed
           {"e2e.latency max < 4ms", CheckState::kPass, 0},
           {"e2e.latency{client=nobody} p50 < 4ms", CheckState::kViolated, 1},
           {"client.reconnects == 0", CheckState::kPass, 0},
           {"client.reconnects > 0", CheckState::kViolated, 1},
           {"recovery.reconnect < 1s", CheckState::kViolated, 1},  // zero samples
       }) {
    Story story = Good();
    story.AddThreshold(expected.threshold);
    const Verdict verdict = story.Judged();
    EXPECT_EQ(verdict.thresholds.at(0).state, expected.state)
        << expected.threshold << ": " << verdict.thresholds[0].reason;
    EXPECT_EQ(verdict.exit_code, expected.exit_code) << expected.threshold;
    EXPECT_EQ(verdict.thresholds[0].name, expected.threshold);
    EXPECT_FALSE(verdict.thresholds[0].reason.empty());
    const Verdict reported = story.Judged({.report_time_thresholds = true});
    const bool is_time = story.scenario.expect.thresholds[0].is_time();
    EXPECT_EQ(reported.thresholds[0].state, is_time ? CheckState::kReported : expected.state) << expected.threshold;
  }
}

}  // namespace
}  // namespace harness
