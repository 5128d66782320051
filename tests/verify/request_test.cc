// What a stream owes follows from what was asked for, from the audited log and from the moment, never from its server's
// word alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "harness/verify/client_view.h"
#include "tests/verify/server_story.h"

namespace harness {
namespace {

using ::testing::HasSubstr;
using Names = std::set<std::string>;

// The first stream of a client on an empty topic says `start`; then `records` come, and the client gets those behind
// it.
ServerStory BegunAt(const TokenPart& start, int records) {
  ServerStory story;
  story.history.clients[0].connections.clear();
  story.history.servers[0].streams.clear();
  story.ServerConnects(0, {start});
  for (int i = 0; i < records; ++i) {
    const int64_t offset = story.Write(0);
    if (offset > std::max(start.after, start.snapshot_until)) story.ServerSends(0, 0, offset);
  }
  story.ServerReads(0);
  story.End();
  return story;
}

TEST(RequestTest, WithoutATokenAStreamBeginsAtTheBeginning) {
  const Verdict verdict = BegunAt({0, 4, -1}, 10).Judged();
  EXPECT_EQ(Violated(verdict), (Names{"LOST", "RESUME"})) << Sentences(verdict);
  EXPECT_EQ(Of(verdict, "LOST").violation_count, 5);
  EXPECT_EQ(Of(verdict, "LOST").violations[0].causes, Cause::kServer);
  ASSERT_EQ(Of(verdict, "RESUME").violation_count, 1);
  EXPECT_EQ(Of(verdict, "RESUME").violations[0].causes, Cause::kServer);
  EXPECT_THAT(Of(verdict, "RESUME").violations[0].sentence,
              HasSubstr("it sent no token, and its stream began after offset 4"));
}

TEST(RequestTest, ASnapshotReachesNoFurtherThanTheTopicDidAtThatMoment) {
  const Verdict verdict = BegunAt({0, -1, 4}, 10).Judged();
  EXPECT_EQ(Violated(verdict), (Names{"LOST", "RESUME"})) << Sentences(verdict);
  EXPECT_EQ(Of(verdict, "LOST").violation_count, 5);
  EXPECT_EQ(Of(verdict, "LOST").violations[0].causes, Cause::kServer);
  EXPECT_THAT(Of(verdict, "RESUME").violations[0].sentence, HasSubstr("and it held no more than nothing"));
}

TEST(RequestTest, WhatWasOnItsWayAtThatMomentMayHaveBeenThere) {
  Story story;
  story.history.clients[0].connections.clear();
  story.Write(0, {.id = 7});
  story.Write(0, {.id = 7});
  story.Connect(0, {{0, -1, 1}});
  // Sent before the stream began, acknowledged and read by the audit only after.
  const int64_t began_ns = story.history.clients[0].connections[0].started_ns;
  story.SendAt(0, 1)->acked_ns = story.LogAt(0, 1)->seen_ns = began_ns + kSecond;
  story.Deliver(0, 0, 1, DeliveryKind::kExisting);
  story.End();
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
  story.SendAt(0, 1)->sent_ns = began_ns + 1;
  EXPECT_EQ(Violated(story.Judged()), Names{"RESUME"}) << Sentences(story.Judged());
}

TEST(RequestTest, OfWhatNobodyToldWhenItWasSentNothingIsHeldAgainstASnapshot) {
  Story story;
  story.history.clients[0].connections.clear();
  story.Connect(0, {{0, -1, 1}});
  story.Write(0, {.id = 7});
  story.Write(0, {.id = 7});
  story.Deliver(0, 0, 1, DeliveryKind::kExisting);
  story.End();
  story.history.producers[0].has_acks = false;
  story.history.producers[0].sends.clear();
  EXPECT_EQ(Violated(story.Judged()), Names{}) << Sentences(story.Judged());
}

TEST(RequestTest, LiveOnlyBeginsAtTheEndThatTheTopicHad) {
  for (const bool asked : {true, false}) {
    Story story;
    story.history.clients[0].connections.clear();
    for (int i = 0; i < 3; ++i) story.Write(0);
    story.Connect(0, {{0, 2, -1}})->live_only = asked;
    story.Deliver(0, 0, story.Write(0));
    story.End();
    EXPECT_EQ(Violated(story.Judged()), (asked ? Names{} : Names{"LOST", "RESUME"})) << Sentences(story.Judged());
  }
}

TEST(RequestTest, AStreamStartRepeatsTheTokenThatWasSent) {
  const auto resumed = [](const TokenPart& declared, const TokenPart& sent) {
    Story story;
    for (int i = 0; i < 4; ++i) story.Write(0);
    story.DeliverFrom(0, 0, 0);
    story.Break(0);
    story.Connect(0, {declared}, true)->sent = {sent};
    for (int64_t offset = std::max(declared.after, declared.snapshot_until) + 1; offset < 4; ++offset) {
      story.Deliver(0, 0, offset, DeliveryKind::kDropped);
    }
    story.Deliver(0, 0, story.Write(0));
    story.End();
    return story.Judged();
  };
  EXPECT_EQ(Violated(resumed({0, 3, -1}, {0, 3, -1})), Names{});
  for (const TokenPart& declared : {TokenPart{0, -1, -1}, TokenPart{0, 1, -1}}) {  // replayed, dropped
    const Verdict verdict = resumed(declared, {0, 3, -1});
    EXPECT_EQ(Violated(verdict), Names{"RESUME"}) << Sentences(verdict);
    EXPECT_EQ(Of(verdict, "RESUME").violations[0].causes, Cause::kServer);
    EXPECT_THAT(Of(verdict, "RESUME").violations[0].sentence, HasSubstr("it sent the token after offset 3"));
  }
  EXPECT_EQ(Violated(resumed({0, 1, -1}, {0, 1, -1})), Names{});  // it asked for it again
  EXPECT_EQ(Violated(resumed({0, 1, 3}, {0, 1, -1})), Names{"RESUME"});
}

TEST(RequestTest, WhoseARequestWasThatTheServersJournalHasOtherwise) {
  for (const bool changed : {false, true}) {
    ServerStory story;
    for (int i = 0; i < 4; ++i) story.Write(0);
    for (int64_t offset = 0; offset < 4; ++offset) story.ServerSends(0, 0, offset);
    story.Break(0);
    story.ServerConnects(0, {{0, 1, -1}}, true)->sent = {{0, 3, -1}};
    story.StreamBehind(0, 1)->sent = {{0, changed ? 1 : 3, -1}};
    story.ServerSends(0, 0, story.Write(0));
    story.End();
    const Verdict verdict = story.Judged();
    ASSERT_EQ(Of(verdict, "RESUME").violation_count, 1) << Sentences(verdict);
    EXPECT_EQ(Of(verdict, "RESUME").violations[0].causes, changed ? kBehindServer : Causes(Cause::kServer));
  }
}

// A client that sends what it has can't have asked a server to jump: what it does not tell, its log tells.
TEST(RequestTest, AServerThatJumpsOnATokenThatNobodyTellsIsNotBelieved) {
  Story story;
  for (int i = 0; i < 4; ++i) story.Write(0);
  story.Deliver(0, 0, 0);
  story.Break(0);
  story.Connect(0, {{0, 2, -1}}, true);
  story.Deliver(0, 0, 3);
  story.End();
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), (Names{"LOST", "RESUME"})) << Sentences(verdict);
  EXPECT_EQ(Of(verdict, "LOST").violations[0].causes, kDeliveryHops);
}

// Relaxing LIVE says that not everything has to come; what Kafka acknowledged has to, all the same.
TEST(RequestTest, WithoutASentinelTheAuditedEndCountsWhereLiveIsRelaxed) {
  Story story;
  for (int i = 0; i < 4; ++i) story.Write(0);
  story.Deliver(0, 0, 0);
  story.End({0});
  EXPECT_EQ(Violated(story.Judged()), Names{"LIVE"}) << Sentences(story.Judged());
  story.scenario.expect.relaxed = {{"LIVE", "its end is not looked at"}};
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), Names{"LOST"}) << Sentences(verdict);
  EXPECT_EQ(Of(verdict, "LOST").violation_count, 3);
  // Only the sentinel is missing.
  story.DeliverFrom(0, 0, 1);
  story.history.clients[0].deliveries.pop_back();
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
}

// Whatever a server declares, a stream without a token that brings everything from the beginning owes nothing, and one
// that leaves something out owes exactly that.
RC_GTEST_PROP(RequestTest, NoDeclarationTakesAnythingFromWhatIsOwed, ()) {
  const int before = *rc::gen::inRange(0, 6);
  const int after = *rc::gen::inRange(1, 6);
  const int64_t declared_after = *rc::gen::inRange<int64_t>(-1, 12);
  const int64_t declared_snapshot = *rc::gen::inRange<int64_t>(-1, 12);
  Story story;
  story.history.clients[0].connections.clear();
  for (int i = 0; i < before; ++i) story.Write(0);  // a payment each: none supersedes another
  story.Connect(0, {{0, declared_after, declared_snapshot}});
  for (int i = 0; i < after; ++i) story.Write(0);
  const auto drawn = *rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(0, before + after));
  const std::set<int64_t> lost(drawn.begin(), drawn.end());
  for (int64_t offset = 0; offset < before + after; ++offset) {
    if (!lost.contains(offset)) story.Deliver(0, 0, offset);
  }
  story.End();
  const Verdict verdict = story.Judged();
  RC_LOG() << Sentences(verdict);
  RC_ASSERT(Of(verdict, "LOST").violation_count == static_cast<int64_t>(lost.size()));
  const bool honest = declared_after < 0 && declared_snapshot < before;
  RC_ASSERT(Of(verdict, "RESUME").violation_count == (honest ? 0 : 1));
}

}  // namespace
}  // namespace harness
