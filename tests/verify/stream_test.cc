// SKIP and RESUME in both directions: what one stream passed over, whatever another one brought.
#include <gtest/gtest.h>

#include "harness/verify/resume.h"
#include "harness/verify/skip.h"
#include "tests/verify/story.h"

namespace harness {
namespace {

using Names = std::set<std::string>;

Story Written(int records) {
  Story story;
  for (int i = 0; i < records; ++i) story.Write(0);
  return story;
}

// That SKIP has one violation, about `offset`, with which and no other invariant.
void ExpectSkipOf(int64_t offset, const Names& violated, const Story& story) {
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), violated) << Sentences(verdict);
  const CheckResult skip = Of(verdict, "SKIP");
  ASSERT_EQ(skip.violation_count, 1) << Sentences(verdict);
  EXPECT_EQ(skip.violations[0].offset, offset);
  EXPECT_EQ(skip.violations[0].client, "watcher");
  EXPECT_EQ(skip.violations[0].causes, kDeliveryHops);
}

void ExpectSilence(const Story& story) { EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged()); }

TEST(SkipTest, WhatAnotherStreamBroughtLaterWasSkipped) {
  Story story = Written(3);
  story.Deliver(0, 0, 0);
  story.Deliver(0, 0, 2);
  story.Break(0);
  story.Connect(0, {{0, 2, -1}}, true)->sent = {{0, 2, -1}};
  story.Deliver(0, 0, 1);
  story.End();
  ExpectSkipOf(1, {"ORDER", "SKIP"}, story);
}

TEST(SkipTest, WhatAnotherStreamHadBroughtBeforeWasSkipped) {
  Story story = Written(4);
  for (int64_t offset = 0; offset < 3; ++offset) story.Deliver(0, 0, offset);
  story.Break(0);
  story.Connect(0, {{0, 0, -1}}, true);
  story.Deliver(0, 0, 1, DeliveryKind::kDropped);
  story.Deliver(0, 0, 3);
  story.End();
  ExpectSkipOf(2, {"SKIP"}, story);
  // A client that said that it has it gets it again or not; but its stream has to begin where it said.
  story.history.clients[0].connections.back().sent = {{0, 2, -1}};
  EXPECT_EQ(Violated(story.Judged()), Names{"RESUME"}) << Sentences(story.Judged());
}

TEST(SkipTest, WhatWasReceivedAndDroppedWasNotSkipped) {
  Story story = Written(4);
  for (int64_t offset = 0; offset < 3; ++offset) story.Deliver(0, 0, offset);
  story.Break(0);
  story.Connect(0, {{0, 0, -1}}, true);
  story.Deliver(0, 0, 1, DeliveryKind::kDropped);
  story.Deliver(0, 0, 2, DeliveryKind::kDropped);
  story.Deliver(0, 0, 3);
  story.End();
  ExpectSilence(story);
}

TEST(SkipTest, WithoutResumeEachConnectionIsJudged) {
  Story story = Written(3);
  story.history.clients[0].resume = ResumeMode::kNone;
  story.Deliver(0, 0, 0);
  story.Deliver(0, 0, 2);
  story.Break(0);
  story.Connect(0, {{0, -1, 2}});
  for (int64_t offset = 0; offset < 3; ++offset) story.Deliver(0, 0, offset, DeliveryKind::kExisting);
  story.End();
  ExpectSkipOf(1, {"SKIP"}, story);
}

TEST(SkipTest, TheBeginOfAStreamThatWasNotResumedIsTheNeighbourOfItsFirstRecord) {
  Story story = Written(4);
  story.history.clients[0].resume = ResumeMode::kNone;
  story.BeginNow(0, {{0, -1, 1}});
  story.Deliver(0, 0, 0, DeliveryKind::kExisting);
  story.Deliver(0, 0, 1, DeliveryKind::kExisting);
  story.Deliver(0, 0, 3);
  story.Break(0);
  story.Connect(0, {{0, -1, 3}});
  for (int64_t offset = 0; offset < 4; ++offset) story.Deliver(0, 0, offset, DeliveryKind::kExisting);
  story.End();
  ExpectSkipOf(2, {"SKIP"}, story);
  // Unless nobody knows where it began.
  story.history.clients[0].connections[0].has_start = false;
  ExpectSilence(story);
}

TEST(SkipTest, GapsRejectedRecordsAndOtherFiltersAreNoSkips) {
  Story story;
  story.history.clients[0].filter.provider = pipeline::Provider::kStripe;
  const auto deliver = [&] { story.Deliver(0, 0, story.Write(0)); };
  deliver();
  story.history.partitions[0].end_offset += 3;
  deliver();
  const int64_t rejected = story.Write(0);
  story.LogAt(0, rejected)->valid = false;
  story.SendAt(0, rejected)->content_hash = story.LogAt(0, rejected)->content_hash = 0;
  deliver();
  story.Write(0, {.provider = pipeline::Provider::kPaypal});
  deliver();
  story.End();
  ExpectSilence(story);
}

TEST(SkipTest, ASnapshotIsLatestStateOnly) {
  Story story;
  story.Write(0, {.id = 5});
  story.Write(0, {.id = 6});
  story.Write(0, {.id = 5, .status = pipeline::PaymentStatus::kCompleted});
  story.Write(0, {.id = 6, .status = pipeline::PaymentStatus::kCompleted});
  story.BeginNow(0, {{0, -1, 3}});
  story.Deliver(0, 0, 2, DeliveryKind::kExisting);
  story.Deliver(0, 0, 3, DeliveryKind::kExisting);
  story.End();
  ExpectSilence(story);
}

TEST(SkipTest, WhatIsMissingForGoodIsLostAndNothingElse) {
  Story story = Written(3);
  story.Deliver(0, 0, 0);
  story.Deliver(0, 0, 2);
  story.End();
  EXPECT_EQ(Violated(story.Judged()), Names{"LOST"}) << Sentences(story.Judged());
}

TEST(SkipTest, WhereLostIsRelaxedItSaysSoItself) {
  Story story = Written(3);
  story.Deliver(0, 0, 0);
  story.Deliver(0, 0, 2);
  story.End();
  story.scenario.expect.relaxed = {{"LOST", "some may be missing at the end"}};
  ExpectSkipOf(1, {"SKIP"}, story);
}

TEST(SkipTest, BeyondTheLastSentinelItIsSkipped) {
  Story story = Written(3);
  story.Deliver(0, 0, 0);
  story.Deliver(0, 0, 2);
  story.End({0});
  ExpectSkipOf(1, {"LIVE", "SKIP"}, story);
}

TEST(SkipTest, WhatComesLateOnTheSameStreamIsOnlyOutOfOrder) {
  Story story = Written(4);
  for (const int64_t offset : {0, 3, 1, 2}) story.Deliver(0, 0, offset);
  story.End();
  EXPECT_EQ(Violated(story.Judged()), Names{"ORDER"}) << Sentences(story.Judged());
}

// Offsets 0 and 4 arrive on either side of a reconnect after 0; 1 to 3 never do.
Story Jumped() {
  Story story = Written(5);
  story.Deliver(0, 0, 0);
  story.Break(0);
  story.Connect(0, {{0, 0, -1}}, true);
  story.Deliver(0, 0, 4);
  story.End();
  return story;
}

TEST(ResumeTest, AStreamThatBeginsTooLateHasJumpedOnce) {
  Story story = Jumped();
  for (const bool sent_is_known : {false, true}) {
    if (sent_is_known) story.history.clients[0].connections[1].sent = {{0, 0, -1}};
    const Verdict verdict = story.Judged();
    EXPECT_EQ(Violated(verdict), (Names{"LOST", "RESUME"})) << Sentences(verdict);
    EXPECT_EQ(Of(verdict, "LOST").violation_count, 3);
    EXPECT_EQ(Of(verdict, "RESUME").judged, 3);  // two starts, and a partition
    ASSERT_EQ(Of(verdict, "RESUME").violation_count, 1);
    const Violation violation = Of(verdict, "RESUME").violations[0];
    EXPECT_EQ(violation.offset, 1);
    EXPECT_EQ(violation.client, "watcher");
    // It began where it was asked to: the client may have lost what came first.
    EXPECT_EQ(violation.causes, kDeliveryHops);
  }
}

TEST(ResumeTest, AClientThatAskedForItWasNotJumpedOver) {
  Story story = Jumped();
  story.history.clients[0].connections[1].token = story.history.clients[0].connections[1].sent = {{0, 3, -1}};
  EXPECT_EQ(Violated(story.Judged()), Names{"LOST"}) << Sentences(story.Judged());
  EXPECT_EQ(Of(story.Judged(), "LOST").violations.at(0).causes, Cause::kClient);
}

TEST(ResumeTest, WhatAnotherStreamBringsLaterWasJumpedOverAllTheSame) {
  Story story = Written(3);
  story.Deliver(0, 0, 0);
  story.Break(0);
  story.Connect(0, {{0, 0, -1}}, true)->sent = {{0, 0, -1}};
  story.Deliver(0, 0, 2);
  story.Break(0);
  story.Connect(0, {{0, 2, -1}}, true)->sent = {{0, 2, -1}};
  story.Deliver(0, 0, 1);
  story.End();
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), (Names{"ORDER", "RESUME"})) << Sentences(verdict);
  EXPECT_EQ(Of(verdict, "RESUME").violations.at(0).offset, 1);
}

TEST(ResumeTest, OverlapsGapsAndOtherFiltersAreNoJumps) {
  Story story;
  story.history.clients[0].filter.provider = pipeline::Provider::kStripe;
  for (int i = 0; i < 3; ++i) story.Deliver(0, 0, story.Write(0));
  story.Break(0);
  story.Connect(0, {{0, 0, -1}}, true)->sent = {{0, 0, -1}};
  for (const int64_t again : {1, 2}) story.Deliver(0, 0, again, DeliveryKind::kDropped);
  story.history.partitions[0].end_offset += 3;
  story.Write(0, {.provider = pipeline::Provider::kPaypal});
  story.Deliver(0, 0, story.Write(0));
  story.End();
  ExpectSilence(story);
}

TEST(ResumeTest, ASnapshotThatIsResumedIsLatestStateOnly) {
  Story story;
  story.Write(0, {.id = 7});
  story.Write(0, {.id = 5});
  story.Write(0, {.id = 5, .status = pipeline::PaymentStatus::kCompleted});
  story.BeginNow(0, {{0, -1, 2}});
  story.Deliver(0, 0, 0, DeliveryKind::kExisting);
  story.Break(0);
  story.Connect(0, {{0, 0, 2}}, true)->sent = {{0, 0, 2}};
  story.Deliver(0, 0, 2, DeliveryKind::kExisting);
  story.End();
  ExpectSilence(story);
}

TEST(ResumeTest, AFirstRecordThatComesLateIsOnlyOutOfOrder) {
  Story story = Written(3);
  story.Deliver(0, 0, 0);
  story.Break(0);
  story.Connect(0, {{0, 0, -1}}, true)->sent = {{0, 0, -1}};
  story.Deliver(0, 0, 2);
  story.Deliver(0, 0, 1);
  story.End();
  EXPECT_EQ(Violated(story.Judged()), Names{"ORDER"}) << Sentences(story.Judged());
}

TEST(ResumeTest, ATokenBelowWhereTheLogBeginsIsToBeRefused) {
  for (const int64_t after : {4, 3, 2}) {
    Story story;
    story.history.partitions[0].start_offset = story.history.partitions[0].end_offset = 4;
    story.history.clients[0].connections[0].token = {{0, 3, -1}};
    story.Deliver(0, 0, story.Write(0));
    story.Break(0);
    story.Connect(0, {{0, 4, -1}}, true)->sent = {{0, after, -1}};
    if (after < 4) story.Deliver(0, 0, 4, DeliveryKind::kDropped);
    story.history.clients[0].connections.back().token = {{0, after, -1}};
    story.End();
    const Verdict verdict = story.Judged();
    EXPECT_EQ(Violated(verdict), after >= 3 ? Names{} : Names{"RESUME"}) << Sentences(verdict);
    if (after < 3) {
      EXPECT_EQ(Of(verdict, "RESUME").violations.at(0).offset, 3);
    }
  }
}

TEST(StreamTest, WhatIsNotJudgedSaysSo) {
  for (const char* invariant : {"SKIP", "RESUME"}) {
    Story unseen = Jumped();
    unseen.history.clients[0].observed = false;
    EXPECT_EQ(Of(unseen.Judged(), invariant).state, CheckState::kNotApplicable);
    Story unmarked = Jumped();
    unmarked.history.clients[0].marks_connections = false;
    EXPECT_EQ(Of(unmarked.Judged(), invariant).state, CheckState::kNotApplicable);
  }
  Story straight = Written(2);
  straight.DeliverFrom(0, 0, 0);
  straight.End();
  EXPECT_EQ(Of(straight.Judged(), "SKIP").state, CheckState::kPass);
  EXPECT_EQ(Of(straight.Judged(), "RESUME").state, CheckState::kPass);  // its stream began as it has to
  straight.history.clients[0].connections[0].has_start = false;
  EXPECT_EQ(Of(straight.Judged(), "RESUME").state, CheckState::kNotApplicable);
}

}  // namespace
}  // namespace harness
