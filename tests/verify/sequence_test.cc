// DUP and ORDER in both directions: repeats and steps backwards are told apart, each within the life in which it
// counts.
#include <gtest/gtest.h>

#include "harness/measure/metrics.h"
#include "harness/verify/dup.h"
#include "harness/verify/order.h"
#include "tests/verify/story.h"

namespace harness {
namespace {

using Names = std::set<std::string>;
constexpr int kOutOfRange = 11;

// Offsets 0 to 3 handed on in order on the first connection, which then breaks.
Story FourThenABreak(int code = 14) {
  Story story;
  for (int i = 0; i < 4; ++i) story.Write(0);
  story.DeliverFrom(0, 0, 0);
  story.Break(0, code);
  return story;
}

TEST(SequenceTest, ARepeatInsideTheDeclaredOverlapAndDroppedIsNoDup) {
  Story story = FourThenABreak();
  story.Connect(0, {{0, 1, -1}}, true);
  story.Deliver(0, 0, 2, DeliveryKind::kDropped);
  story.Deliver(0, 0, 3, DeliveryKind::kDropped);
  story.End();
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
}

TEST(SequenceTest, ARepeatOutsideTheDeclaredOverlapIsTheServersEvenIfDropped) {
  Story story = FourThenABreak();
  story.Connect(0, {{0, 2, -1}}, true);
  story.Deliver(0, 0, 2, DeliveryKind::kDropped);
  story.Deliver(0, 0, 3, DeliveryKind::kDropped);
  story.End();
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), Names{"DUP"}) << Sentences(verdict);
  EXPECT_EQ(Of(verdict, "DUP").violation_count, 1);
  EXPECT_EQ(Of(verdict, "DUP").violations.at(0).offset, 2);
  EXPECT_EQ(Of(verdict, "DUP").violations.at(0).causes, kDeliveryHops);
}

// Offset 2 is handed on a second time, on a stream that was resumed after offset 1.
Verdict HandedOnAgain(const std::vector<TokenPart>& sent) {
  Story story = FourThenABreak();
  story.Connect(0, {{0, 1, -1}}, true)->sent = sent;
  story.Deliver(0, 0, 2);
  story.Deliver(0, 0, 3, DeliveryKind::kDropped);
  story.End();
  return story.Judged();
}

TEST(SequenceTest, ARepeatHandedOnIsTheClientsWhenItAskedForItAgain) {
  const Verdict asked = HandedOnAgain({{0, 1, -1}});
  EXPECT_EQ(Violated(asked), Names{"DUP"}) << Sentences(asked);
  EXPECT_EQ(Of(asked, "DUP").violation_count, 1);
  EXPECT_EQ(Of(asked, "DUP").violations.at(0).causes, Cause::kClient);
  // Nobody knows what it asked for.
  const Verdict unknown = HandedOnAgain({});
  EXPECT_EQ(Violated(unknown), Names{"DUP"}) << Sentences(unknown);
  EXPECT_EQ(Of(unknown, "DUP").violations.at(0).causes, kDeliveryHops);
  // It asked for what is behind offset 3, and its server began after offset 1.
  const Verdict ignored = HandedOnAgain({{0, 3, -1}});
  EXPECT_EQ(Violated(ignored), (Names{"DUP", "RESUME"})) << Sentences(ignored);
  EXPECT_EQ(Of(ignored, "DUP").violations.at(0).causes, Cause::kServer);
  EXPECT_EQ(Of(ignored, "RESUME").violations.at(0).causes, Cause::kServer);
}

TEST(SequenceTest, ANewSnapshotWithoutAReasonIsNoNewLife) {
  Story story = FourThenABreak();
  story.Connect(0, {{0, -1, 3}});
  for (int64_t offset = 0; offset < 4; ++offset) story.Deliver(0, 0, offset, DeliveryKind::kExisting);
  story.End();
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), Names{"DUP"});
  EXPECT_EQ(Of(verdict, "DUP").violation_count, 4);
  EXPECT_EQ(Of(verdict, "DUP").violations.at(0).causes, Cause::kClient);  // it had a token
}

// A server that gives no token leaves a client nothing to resume with: whatever its mode, each connection is a life.
TEST(SequenceTest, AClientThatNeverGotATokenIsJudgedAsOneThatDoesNotResume) {
  Story story;
  story.history.clients[0].connections[0].has_start = false;
  for (int i = 0; i < 4; ++i) story.Write(0);
  story.DeliverFrom(0, 0, 0);
  story.Break(0);
  story.Connect(0, {})->has_start = false;
  for (int64_t offset = 0; offset < 4; ++offset) story.Deliver(0, 0, offset, DeliveryKind::kExisting);
  story.End();
  for (Delivery& delivery : story.history.clients[0].deliveries) delivery.partition = -1, delivery.offset = -1;
  const Verdict verdict = story.Judged();
  EXPECT_EQ(verdict.exit_code, 0) << Sentences(verdict);
  EXPECT_NE(Of(verdict, "DUP").reason.find("watcher never got a token to resume with"), std::string::npos);
  // Once it has got one, it has to keep it.
  story.history.clients[0].connections[0].has_start = true;
  EXPECT_EQ(Violated(story.Judged()), Names{"DUP"}) << Sentences(story.Judged());
}

TEST(SequenceTest, ANewSnapshotAfterARefusedTokenIsANewLife) {
  Story refused_stream = FourThenABreak(kOutOfRange);
  Story refused_attempt = FourThenABreak();
  refused_attempt.history.clients[0].attempts.push_back({refused_attempt.Tick(), kOutOfRange, "trimmed"});
  for (Story* story : {&refused_stream, &refused_attempt}) {
    story->history.partitions[0].low_watermark = 5;
    story->Connect(0, {{0, -1, 3}});
    for (int64_t offset = 0; offset < 4; ++offset) story->Deliver(0, 0, offset, DeliveryKind::kExisting);
    story->End();
    EXPECT_EQ(story->Judged().exit_code, 0) << Sentences(story->Judged());
  }
}

TEST(SequenceTest, WithoutResumeEachConnectionIsALife) {
  Story story = FourThenABreak();
  story.history.clients[0].resume = ResumeMode::kNone;
  story.Connect(0, {{0, -1, 3}});
  for (int64_t offset = 0; offset < 4; ++offset) story.Deliver(0, 0, offset, DeliveryKind::kExisting);
  story.End();
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
  story.Deliver(0, 0, 1, DeliveryKind::kNew);
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), Names{"DUP"});
  EXPECT_EQ(Of(verdict, "DUP").violations.at(0).causes, kDeliveryHops);
}

TEST(SequenceTest, AStepBackAcrossAReconnectIsOutOfOrder) {
  Story story;
  for (int i = 0; i < 3; ++i) story.Write(0);
  story.Deliver(0, 0, 0);
  story.Deliver(0, 0, 2);
  story.Break(0);
  story.Connect(0, {{0, 0, -1}}, true);
  story.Deliver(0, 0, 1);
  story.End();
  const Verdict verdict = story.Judged();
  // Each stream skipped what the other one brought.
  EXPECT_EQ(Violated(verdict), (Names{"ORDER", "SKIP"})) << Sentences(verdict);
  EXPECT_EQ(Of(verdict, "ORDER").violation_count, 1);
  EXPECT_EQ(Of(verdict, "ORDER").violations.at(0).offset, 1);
}

TEST(SequenceTest, PartitionsMayInterleaveAnyHow) {
  Story story(2);
  for (int i = 0; i < 2; ++i) story.Write(0), story.Write(1);
  story.Deliver(0, 1, 0);
  story.Deliver(0, 1, 1);
  story.Deliver(0, 0, 0);
  story.Deliver(0, 0, 1);
  story.End();
  EXPECT_EQ(story.Judged().exit_code, 0);
}

TEST(SequenceTest, ALogWithoutConnectionMarksIsNotJudged) {
  Story story = FourThenABreak();
  story.history.clients[0].marks_connections = false;
  story.history.clients[0].resume = ResumeMode::kNone;
  story.history.clients[0].connections.clear();
  for (Delivery& delivery : story.history.clients[0].deliveries) delivery.connection = 0;
  auto& deliveries = story.history.clients[0].deliveries;
  deliveries.push_back(deliveries.front());
  story.history.clients[0].connections.clear();
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Of(verdict, "DUP").state, CheckState::kNotApplicable);
  EXPECT_EQ(Of(verdict, "ORDER").state, CheckState::kNotApplicable);
}

TEST(SequenceTest, ARecordThatTheLogHoldsTwiceMayComeTwice) {
  Story story;
  story.Write(0);
  const int64_t again = story.Write(0);
  story.LogAt(0, again)->rec = story.LogAt(0, 0)->rec;
  story.LogAt(0, again)->content_hash = story.LogAt(0, 0)->content_hash;
  story.history.producers[0].sends.pop_back();
  --story.history.phases[0].planned;
  story.SendAt(0, 0)->outcome = Outcome::kUnknown;  // LOG_DUP: it was in doubt
  story.Write(0);
  story.DeliverFrom(0, 0, 0);
  story.End();
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
}

TEST(SequenceTest, NonsenseInAForeignLogIsNoReasonToFallOver) {
  Story story;
  story.Write(0);
  story.Deliver(0, 0, 0);
  auto& deliveries = story.history.clients[0].deliveries;
  for (const int32_t partition : {-7, 1, INT32_MAX}) {
    Delivery nonsense = deliveries.front();
    nonsense.partition = partition;
    nonsense.offset = INT64_MAX;
    nonsense.connection = UINT32_MAX;
    nonsense.rec = Rec::Make(UINT16_MAX, 0xFFFF'FFFF'FFFF);
    deliveries.push_back(nonsense);
    deliveries.push_back(nonsense);
  }
  story.End();
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), (Names{"DUP", "PHANTOM"})) << Sentences(verdict);
  EXPECT_EQ(Of(verdict, "DUP").violation_count, 3);
  EXPECT_EQ(Of(verdict, "PHANTOM").violation_count, 6);
  ComputeMetrics(story.history);
}

}  // namespace
}  // namespace harness
