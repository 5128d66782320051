// LOST in both directions: what a client was owed and did not get is lost, by whom; what it was not owed is not.
#include "harness/verify/lost.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/verify/story.h"

namespace harness {
namespace {

using pipeline::PaymentStatus;
using pipeline::Provider;
using Names = std::set<std::string>;

Violation Only(const Verdict& verdict) {
  EXPECT_EQ(Violated(verdict), Names{"LOST"}) << Sentences(verdict);
  EXPECT_EQ(Of(verdict, "LOST").violation_count, 1) << Sentences(verdict);
  return Of(verdict, "LOST").violations.empty() ? Violation() : Of(verdict, "LOST").violations.at(0);
}

// A snapshot at P = 1 of payment 7 (offset 0) and payment 8 (offset 1); the client gets 8 only.
Story CutSnapshot() {
  Story story;
  story.history.clients[0].connections.clear();
  story.Write(0, {.id = 7});
  story.Write(0, {.id = 8});
  story.Connect(0, {{0, -1, 1}});
  story.Deliver(0, 0, 1, DeliveryKind::kExisting);
  return story;
}

TEST(LostTest, ASnapshotEntrySupersededBeforeItWasSentIsNotMissed) {
  Story story = CutSnapshot();
  story.Write(0, {.id = 7, .status = PaymentStatus::kCompleted});
  story.DeliverFrom(0, 0, 2);
  story.End();
  const Verdict verdict = story.Judged();
  EXPECT_EQ(verdict.exit_code, 0) << Sentences(verdict);
}

TEST(LostTest, ASnapshotEntrySupersededOnlyAfterTheSnapshotWasWholeIsLost) {
  Story story = CutSnapshot();
  story.Write(0);
  story.DeliverFrom(0, 0, 2);
  story.Write(0, {.id = 7, .status = PaymentStatus::kCompleted});
  story.DeliverFrom(0, 0, 3);
  story.End();
  EXPECT_EQ(Only(story.Judged()).offset, 0);
}

TEST(LostTest, ASnapshotEntryThatALaterRecordDoesNotBeatIsLost) {
  Story story = CutSnapshot();
  story.LogAt(0, 0)->status = PaymentStatus::kRefunded;
  story.Write(0, {.id = 7, .status = PaymentStatus::kPending});
  story.DeliverFrom(0, 0, 2);
  story.End();
  EXPECT_EQ(Only(story.Judged()).offset, 0);
}

TEST(LostTest, OnlyTheWinnerIsOwedAndOnlyIfItMatchesItself) {
  Story story;
  story.history.clients[0].connections.clear();
  story.history.clients[0].filter.status = PaymentStatus::kPending;
  story.Write(0, {.id = 7});                                       // matched, but superseded at P
  story.Write(0, {.id = 7, .status = PaymentStatus::kCompleted});  // the winner, which does not match
  story.Write(0, {.id = 8});                                       // a winner that matches
  story.Connect(0, {{0, -1, 2}});
  story.Write(0);
  story.Deliver(0, 0, 3);
  story.End();
  EXPECT_EQ(Only(story.Judged()).offset, 2);
}

TEST(LostTest, APartitionThatTheTokenDoesNotNameIsOwedFromItsBeginning) {
  Story story(2);
  story.history.clients[0].connections.clear();
  story.Write(0);
  story.Write(1);
  story.Connect(0, {{0, 0, -1}})->live_only = true;  // on partition 0
  story.Write(0);
  story.DeliverFrom(0, 0, 1);
  story.End();
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Only(verdict).partition, 1);
  EXPECT_EQ(Only(verdict).offset, 0);
}

TEST(LostTest, WhatTheDecoderRejectsIsNotOwed) {
  Story story;
  story.Write(0);
  story.Write(0);
  story.LogAt(0, 1)->valid = false;
  story.LogAt(0, 1)->content_hash = story.SendAt(0, 1)->content_hash = 0;
  story.Deliver(0, 0, 0);
  story.End();
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
}

TEST(LostTest, WhatTheClientDroppedThoughItCameInOrderIsTheClientsLoss) {
  Story story;
  story.Write(0);
  story.Write(0);
  story.Deliver(0, 0, 0, DeliveryKind::kDropped);
  story.Deliver(0, 0, 1);
  story.End();
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Only(verdict).offset, 0);
  EXPECT_EQ(Only(verdict).causes, Cause::kClient);
}

// Offsets 0 and 3 arrive, on either side of a reconnect; 1 and 2 are skipped.
Verdict Skip(int64_t sent_after, int64_t declared_after) {
  Story story;
  for (int i = 0; i < 4; ++i) story.Write(0);
  story.Deliver(0, 0, 0);
  story.Break(0);
  Connection* connection = story.Connect(0, {{0, declared_after, -1}}, true);
  if (sent_after >= 0) connection->sent = {{0, sent_after, -1}};
  story.Deliver(0, 0, 3);
  story.End();
  Verdict verdict = story.Judged();
  // A client that asked for it was resumed where it asked. Where its log does not say, it can't have asked for more
  // than it had.
  const bool asked = sent_after >= 2;
  EXPECT_EQ(Violated(verdict), (asked ? Names{"LOST"} : Names{"LOST", "RESUME"})) << Sentences(verdict);
  EXPECT_EQ(Of(verdict, "LOST").violation_count, 2);
  EXPECT_EQ(Of(verdict, "LOST").violations.at(0).offset, 1);
  return verdict;
}

TEST(LostTest, ATokenTellsWhoseASkipWas) {
  EXPECT_EQ(Of(Skip(2, 2), "LOST").violations.at(0).causes, Cause::kClient);
  EXPECT_EQ(Of(Skip(0, 2), "LOST").violations.at(0).causes, Cause::kServer);
  EXPECT_EQ(Of(Skip(0, 0), "LOST").violations.at(0).causes, kDeliveryHops);
  EXPECT_EQ(Of(Skip(-1, 2), "LOST").violations.at(0).causes, kDeliveryHops);
}

TEST(LostTest, WhatWasTrimmedBeforeTheClientGotThereIsRetentionsAndProvesNothing) {
  Story story;
  for (int i = 0; i < 4; ++i) story.Write(0);
  story.Deliver(0, 0, 0);
  story.history.partitions[0].low_watermark = 3;
  story.Deliver(0, 0, 3);
  story.End();
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Of(verdict, "LOST").violation_count, 2) << Sentences(verdict);
  EXPECT_EQ(Of(verdict, "LOST").violations.at(0).causes, Cause::kRetention);
  EXPECT_EQ(Of(verdict, "HARNESS_OK").state, CheckState::kInvalid);
  EXPECT_EQ(verdict.exit_code, 4);
}

TEST(LostTest, ASnapshotOwesWhatTheTopicHoldsWhileItIsSent) {
  Story story;
  for (int i = 0; i < 4; ++i) story.Write(0);
  story.history.partitions[0].low_watermark = 2;
  story.BeginNow(0, {{0, -1, 3}});
  story.Deliver(0, 0, 2, DeliveryKind::kExisting);
  Story lacking = story;
  story.Deliver(0, 0, 3, DeliveryKind::kExisting);
  story.End();
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
  lacking.End();
  EXPECT_EQ(Of(lacking.Judged(), "LOST").violation_count, 1) << Sentences(lacking.Judged());
}

TEST(LostTest, WhatTheClientSkippedLongBeforeItWasTrimmedIsStillLost) {
  Story story;
  for (int i = 0; i < 4; ++i) story.Write(0);
  story.Deliver(0, 0, 0);
  story.Deliver(0, 0, 2);
  story.Deliver(0, 0, 3);
  story.history.partitions[0].low_watermark = 4;
  story.End();
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Only(verdict).causes, kDeliveryHops);
  EXPECT_EQ(verdict.exit_code, 1);
}

TEST(LostTest, WithoutResumeARecordSupersededWhileAwayIsNotMissed) {
  Story story;
  story.history.clients[0].resume = ResumeMode::kNone;
  story.Write(0, {.id = 7});
  story.Deliver(0, 0, 0);
  story.Break(0);
  story.Write(0, {.id = 7, .status = PaymentStatus::kFailed});
  story.Write(0, {.id = 7, .status = PaymentStatus::kCompleted});
  story.Connect(0, {{0, -1, 2}});
  story.Deliver(0, 0, 2, DeliveryKind::kExisting);
  story.End();
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
}

TEST(LostTest, WithoutResumeAWinnerThatNeverCameIsLost) {
  Story story;
  story.history.clients[0].resume = ResumeMode::kNone;
  story.Write(0, {.id = 7});
  story.Write(0, {.id = 8});
  story.Deliver(0, 0, 0);
  story.Break(0);
  story.Connect(0, {{0, -1, 1}});
  story.Deliver(0, 0, 0, DeliveryKind::kExisting);
  story.End();
  EXPECT_EQ(Only(story.Judged()).offset, 1);
}

TEST(LostTest, WithoutResumeAHoleInWhatCameAsNewIsLostEvenIfSuperseded) {
  Story story;
  story.history.clients[0].resume = ResumeMode::kNone;
  story.Write(0, {.id = 7});
  story.Write(0, {.id = 7, .status = PaymentStatus::kFailed});
  story.Write(0, {.id = 7, .status = PaymentStatus::kCompleted});
  story.Deliver(0, 0, 0);
  story.Deliver(0, 0, 2);
  story.End();
  EXPECT_EQ(Only(story.Judged()).offset, 1);
}

// A log whose events have no kind does not make a snapshot's events new: what was superseded before is not owed. What
// was sent after the stream had given something is new, whatever the log says.
TEST(LostTest, WhatALogDoesNotCallNewIsNewOnlyIfItCannotBeOfTheSnapshot) {
  for (const bool loses : {false, true}) {
    Story story;
    Client& client = story.history.clients[0];
    client.resume = ResumeMode::kNone;
    client.connections.clear();
    story.Write(0, {.id = 9});
    story.Write(0, {.id = 7});
    story.Write(0, {.id = 7, .status = PaymentStatus::kFailed});
    story.Write(0, {.id = 7, .status = PaymentStatus::kCompleted});
    story.Connect(0, {})->has_start = false;
    for (const int64_t offset : {0, 3}) story.Deliver(0, 0, offset, DeliveryKind::kUntold);
    client.connections[0].first_message_ns = client.deliveries[0].time_ns;
    story.Write(0, {.id = 8});
    story.Write(0, {.id = 8, .status = PaymentStatus::kFailed});
    story.Write(0, {.id = 8, .status = PaymentStatus::kCompleted});
    for (const int64_t offset : {4, 5, 6}) {
      if (!loses || offset != 5) story.Deliver(0, 0, offset, DeliveryKind::kUntold);
    }
    story.End();
    if (loses) {
      EXPECT_EQ(Of(story.Judged(), "LOST").violations.at(0).offset, 5) << Sentences(story.Judged());
    } else {
      EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
    }
  }
}

// A log that does not mark its connections hides a reconnect: what was superseded while its client was away is not
// owed.
TEST(LostTest, WithoutConnectionMarksAFaultMayHideAReconnect) {
  for (const bool breaks : {true, false}) {
    Story story;
    Client& client = story.history.clients[0];
    client.resume = ResumeMode::kNone;
    client.marks_connections = false;
    client.connections[0].has_start = false;
    story.Write(0);
    story.Deliver(0, 0, 0);
    if (breaks) story.AddFault("crash", "server-1", story.Tick(), story.Tick());
    story.Write(0, {.id = 7});
    story.Write(0, {.id = 7, .status = PaymentStatus::kCompleted});
    story.Deliver(0, 0, 2);
    story.End();
    EXPECT_EQ(Violated(story.Judged()).contains("LOST"), !breaks) << Sentences(story.Judged());
  }
}

TEST(LostTest, BeyondTheFrontierNothingIsLostYet) {
  Story story;
  story.Write(0);
  story.Write(0);
  story.Deliver(0, 0, 0);
  story.End({0});
  EXPECT_EQ(Violated(story.Judged()), Names{"LIVE"});
}

TEST(LostTest, InterruptedWhatIsMissingIsPending) {
  Story story;
  story.Write(0);
  story.Write(0);
  story.Deliver(0, 0, 0);
  story.history.interrupted = true;
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Of(verdict, "LOST").reason, "nothing to judge; interrupted: 1 deliveries pending");
  EXPECT_EQ(Of(verdict, "LOST").state, CheckState::kNotApplicable);
  EXPECT_TRUE(Violated(verdict).empty());
  EXPECT_EQ(verdict.exit_code, 130);
}

// Whoever lost it: what is told is what was lost first.
TEST(LostTest, TheFirstInTimeIsToldFirstWhicheverClientLostIt) {
  Story story(1, {"left", "right"});
  story.Write(0);
  for (int i = 0; i < 40; ++i) story.Write(0);
  story.DeliverFrom(1, 0, 1);  // right misses the first
  story.Deliver(0, 0, 0);      // left all others
  story.End();
  const CheckResult lost = Of(story.Judged(), "LOST");
  EXPECT_EQ(lost.violation_count, 41);
  ASSERT_EQ(lost.violations.size(), kViolationsKept);
  EXPECT_EQ(lost.violations[0].client, "right");
  EXPECT_EQ(lost.violations[0].offset, 0);
  EXPECT_EQ(lost.violations[1].client, "left");
}

// A record that carries no rec is known by its place. One delivery that nobody can place may have been it; one that its
// rec places may not.
TEST(LostTest, OneDeliveryWithoutAPositionExcusesNothingThatItCannotHaveBeen) {
  for (const bool has_rec : {true, false}) {
    Story story;
    for (int i = 0; i < 4; ++i) story.Write(0);
    story.LogAt(0, 1)->rec = {};  // never delivered
    for (const int64_t offset : {0, 2, 3}) story.Deliver(0, 0, offset);
    Delivery& unplaced = story.history.clients[0].deliveries.back();
    unplaced.partition = -1;
    unplaced.offset = -1;
    if (!has_rec) unplaced.rec = {};
    story.End();
    const std::vector<Violation> violations = Of(story.Judged(), "LOST").violations;
    const bool found = std::any_of(violations.begin(), violations.end(),
                                   [](const Violation& violation) { return violation.offset == 1; });
    EXPECT_EQ(found, has_rec) << Sentences(story.Judged());
  }
}

}  // namespace
}  // namespace harness
