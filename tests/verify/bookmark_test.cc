// BOOKMARK in both directions: what a bookmark covers has come before it on that stream, or it is a violation, whose
// cause is the server's by its journal; snapshots, other filters, rejected records and earlier streams excuse what they
// do.
#include "harness/verify/bookmark.h"

#include <gtest/gtest.h>

#include "tests/verify/server_story.h"

namespace harness {
namespace {

using Names = std::set<std::string>;

CheckResult BookmarkOf(const Story& story) { return Of(story.Judged(), "BOOKMARK"); }

TEST(BookmarkTest, WhatItCoversHasComeBeforeIt) {
  Story story(2);
  for (int i = 0; i < 3; ++i) story.Write(0);
  story.Deliver(0, 0, 0);
  story.Deliver(0, 0, 1);
  story.Tell(0, 0, 1);
  story.Deliver(0, 0, 2);
  story.Tell(0, 0, 2);
  story.End();
  EXPECT_EQ(Violated(story.Judged()), Names{}) << Sentences(story.Judged());
  EXPECT_EQ(BookmarkOf(story).judged, 2);
}

TEST(BookmarkTest, OneThatComesTooEarlyIsAViolationForEachRecord) {
  Story story;
  for (int i = 0; i < 4; ++i) story.Write(0);
  story.Deliver(0, 0, 0);
  story.Tell(0, 0, 2);
  story.DeliverFrom(0, 0, 1);
  story.Tell(0, 0, 3);
  story.End();
  EXPECT_EQ(Violated(story.Judged()), Names{"BOOKMARK"}) << Sentences(story.Judged());
  const CheckResult result = BookmarkOf(story);
  ASSERT_EQ(result.violation_count, 2);
  EXPECT_EQ(result.violations[0].offset, 1);
  EXPECT_EQ(result.violations[0].causes, kDeliveryHops);
  EXPECT_EQ(result.violations[0].client, "watcher");
  EXPECT_NE(result.violations[0].sentence.find("got a bookmark at offset 2 of partition 0"), std::string::npos)
      << result.violations[0].sentence;
}

// Received and dropped is received.
TEST(BookmarkTest, ADroppedRecordHasCome) {
  Story story;
  story.Write(0);
  story.Deliver(0, 0, 0);
  story.Break(0);
  story.Connect(0, {{0, -1, -1}}, true);
  story.Deliver(0, 0, 0, DeliveryKind::kDropped);
  story.Tell(0, 0, 0);
  story.End();
  EXPECT_EQ(BookmarkOf(story).violation_count, 0) << Sentences(story.Judged());
  EXPECT_EQ(BookmarkOf(story).judged, 1);
}

TEST(BookmarkTest, WhatNobodyIsOwedIsNotMissed) {
  Story story;
  story.history.clients[0].filter.provider = pipeline::Provider::kPaypal;
  story.Write(0);  // another provider's
  story.Write(0, {.provider = pipeline::Provider::kPaypal});
  story.LogAt(0, 1)->valid = false;  // rejected
  story.Tell(0, 0, 1);
  story.Write(0, {.provider = pipeline::Provider::kPaypal});
  story.Deliver(0, 0, 2);
  story.End();
  EXPECT_EQ(BookmarkOf(story).violation_count, 0) << Sentences(story.Judged());
  EXPECT_EQ(BookmarkOf(story).judged, 1);
}

// A snapshot is latest state only: a bookmark within it says nothing of what was superseded. What came on an earlier
// stream did not come on this one, unless this one began behind it.
TEST(BookmarkTest, EachStreamIsJudgedFromItsOwnStart) {
  Story story;
  story.Write(0, {.id = 7});
  story.Write(0, {.id = 7, .status = pipeline::PaymentStatus::kCompleted});
  story.BeginNow(0, {{0, -1, 1}});
  story.Deliver(0, 0, 1, DeliveryKind::kExisting);
  story.Tell(0, 0, 1);
  story.Write(0);
  story.Deliver(0, 0, 2);
  story.Break(0);
  story.Connect(0, {{0, 2, -1}}, true);
  story.Write(0);
  story.Deliver(0, 0, 3);
  story.Tell(0, 0, 3);
  story.End();
  EXPECT_EQ(BookmarkOf(story).violation_count, 0) << Sentences(story.Judged());
  story.history.clients[0].connections[1].token = {{0, 1, -1}};
  ASSERT_EQ(BookmarkOf(story).violation_count, 1);
  EXPECT_EQ(BookmarkOf(story).violations[0].offset, 2);
}

TEST(BookmarkTest, TheServersJournalTellsWhetherItHadWrittenTheRecord) {
  ServerStory early;
  early.Write(0);
  early.ServerReads(0);
  early.Tell(0, 0, 0);
  early.ServerSends(0, 0, 0);
  early.End();
  ASSERT_EQ(BookmarkOf(early).violation_count, 1);
  EXPECT_EQ(BookmarkOf(early).violations[0].causes, Cause::kServer);
  EXPECT_NE(BookmarkOf(early).violations[0].sentence.find("server-1 wrote it to subscription 1"), std::string::npos);

  ServerStory written;  // and came late all the same
  written.Write(0);
  written.ServerReads(0);
  written.ServerWrites(0, 0);
  written.Tell(0, 0, 0);
  written.Deliver(0, 0, 0);
  written.End();
  ASSERT_EQ(BookmarkOf(written).violation_count, 1);
  EXPECT_EQ(BookmarkOf(written).violations[0].causes, kBehindServer);
}

// The token claims it, because the server had said so.
TEST(BookmarkTest, ALossBehindABookmarkIsTheServers) {
  ServerStory story;
  story.Write(0);
  story.ServerReads(0);
  story.Tell(0, 0, 0);
  story.Break(0);
  story.ServerEnds(0);
  story.ServerConnects(0, {{0, 0, -1}}, true);
  story.StreamBehind(0, 1)->sent = {{0, 0, -1}};
  story.history.clients[0].connections[1].sent = {{0, 0, -1}};
  story.Write(0);
  story.ServerReads(0);
  story.ServerSends(0, 0, 1);
  story.End();
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), (Names{"BOOKMARK", "LOST"})) << Sentences(verdict);
  ASSERT_EQ(Of(verdict, "LOST").violation_count, 1);
  EXPECT_EQ(Of(verdict, "LOST").violations[0].causes, Cause::kServer) << Sentences(verdict);
}

TEST(BookmarkTest, IsNotApplicableWithoutAny) {
  Story story;
  story.Write(0);
  story.Deliver(0, 0, 0);
  story.End();
  EXPECT_EQ(BookmarkOf(story).state, CheckState::kNotApplicable);
  EXPECT_EQ(BookmarkOf(story).reason, "no client got a bookmark");
}

}  // namespace
}  // namespace harness
