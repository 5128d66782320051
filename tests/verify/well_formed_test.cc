// What a subject wrote and can't be true is that subject's violation, never the harness's; and a time that can't be
// enters no latency.
#include "harness/verify/well_formed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/measure/metrics.h"
#include "tests/verify/story.h"

namespace harness {
namespace {

using ::testing::HasSubstr;
using Names = std::set<std::string>;

class WellFormedTest : public ::testing::Test {
 protected:
  WellFormedTest() {
    for (int i = 0; i < 3; ++i) story_.Deliver(0, 0, story_.Write(0));
    story_.Deliver(0, 0, story_.Write(0, {.producer = 1}));
  }
  Violation TheOnly() {
    story_.End();
    const Verdict verdict = story_.Judged();
    EXPECT_EQ(Violated(verdict), Names{"WELL_FORMED"}) << Sentences(verdict);
    EXPECT_EQ(verdict.exit_code, 1);
    const CheckResult result = Of(verdict, "WELL_FORMED");
    return result.violations.empty() ? Violation() : result.violations[0];
  }
  Story story_;
};

TEST_F(WellFormedTest, PassesWhatCanBe) {
  story_.End();
  EXPECT_EQ(Of(story_.Judged(), "WELL_FORMED").state, CheckState::kPass);
}

TEST_F(WellFormedTest, AClaimIsItsSubjects) {
  Claim claim;
  claim.what = "its time is wrong";
  claim.count = 2;
  story_.history.claims = {claim};
  const Violation violation = TheOnly();
  EXPECT_EQ(violation.causes, Cause::kClient);
  EXPECT_EQ(violation.sentence, "client watcher wrote what can't be true: its time is wrong (2 such lines)");
}

TEST_F(WellFormedTest, WhatAClientWasGivenMayHaveComeSo) {
  story_.history.claims = {{.kind = ClaimKind::kContent, .count = 1, .what = "payment.id is empty"}};
  EXPECT_EQ(TheOnly().causes, kDeliveryHops);
}

TEST_F(WellFormedTest, AProducersClaimIsTheProducers) {
  story_.history.claims = {{.subject = SubjectKind::kProducer, .index = 1, .count = 1, .what = "twice"}};
  const Violation violation = TheOnly();
  EXPECT_EQ(violation.causes, Cause::kProducer);
  EXPECT_THAT(violation.sentence, HasSubstr("producer shop"));
}

TEST_F(WellFormedTest, NothingIsReceivedBeforeItWasSent) {
  story_.history.clients[0].deliveries[1].time_ns = story_.SendAt(0, 1)->sent_ns - 9 * kSecond;
  const Violation violation = TheOnly();
  EXPECT_EQ(violation.causes, Cause::kClient);
  EXPECT_THAT(violation.sentence, HasSubstr("which is 9 s before it was sent"));
  const Metrics metrics = ComputeMetrics(story_.history);
  EXPECT_EQ(metrics.service.count(), 3);  // of four
  EXPECT_EQ(metrics.service.negative_count(), 0);
}

TEST_F(WellFormedTest, BetweenTwoProgramsEitherClockMayBeWrong) {
  story_.history.clients[0].deliveries[3].time_ns = story_.SendAt(0, 3)->sent_ns - kSecond;
  EXPECT_EQ(TheOnly().causes, (Causes{Cause::kProducer, Cause::kClient}));
}

TEST_F(WellFormedTest, NothingIsAcknowledgedBeforeItWasSent) {
  story_.SendAt(0, 3)->acked_ns = story_.SendAt(0, 3)->sent_ns - 2 * kSecond;
  const Violation violation = TheOnly();
  EXPECT_EQ(violation.causes, Cause::kProducer);
  EXPECT_THAT(violation.sentence, HasSubstr("2 s before it sent it"));
}

TEST_F(WellFormedTest, AReplacedTimeEntersNoLatency) {
  story_.history.clients[0].deliveries[0].time_is_replaced = true;
  story_.history.clients[0].deliveries[0].time_ns += 3'600 * kSecond;
  EXPECT_EQ(ComputeMetrics(story_.history).service.count(), 3);
}

TEST(AckedTest, MostOfWhatIsSentHasToBeAcknowledged) {
  Story story;
  story.scenario.expect.acked_share = Expectations().acked_share;
  for (int i = 0; i < 300; ++i) story.Deliver(0, 0, story.Write(0));
  for (int i = 0; i < 4; ++i) {
    Send refused;
    refused.planned_ns = refused.sent_ns = story.Tick();
    refused.acked_ns = story.Tick();
    refused.outcome = Outcome::kFail;
    story.history.producers[0].sends.push_back(refused);
  }
  story.End();
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), Names{"ACKED"}) << Sentences(verdict);
  EXPECT_EQ(Of(verdict, "ACKED").violations.at(0).causes, (Causes{Cause::kProducer, Cause::kBroker}));
  story.scenario.expect.acked_share = 0.98;
  EXPECT_EQ(Of(story.Judged(), "ACKED").state, CheckState::kPass);
  story.scenario.expect.acked_share = 0.99;
  // A fault at the broker explains it.
  story.AddFault("down", "broker", story.history.producers[0].sends[300].sent_ns - 1, story.now_ns);
  EXPECT_EQ(Of(story.Judged(), "ACKED").state, CheckState::kPass) << Sentences(story.Judged());
}

TEST(AckedTest, NoProducerIsRefusedAltogether) {
  Story story;
  for (int i = 0; i < 2'000; ++i) story.Deliver(0, 0, story.Write(0));
  for (int i = 0; i < 10; ++i) {
    Send refused;
    refused.planned_ns = refused.sent_ns = story.Tick();
    refused.outcome = Outcome::kUnknown;
    story.history.producers[1].sends.push_back(refused);
  }
  story.End();
  const CheckResult result = Of(story.Judged(), "ACKED");
  ASSERT_EQ(result.violation_count, 1) << Sentences(story.Judged());
  EXPECT_THAT(result.violations[0].sentence, HasSubstr("of 10 sends of producer shop none was acknowledged"));
  // What a fault killed had no time to be told.
  story.history.processes[1].ended_by_fault = true;
  EXPECT_EQ(Of(story.Judged(), "ACKED").state, CheckState::kPass);
}

}  // namespace
}  // namespace harness
