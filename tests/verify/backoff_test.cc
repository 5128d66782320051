// BACKOFF in both directions: attempts that come too soon, and codes that are tried again.
#include "harness/verify/backoff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/verify/story.h"

namespace harness {
namespace {

using Names = std::set<std::string>;

constexpr int64_t kPause = 100 * kMillisecond;
constexpr int kUnavailable = 14;

// A client whose stream ended, with code `code`, that then failed after each of `pauses` but the last, and connected
// after that.
Story Reconnecting(const std::vector<int64_t>& pauses, int code = kUnavailable) {
  Story story;
  Client& client = story.history.clients[0];
  client.reconnect_delay_min_ns = kPause;
  story.Deliver(0, 0, story.Write(0));
  story.Break(0, code);
  for (size_t i = 0; i + 1 < pauses.size(); ++i) {
    client.attempts.push_back({story.Tick(pauses[i]), kUnavailable, "refused"});
  }
  story.Tick(pauses.back() - kMillisecond);  // connecting takes another one
  story.Connect(0, {{0, 0, -1}}, true);
  story.End();
  return story;
}

Violation Only(const Story& story) {
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), Names{"BACKOFF"}) << Sentences(verdict);
  const CheckResult result = Of(verdict, "BACKOFF");
  EXPECT_EQ(result.violation_count, 1) << Sentences(verdict);
  EXPECT_EQ(result.violations.at(0).causes, Cause::kClient);
  EXPECT_EQ(result.violations.at(0).client, "watcher");
  return result.violations.at(0);
}
void ExpectSilence(const Story& story) {
  EXPECT_EQ(Of(story.Judged(), "BACKOFF").violation_count, 0) << Sentences(story.Judged());
}

TEST(BackoffTest, WhatIsNotOfferedIsTriedInAnotherWayOnce) {
  for (const int attempts : {1, 2}) {
    Story story;
    story.history.clients[0].connections.clear();
    story.history.clients[0].reconnect_delay_min_ns = kPause;
    for (int i = 0; i < attempts; ++i) {
      story.history.clients[0].attempts.push_back({.time_ns = story.Tick(), .code = 12, .message = "not offered"});
    }
    story.Connect(0, {});
    story.Deliver(0, 0, story.Write(0));
    story.End();
    EXPECT_EQ(Of(story.Judged(), "BACKOFF").violation_count, attempts - 1) << Sentences(story.Judged());
  }
}

TEST(BackoffTest, PausesThatKeepTheShortestAreLegalHoweverLong) {
  ExpectSilence(Reconnecting({kPause, kPause, 30 * kPause, kPause}));
  ExpectSilence(Reconnecting({kPause - kPause / 10, kPause}));  // what rounding may do
}

TEST(BackoffTest, AnAttemptThatComesTooSoonIsAViolation) {
  Only(Reconnecting({kPause / 2, kPause}));
  Only(Reconnecting({kPause, kPause / 2, kPause}));
  Only(Reconnecting({kPause / 2}));  // one that connects at once
}

TEST(BackoffTest, AStormIsOneViolationWithItsNumber) {
  const Violation storm = Only(Reconnecting(std::vector<int64_t>(500, 2 * kMillisecond)));
  EXPECT_THAT(storm.sentence, ::testing::HasSubstr("tried again 500 times within 1 s"));
  const Story two = Reconnecting({kPause / 2, kPause / 4, kPause, kPause / 2, kPause});
  EXPECT_EQ(Of(two.Judged(), "BACKOFF").violation_count, 2);
}

TEST(BackoffTest, ANewProcessNeedNotWait) {
  Story story = Reconnecting({kPause, kPause / 2});
  Only(story);
  const Client& client = story.history.clients[0];
  story.AddProcess("watcher", client.connections[1].started_ns - kMillisecond);
  ExpectSilence(story);
}

TEST(BackoffTest, AStreamWhoseEndNobodySawSaysNothing) {
  Story story = Reconnecting({kPause / 2});
  story.history.clients[0].connections[0].ended_ns = 0;
  ExpectSilence(story);
  EXPECT_EQ(Of(story.Judged(), "BACKOFF").state, CheckState::kNotApplicable);
}

TEST(BackoffTest, CodesThatTryingAgainDoesNotMendAreNotTriedAgain) {
  for (const int code : {3, 5, 6, 7, 15, 16}) {
    Story story = Reconnecting({kPause}, code);
    EXPECT_EQ(Only(story).time_ns, story.history.clients[0].connections[1].started_ns) << code;
    // Started anew by somebody else it is another life.
    story.AddProcess("watcher", story.history.clients[0].connections[1].started_ns - kMillisecond);
    ExpectSilence(story);
  }
  for (const int code : {0, 1, 2, 4, 8, 9, 10, 11, 12, 13, 14}) ExpectSilence(Reconnecting({kPause}, code));
  // The last end of all is tried again by nobody.
  Story story = Reconnecting({kPause});
  story.Break(0, 16);
  ExpectSilence(story);
}

TEST(BackoffTest, AFailedAttemptMayBeRefusedForGoodToo) {
  Story story = Reconnecting({kPause, kPause, kPause});
  story.history.clients[0].attempts[0].code = 16;
  EXPECT_THAT(Only(story).sentence, ::testing::HasSubstr("UNAUTHENTICATED"));
}

TEST(BackoffTest, AnotherMethodMayBeTriedAtOnce) { ExpectSilence(Reconnecting({kPause / 2}, 12)); }

TEST(BackoffTest, AForeignProgramWithoutBoundsIsHeldToTheCodesOnly) {
  Story story = Reconnecting({kMillisecond, kMillisecond, kMillisecond});
  story.history.clients[0].reconnect_delay_min_ns = 0;
  ExpectSilence(story);
  EXPECT_THAT(Of(story.Judged(), "BACKOFF").reason, ::testing::HasSubstr("watcher tells no shortest pause"));
  story.history.clients[0].attempts[0].code = 7;
  Only(story);
  story.history.clients[0].marks_connections = false;
  EXPECT_EQ(Of(story.Judged(), "BACKOFF").state, CheckState::kNotApplicable);
}

}  // namespace
}  // namespace harness
