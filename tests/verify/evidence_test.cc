// ACK_DURABLE, PHANTOM and AGREE where identity is thin; EFFICACY, NONVACUOUS and HARNESS_OK in both directions: what a
// run has to show before its verdict is worth anything.
#include <gtest/gtest.h>

#include "harness/verify/checker.h"
#include "tests/verify/story.h"

namespace harness {
namespace {

using pipeline::Provider;
using Names = std::set<std::string>;

Names Invalid(const Verdict& verdict) { return InState(verdict, CheckState::kInvalid); }

Story Small(const std::vector<std::string>& clients = {"watcher"}) {
  Story story(1, clients);
  for (int i = 0; i < 3; ++i) story.Write(0);
  for (size_t c = 0; c < clients.size(); ++c) story.DeliverFrom(c, 0, 0);
  return story;
}

TEST(AckDurableTest, ARecordWithoutRecIsKnownByPlaceOrContent) {
  Story story = Small();
  for (int64_t offset = 0; offset < 3; ++offset) {
    story.LogAt(0, offset)->rec = {};
    story.history.clients[0].deliveries[static_cast<size_t>(offset)].rec = {};
  }
  Send& told_nothing = story.history.producers[0].sends[1];
  told_nothing.offset = told_nothing.partition = -1;
  story.End();
  story.scenario.expect.relaxed.push_back({"NONVACUOUS", "records without rec"});
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
  // Another content at the told place, and a content that is nowhere.
  story.history.producers[0].sends[0].content_hash = 77;
  told_nothing.content_hash = 78;
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), (Names{"ACK_DURABLE", "PHANTOM"}));
  EXPECT_EQ(Of(verdict, "ACK_DURABLE").violation_count, 2) << Sentences(verdict);
  EXPECT_EQ(Of(verdict, "PHANTOM").violation_count, 2) << Sentences(verdict);
}

TEST(AgreeTest, ExistingIsWhatTheStreamsOwnSnapshotCovers) {
  Story story;
  story.Write(0);
  story.Break(0);
  story.Connect(0, {{0, -1, 0}})->has_start = true;
  story.Deliver(0, 0, 0, DeliveryKind::kExisting);
  story.Deliver(0, 0, story.Write(0), DeliveryKind::kNew);
  story.End();
  EXPECT_EQ(Violated(story.Judged()), Names{}) << Sentences(story.Judged());
  for (size_t i = 0; i < 2; ++i) {
    DeliveryKind& kind = story.history.clients[0].deliveries[i].kind;
    const DeliveryKind right = kind;
    kind = right == DeliveryKind::kNew ? DeliveryKind::kExisting : DeliveryKind::kNew;
    const Verdict verdict = story.Judged();
    EXPECT_EQ(Of(verdict, "AGREE").violation_count, 1) << Sentences(verdict);
    EXPECT_EQ(Of(verdict, "AGREE").violations.at(0).offset, static_cast<int64_t>(i));
    kind = right;
  }
}

TEST(AckDurableTest, WhatRetentionTookIsNobodysLie) {
  Story story = Small();
  auto& log = story.history.partitions[0];
  log.records.erase(log.records.begin());
  log.low_watermark = 1;
  story.End();
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Of(verdict, "ACK_DURABLE").violations.at(0).causes, Cause::kRetention);
  EXPECT_EQ(verdict.exit_code, 4) << Sentences(verdict);
}

TEST(AckDurableTest, AProducerThatTellsNothingIsNotApplicable) {
  Story story = Small();
  for (Producer& producer : story.history.producers) {
    producer.has_acks = false;
    producer.sends.clear();
  }
  story.history.phases[0].planned = 0;
  story.End();
  for (Producer& producer : story.history.producers) producer.sends.clear();
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Of(verdict, "ACK_DURABLE").state, CheckState::kNotApplicable);
  EXPECT_EQ(Of(verdict, "PHANTOM").state, CheckState::kPass);
  EXPECT_EQ(verdict.exit_code, 0) << Sentences(verdict);
}

TEST(PhantomTest, InDoubtIsNeitherLostNorPhantom) {
  Story story = Small();
  story.SendAt(0, 0)->outcome = Outcome::kUnknown;  // found
  Send never = *story.SendAt(0, 0);
  never.offset = never.partition = -1;
  story.history.producers[0].sends.push_back(never);  // not found
  story.End();
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
}

TEST(PhantomTest, AProcessIsNotBelievedAgainstTheLogTheHarnessIs) {
  for (const size_t producer : {size_t{0}, size_t{1}}) {
    Story story = Small();
    const int64_t offset = story.Write(0, {.producer = producer});
    story.Deliver(0, 0, offset);
    story.SendAt(0, offset)->outcome = Outcome::kFail;
    story.End();
    const Verdict verdict = story.Judged();
    EXPECT_EQ(Violated(verdict), Names{"PHANTOM"});
    EXPECT_EQ(Of(verdict, "PHANTOM").violations.at(0).causes,
              producer == 0 ? Causes(Cause::kBroker) : (Causes{Cause::kProducer, Cause::kBroker}));
  }
}

TEST(PhantomTest, WhatTheDecoderRejectsMayNotBeDelivered) {
  Story story = Small();
  story.LogAt(0, 1)->valid = false;
  story.LogAt(0, 1)->content_hash = 0;
  story.SendAt(0, 1)->content_hash = 0;
  story.End();
  EXPECT_EQ(Violated(story.Judged()), Names{"PHANTOM"}) << Sentences(story.Judged());
}

TEST(AgreeTest, WithoutTheAuditClientsAreComparedWithEachOther) {
  Story story = Small({"left", "right"});
  story.End();
  story.history.audited = false;
  EXPECT_EQ(Of(story.Judged(), "AGREE").state, CheckState::kPass);
  story.history.clients[1].deliveries[2].content_hash = 99;
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), Names{"AGREE"});
  EXPECT_EQ(Of(verdict, "AGREE").violations.at(0).client, "right");
  EXPECT_EQ(Of(verdict, "AGREE").violations.at(0).offset, 2);
  story.history.clients.pop_back();
  EXPECT_EQ(Of(story.Judged(), "AGREE").state, CheckState::kNotApplicable);
}

TEST(NonvacuousTest, EachClientNeedsAcknowledgedRecords) {
  Story story = Small({"left", "right"});
  story.End();
  story.scenario.expect.min_records = 3;
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
  story.scenario.expect.min_records = 4;
  EXPECT_EQ(Of(story.Judged(), "NONVACUOUS").violation_count, 2);
  EXPECT_EQ(story.Judged().exit_code, 4);
  story.scenario.expect.min_records = 3;
  story.SendAt(0, 1)->outcome = Outcome::kUnknown;
  EXPECT_EQ(Invalid(story.Judged()), Names{"NONVACUOUS"});
}

TEST(NonvacuousTest, WithoutLoadOrObservedClientsNothingIsProved) {
  Story idle;
  idle.End();
  EXPECT_EQ(Invalid(idle.Judged()), Names{"NONVACUOUS"}) << Sentences(idle.Judged());
  EXPECT_EQ(idle.Judged().exit_code, 4);
  Story blind = Small();
  blind.End();
  blind.history.clients[0].observed = false;
  EXPECT_EQ(Invalid(blind.Judged()), Names{"NONVACUOUS"});
  EXPECT_EQ(Of(blind.Judged(), "LOST").state, CheckState::kNotApplicable);
}

TEST(NonvacuousTest, AFaultNeedsARecordOnItsWay) {
  Story story = Small();
  const int64_t calm_ns = story.Tick(kSecond);
  story.Tick(kSecond);
  story.Write(0);
  story.Deliver(0, 0, 3);
  story.End();
  const Send& last = *story.SendAt(0, 3);
  const int64_t arrived_ns = story.history.clients[0].deliveries[3].time_ns;
  const auto with_fault = [&](int64_t struck_ns, int64_t healed_ns) {
    Story copy = story;
    copy.AddFault("pause", "shop", struck_ns, healed_ns);
    return Invalid(copy.Judged());
  };
  EXPECT_EQ(with_fault(calm_ns, calm_ns + 1), Names{"NONVACUOUS"});
  EXPECT_EQ(with_fault(calm_ns, last.planned_ns - 1), Names{"NONVACUOUS"});
  EXPECT_EQ(with_fault(calm_ns, last.planned_ns), Names{});
  EXPECT_EQ(with_fault(arrived_ns, arrived_ns + 1), Names{});
  EXPECT_EQ(with_fault(arrived_ns + 1, arrived_ns + 2), Names{"NONVACUOUS"});
  EXPECT_EQ(with_fault(calm_ns, 0), Names{});  // never healed: to the end
}

// A sentinel proves nothing: also where its client says nothing of its rec.
TEST(NonvacuousTest, SentinelsAreNoAcknowledgedPayments) {
  Story idle;
  idle.End();
  ASSERT_FALSE(idle.history.clients[0].deliveries.empty());
  for (Delivery& delivery : idle.history.clients[0].deliveries) {
    delivery.sentinel = false;
    delivery.rec = {};
  }
  EXPECT_EQ(Invalid(idle.Judged()), Names{"NONVACUOUS"}) << Sentences(idle.Judged());
  Metrics metrics;
  Judge(idle.history, idle.scenario, {}, &metrics);
  EXPECT_EQ(metrics.clients.at(0).delivered, 0);
}

// What the server lost was on its way: that it never came is not that there was nothing.
TEST(NonvacuousTest, WhatMetAFaultAndNeverCameIsNotNothing) {
  Story story = Small();
  story.Tick(kSecond);
  const int64_t struck_ns = story.Tick();
  story.Write(0);
  const int64_t healed_ns = story.Tick();
  story.AddFault("pause", "server-1", struck_ns, healed_ns);
  story.End();
  const CheckResult check = Of(story.Judged(), "NONVACUOUS");
  ASSERT_EQ(check.violations.size(), 1u) << Sentences(story.Judged());
  EXPECT_EQ(check.violations[0].sentence,
            "of the records that were on their way while fault pause was on, none ever came");
  EXPECT_EQ(story.Judged().exit_code, 1);  // LOST
  story.history.clients[0].deliveries.clear();
  EXPECT_NE(
      Of(story.Judged(), "NONVACUOUS")
          .violations.at(0)
          .sentence.find("got 0 acknowledged records, and 1 are needed to prove anything; 4 more that it was owed "
                         "never came"),
      std::string::npos)
      << Sentences(story.Judged());
}

TEST(FindingsTest, SentencesAndNotesAreBoundedAndTheFirstInTimeIsFirst) {
  Findings findings("LOST");
  for (int i = 0; i < 100; ++i) findings.Note("client " + std::to_string(i) + " is not observed: n/a");
  for (const int64_t time_ns : {0, 9, 7, 8}) {
    findings.Add([&] {
      Violation violation;
      violation.time_ns = time_ns;
      violation.sentence = "said" + std::string(1'000'000, time_ns == 7 ? 'x' : 'y');
      for (int i = 0; i < 1'000; ++i) violation.sentence += "µ";
      return violation;
    });
  }
  const CheckResult check = findings.Finish();
  EXPECT_TRUE(check.reason.ends_with("client 7 is not observed: n/a; and 92 more like these")) << check.reason;
  ASSERT_EQ(check.violations.size(), 4u);
  EXPECT_EQ(check.violations[0].time_ns, 7);
  EXPECT_EQ(check.violations[3].time_ns, 0);
  for (const Violation& violation : check.violations) EXPECT_LE(violation.sentence.size(), kSentenceBytesMax + 3);
}

TEST(EfficacyTest, AFaultOfThePlanThatTheHistoryDoesNotKnowNeverStruck) {
  Story story = Small();
  story.End();
  EXPECT_EQ(Of(story.Judged(), "EFFICACY").state, CheckState::kNotApplicable);
  story.scenario.faults.emplace_back().name = "crash";
  EXPECT_EQ(Invalid(story.Judged()), Names{"EFFICACY"});
  story.AddFault("crash", "shop", story.SendAt(0, 0)->sent_ns, story.now_ns);
  EXPECT_EQ(Invalid(story.Judged()), Names{});
}

TEST(HarnessOkTest, ErrorsAndUnreadableLinesBreakIt) {
  Story story = Small();
  story.End();
  story.history.harness_errors.push_back("the journal could not be written: no space left on device");
  EXPECT_EQ(Invalid(story.Judged()), Names{"HARNESS_OK"});
  story.history.harness_errors.clear();
  story.history.clients[0].broken_lines = 2;
  EXPECT_EQ(Invalid(story.Judged()), Names{"HARNESS_OK"});
  story.history.clients[0].broken_line_texts = {"x.jsonl line 7: t is \"a\"", "x.jsonl line 9: t is nothing"};
  EXPECT_EQ(Of(story.Judged(), "HARNESS_OK").violations.at(0).sentence,
            "2 lines of client watcher's log could not be read; the first: x.jsonl line 7: t is \"a\"");
}

// 20 planned sends, `late` of them 101 ms late, `absent` never handed over.
Story Scheduled(int late, int absent) {
  Story story;
  for (int i = 0; i < 20 - absent; ++i) story.Write(0);
  for (int i = 0; i < late; ++i) story.SendAt(0, i)->planned_ns = story.SendAt(0, i)->sent_ns - 101 * kMillisecond;
  story.SendAt(0, late)->planned_ns = story.SendAt(0, late)->sent_ns - 100 * kMillisecond;  // just in time
  story.history.phases[0].planned = 20;
  story.DeliverFrom(0, 0, 0);
  story.End();
  return story;
}

TEST(HarnessOkTest, TheScheduleIsKept) {
  EXPECT_EQ(Scheduled(1, 0).Judged().exit_code, 0);
  EXPECT_EQ(Invalid(Scheduled(2, 0).Judged()), Names{"HARNESS_OK"});
  EXPECT_EQ(Scheduled(0, 1).Judged().exit_code, 0);
  EXPECT_EQ(Invalid(Scheduled(1, 1).Judged()), Names{"HARNESS_OK"});
  Story story = Scheduled(2, 0);
  EXPECT_EQ(story.Judged({.report_time_thresholds = true}).exit_code, 0);
  story.scenario.phases[0].rate_max = true;
  EXPECT_EQ(story.Judged().exit_code, 0);
}

// What fell behind in a short phase does not vanish beside a long one; a warm-up may.
TEST(HarnessOkTest, EachMeasuredPhaseKeepsItsSchedule) {
  Story story;
  for (int i = 0; i < 6'000; ++i) story.Deliver(0, 0, story.Write(0));
  story.scenario.phases.push_back({.name = "spike", .rate_per_s = 1'000});
  story.history.phases.push_back(story.history.phases[0]);
  story.history.phases[1].name = "spike";
  story.history.phases[1].planned = 1'000;
  story.history.phases[0].planned = 5'000;
  for (int i = 0; i < 1'000; ++i) story.SendAt(0, i)->phase = 1;
  for (int i = 0; i < 51; ++i) story.SendAt(0, i)->planned_ns = story.SendAt(0, i)->sent_ns - 101 * kMillisecond;
  story.End();
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Invalid(verdict), Names{"HARNESS_OK"});
  EXPECT_EQ(Of(verdict, "HARNESS_OK").violations.at(0).sentence,
            "phase spike: 94.90 % of 1000 planned sends were handed over within 100 ms of their plan; 95 % are needed");
  story.history.phases[1].measured = false;
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
  // Late sends are told also where they may be late.
  EXPECT_EQ(Of(story.Judged(), "HARNESS_OK").reason,
            "51 of 6000 planned sends were handed over later than 100 ms after their plan, or never");
}

TEST(HarnessOkTest, AProcesssSendsDoNotMakeUpForTheGenerators) {
  Story story = Scheduled(2, 0);
  for (int i = 0; i < 100; ++i) story.Deliver(0, 0, story.Write(0, {.producer = 1}));
  story.End();
  EXPECT_EQ(Invalid(story.Judged()), Names{"HARNESS_OK"});
}

TEST(HarnessOkTest, TrimmingWhatWasReadIsFine) {
  Story story = Small();
  story.End();
  auto& log = story.history.partitions[0];
  log.low_watermark = 3;
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
  // The audit was overtaken: what was there before 1 is not known.
  log.records.erase(log.records.begin());
  EXPECT_EQ(Invalid(story.Judged()), Names{"HARNESS_OK"});
  // The topic was already trimmed when the audit began: nothing was missed.
  story.history.producers[0].sends[0].sent_ns = 0;
  story.history.phases[0].planned = 2;
  log.start_offset = 1;
  story.history.clients[0].connections[0].token = {{0, 0, -1}};
  story.history.clients[0].deliveries.erase(story.history.clients[0].deliveries.begin());
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
}

TEST(HarnessOkTest, EveryClientNeedsASentinelInEveryPartition) {
  Story story = Small();
  story.End();
  story.history.clients[0].filter.provider = Provider::kPaypal;
  for (LogRecord& record : story.history.partitions[0].records) record.provider = Provider::kPaypal;
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
  story.LogAt(0, 3)->provider = Provider::kStripe;
  story.history.clients[0].deliveries.pop_back();
  EXPECT_EQ(Invalid(story.Judged()), Names{"HARNESS_OK"});
}

}  // namespace
}  // namespace harness
