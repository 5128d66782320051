// LOG_DUP and SEND_ORDER in both directions: what the log holds twice or out of order, and what explains it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "harness/verify/log_dup.h"
#include "harness/verify/send_order.h"
#include "tests/verify/story.h"

namespace harness {
namespace {

using Names = std::set<std::string>;

// Offset 1 holds what offset 0 holds; sent by `producer`.
Story Twice(size_t producer = 0) {
  Story story;
  for (int i = 0; i < 2; ++i) story.Write(0, {.producer = producer});
  story.LogAt(0, 1)->rec = story.LogAt(0, 0)->rec;
  story.LogAt(0, 1)->content_hash = story.LogAt(0, 0)->content_hash;
  story.history.producers[producer].sends.pop_back();
  if (producer == 0) --story.history.phases[0].planned;
  story.DeliverFrom(0, 0, 0);
  story.Deliver(0, 0, story.Write(0));
  story.End();
  return story;
}

// Offsets 0 and 1 hold the second and the first of two sends of `producer`.
Story Overtaken(size_t producer = 0) {
  Story story;
  for (int i = 0; i < 2; ++i) story.Write(0, {.producer = producer});
  std::swap(story.LogAt(0, 0)->rec, story.LogAt(0, 1)->rec);
  std::swap(story.LogAt(0, 0)->content_hash, story.LogAt(0, 1)->content_hash);
  auto& sends = story.history.producers[producer].sends;
  std::swap(sends[0].offset, sends[1].offset);
  story.DeliverFrom(0, 0, 0);
  story.Deliver(0, 0, story.Write(0));
  story.End();
  return story;
}

struct Subject {
  const char* invariant;
  Story (*make)(size_t producer);
  int64_t offset;
};
constexpr Subject kLogDup = {"LOG_DUP", Twice, 1};
constexpr Subject kSendOrder = {"SEND_ORDER", Overtaken, 0};

class ProducerTest : public ::testing::TestWithParam<Subject> {
 protected:
  static Names Violations(const Story& story) { return Violated(story.Judged()); }
  Names Accused() const { return {GetParam().invariant}; }
};

TEST_P(ProducerTest, WithoutAnExplanationItIsAViolation) {
  for (const size_t producer : {0, 1}) {
    const Verdict verdict = GetParam().make(producer).Judged();
    EXPECT_EQ(Violated(verdict), Accused()) << Sentences(verdict);
    const CheckResult result = Of(verdict, GetParam().invariant);
    ASSERT_EQ(result.violation_count, 1);
    EXPECT_EQ(result.violations[0].offset, GetParam().offset);
    EXPECT_EQ(result.violations[0].rec.producer(), producer);
    EXPECT_EQ(result.violations[0].causes,
              producer == 0 ? Causes(Cause::kBroker) : (Causes{Cause::kProducer, Cause::kBroker}));
  }
}

TEST_P(ProducerTest, WhatWasInDoubtIsNotHeldAgainstAnybody) {
  for (const Outcome outcome : {Outcome::kUnknown, Outcome::kPending}) {
    Story story = GetParam().make(0);
    story.history.producers[0].sends[0].outcome = outcome;
    EXPECT_EQ(Violations(story), Names{}) << Sentences(story.Judged());
  }
}

TEST_P(ProducerTest, AFaultThatMetItBetweenProducerAndTopicExplainsIt) {
  for (const char* target : {"load", "broker-1", "proxy"}) {
    Story story = GetParam().make(0);
    const Send& first = story.history.producers[0].sends[0];
    story.AddFault("fault", target, first.sent_ns - kMillisecond, first.sent_ns);
    EXPECT_EQ(Violations(story), Names{}) << target << "\n" << Sentences(story.Judged());
    EXPECT_NE(Of(story.Judged(), GetParam().invariant).reason, "");
    // Over before the record was sent.
    story.history.faults[0].healed_ns = first.sent_ns - 1;
    EXPECT_EQ(Violations(story), Accused()) << target;
    // Begun before, and never healed.
    story.history.faults[0].healed_ns = 0;
    EXPECT_EQ(Violations(story), Names{}) << target;
    // Begun when all was over.
    story.history.faults[0].struck_ns = story.now_ns;
    EXPECT_EQ(Violations(story), Accused()) << target;
    // Planned, and never struck.
    story.history.faults[0].struck_ns = 0;
    EXPECT_EQ(Violations(story), Accused()) << target;
  }
}

TEST_P(ProducerTest, AFaultElsewhereExplainsNothing) {
  for (const char* target : {"server-1", "watcher", "shop"}) {
    Story story = GetParam().make(0);
    story.AddFault("fault", target, story.history.load_begin_ns, 0);
    EXPECT_EQ(Violations(story), Accused()) << target << "\n" << Sentences(story.Judged());
  }
}

TEST_P(ProducerTest, WhoGivesUpIdempotenceOrTellsNothingIsNotJudged) {
  Story story = GetParam().make(1);
  story.scenario.producers[1].args = {"-X", "enable.idempotence=false"};
  EXPECT_EQ(Violations(story), Names{}) << Sentences(story.Judged());
  EXPECT_THAT(Of(story.Judged(), GetParam().invariant).reason, ::testing::HasSubstr("shop gives up idempotence: n/a"));
  story.scenario.producers[1].args = {"-X", "enable.idempotence=true"};
  EXPECT_EQ(Violations(story), Accused());
  story.history.producers[1].has_acks = false;
  EXPECT_EQ(Violations(story), Names{}) << Sentences(story.Judged());
  story.history.audited = false;
  EXPECT_EQ(Of(story.Judged(), GetParam().invariant).state, CheckState::kNotApplicable);
}

INSTANTIATE_TEST_SUITE_P(Both, ProducerTest, ::testing::Values(kLogDup, kSendOrder),
                         [](const auto& subject) { return subject.param.offset == 1 ? "LogDup" : "SendOrder"; });

TEST(SendOrderTest, OnePartitionSaysNothingOfAnotherNorOneProducerOfAnother) {
  Story story(2);
  story.Deliver(0, 1, story.Write(1));
  story.Deliver(0, 1, story.Write(1));
  story.Deliver(0, 0, story.Write(0));
  story.Deliver(0, 1, story.Write(1, {.producer = 1}));
  story.Deliver(0, 1, story.Write(1));
  story.End();
  EXPECT_EQ(story.Judged().exit_code, 0) << Sentences(story.Judged());
}

TEST(SendOrderTest, TheFirstOccurrenceCounts) {
  // The first record is there again, in doubt, behind the second.
  Story story;
  for (int i = 0; i < 3; ++i) story.Write(0);
  story.LogAt(0, 2)->rec = story.LogAt(0, 0)->rec;
  story.LogAt(0, 2)->content_hash = story.LogAt(0, 0)->content_hash;
  story.history.producers[0].sends.pop_back();
  --story.history.phases[0].planned;
  story.history.producers[0].sends[0].offset = 2;
  story.DeliverFrom(0, 0, 0);
  story.End();
  EXPECT_EQ(Violated(story.Judged()), Names{"LOG_DUP"}) << Sentences(story.Judged());
}

TEST(SendOrderTest, OneRecordThatOvertookManyIsOneViolation) {
  Story story;
  for (int i = 0; i < 4; ++i) story.Write(0);
  // The fourth stands first.
  auto& records = story.history.partitions[0].records;
  for (size_t i = 3; i > 0; --i) {
    std::swap(records[i].rec, records[i - 1].rec);
    std::swap(records[i].content_hash, records[i - 1].content_hash);
  }
  for (size_t i = 0; i < 4; ++i) story.history.producers[0].sends[i].offset = i == 3 ? 0 : static_cast<int64_t>(i) + 1;
  story.DeliverFrom(0, 0, 0);
  story.End();
  EXPECT_EQ(Violated(story.Judged()), Names{"SEND_ORDER"}) << Sentences(story.Judged());
  EXPECT_EQ(Of(story.Judged(), "SEND_ORDER").violation_count, 1);
}

}  // namespace
}  // namespace harness
