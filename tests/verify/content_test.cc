// What a record says is the same from its sender to every receiver, in every field; what is not in the topic came from
// nobody; and what differs is told field by field.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/contract/canonical.h"
#include "harness/verify/differences.h"
#include "harness/verify/wanted_contents.h"
#include "tests/verify/story.h"

namespace harness {
namespace {

using pipeline::RejectReason;
using ::testing::HasSubstr;
using ::testing::Not;
using Names = std::set<std::string>;

// As a record is that is no payment: nothing but where it stands is known.
void Spoil(LogRecord* record, RejectReason reason) {
  record->valid = false;
  record->reason = reason;
  record->rec = {};
  record->content_hash = record->id_hash = 0;
}

TEST(ContentTest, WhatWasAcknowledgedValidHasToBeValidInTheTopic) {
  Story story;
  for (int i = 0; i < 3; ++i) story.Write(0);
  Spoil(story.LogAt(0, 1), RejectReason::kNotJson);
  story.DeliverFrom(0, 0, 0);
  std::erase_if(story.history.clients[0].deliveries, [](const Delivery& seen) { return seen.offset == 1; });
  story.End();
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), (Names{"ACK_DURABLE", "PHANTOM"})) << Sentences(verdict);
  EXPECT_THAT(Of(verdict, "ACK_DURABLE").violations.at(0).sentence,
              HasSubstr("in the topic at partition 0 offset 1, rejected: not_json"));
  EXPECT_THAT(Of(verdict, "PHANTOM").violations.at(0).sentence, HasSubstr("run.load.2, a valid payment, was sent"));
  EXPECT_EQ(verdict.exit_code, 1);
}

TEST(ContentTest, ARejectedRecordThatKeepsItsNameIsNamed) {
  Story story;
  for (int i = 0; i < 3; ++i) story.Write(0);
  const Rec rec = story.LogAt(0, 1)->rec;
  story.SendAt(0, 1)->offset = -1;  // acknowledged without a position
  Spoil(story.LogAt(0, 1), RejectReason::kBadField);
  story.LogAt(0, 1)->rec = rec;
  story.Deliver(0, 0, 0);
  story.Deliver(0, 0, 2);
  story.End();
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), (Names{"ACK_DURABLE", "PHANTOM"})) << Sentences(verdict);
  EXPECT_THAT(Of(verdict, "ACK_DURABLE").violations.at(0).sentence,
              HasSubstr("in the topic at partition 0 offset 1 (run.load.2), rejected: bad_field"));
  EXPECT_THAT(Sentences(verdict), Not(HasSubstr("does not hold it")));
}

TEST(ContentTest, WhatWasSentRejectedMayBeRejected) {
  Story story;
  for (int i = 0; i < 3; ++i) story.Write(0);
  story.SendAt(0, 1)->content_hash = 0;
  Spoil(story.LogAt(0, 1), RejectReason::kNotJson);
  story.Deliver(0, 0, 0);
  story.Deliver(0, 0, 2);
  story.End();
  EXPECT_EQ(Violated(story.Judged()), Names{}) << Sentences(story.Judged());
}

TEST(ContentTest, ARejectedRecordThatNobodySentIsAPhantom) {
  Story story;
  story.Deliver(0, 0, story.Write(0));
  LogRecord garbage;
  garbage.offset = story.history.partitions[0].end_offset++;
  garbage.seen_ns = story.Tick();
  garbage.reason = RejectReason::kNotJson;
  story.history.partitions[0].records.push_back(garbage);
  story.End();
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), Names{"PHANTOM"}) << Sentences(verdict);
  EXPECT_EQ(Of(verdict, "PHANTOM").violations.at(0).causes, (Causes{Cause::kProducer, Cause::kBroker}));
}

TEST(ContentTest, TheKeyIsThePaymentsId) {
  Story story;
  story.Deliver(0, 0, story.Write(0));
  story.Deliver(0, 0, story.Write(0, {.producer = 1}));
  story.LogAt(0, 1)->key_differs = true;
  story.End();
  const Verdict verdict = story.Judged();
  EXPECT_EQ(Violated(verdict), Names{"PHANTOM"}) << Sentences(verdict);
  EXPECT_EQ(Of(verdict, "PHANTOM").violations.at(0).causes, Cause::kProducer);
}

// A client of a server without positions: the record is known by what it says alone.
class PlainTest : public ::testing::Test {
 protected:
  PlainTest() {
    story_.history.clients[0].resume = ResumeMode::kNone;
    story_.history.clients[0].connections[0].has_start = false;
    for (int i = 0; i < 3; ++i) story_.Write(0);
    story_.DeliverFrom(0, 0, 0);
    story_.End();
    for (Delivery& delivery : story_.history.clients[0].deliveries) {
      delivery.offset = delivery.partition = -1;
      delivery.crc32c = 0;
    }
  }
  void Strip(Delivery* delivery) {
    delivery->rec = {};
    delivery->sentinel = false;
    delivery->content_hash = WithoutMetadata(delivery->content_hash);
  }
  Story story_;
};

TEST_F(PlainTest, PassesWithItsMetadata) {
  EXPECT_EQ(Violated(story_.Judged()), Names{}) << Sentences(story_.Judged());
}

TEST_F(PlainTest, APaymentThatCameWithoutItsMetadataIsSaidToHave) {
  for (Delivery& delivery : story_.history.clients[0].deliveries) Strip(&delivery);
  const Verdict verdict = story_.Judged();
  EXPECT_EQ(Violated(verdict), Names{"AGREE"}) << Sentences(verdict);
  EXPECT_EQ(Of(verdict, "AGREE").violation_count, 4);
  EXPECT_THAT(Of(verdict, "AGREE").violations.at(0).sentence, HasSubstr("without its metadata"));
}

TEST_F(PlainTest, AnInventedPaymentIsAPhantom) {
  Delivery invented = story_.history.clients[0].deliveries[1];
  invented.rec = {};
  invented.id_hash = 12345;
  invented.content_hash = uint64_t{12345} << 32;
  story_.history.clients[0].deliveries.insert(story_.history.clients[0].deliveries.begin() + 2, invented);
  const Verdict verdict = story_.Judged();
  EXPECT_EQ(Violated(verdict), Names{"PHANTOM"}) << Sentences(verdict);
  EXPECT_EQ(Of(verdict, "PHANTOM").violations.at(0).causes, kDeliveryHops);
  EXPECT_THAT(Of(verdict, "PHANTOM").violations.at(0).sentence, HasSubstr("which no record of the topic is"));
}

class AgreeFieldsTest : public ::testing::Test {
 protected:
  AgreeFieldsTest() {
    for (int i = 0; i < 3; ++i) story_.Deliver(0, 0, story_.Write(0));
    for (LogRecord& record : story_.history.partitions[0].records) record.processed_at_s = 1'700;
    for (Delivery& delivery : Deliveries()) delivery.processed_at_s = 1'700;
  }
  std::vector<Delivery>& Deliveries() { return story_.history.clients[0].deliveries; }
  void ExpectAgree(const std::string& part) {
    story_.End();
    const Verdict verdict = story_.Judged();
    EXPECT_EQ(Violated(verdict), part.empty() ? Names{} : Names{"AGREE"}) << Sentences(verdict);
    if (!part.empty()) {
      EXPECT_THAT(Of(verdict, "AGREE").violations.at(0).sentence, HasSubstr(part));
      EXPECT_EQ(Of(verdict, "AGREE").violations.at(0).causes, kDeliveryHops);
    }
  }
  Story story_;
};

TEST_F(AgreeFieldsTest, PassWhenTheyAreRight) { ExpectAgree(""); }

TEST_F(AgreeFieldsTest, ProcessedAtIsTheRecordsTimestamp) {
  Deliveries()[1].processed_at_s = 5'300;
  ExpectAgree("with processed_at 5300, and the topic holds 1700");
}

TEST_F(AgreeFieldsTest, AServerOfThePlainContractPromisesNoProcessedAt) {
  Deliveries()[1].processed_at_s = 5'300;
  Deliveries()[1].crc32c = 0;
  ExpectAgree("");
}

TEST_F(AgreeFieldsTest, TheDoubleIsTheNearestToTheExactAmount) {
  Deliveries()[1].amount_differs = true;
  ExpectAgree("not the nearest double");
}

TEST_F(AgreeFieldsTest, AllStreamsAreOfOneLog) {
  story_.history.clients[0].connections[0].log_id = "cluster/topic";
  for (const char* log_id : {"cluster/other", "cluster/topic"}) {
    story_.Break(0);
    story_.Connect(0, {{.partition = 0, .after = 2}}, true)->log_id = log_id;
  }
  ExpectAgree("is of the log \"cluster/other\", and 2 streams are of \"cluster/topic\"");
}

KeptContent Kept(uint64_t hash, pipeline::Money amount, std::vector<std::pair<std::string, std::string>> metadata) {
  KeptContent content;
  content.content_hash = hash;
  content.payment.id = "pay_1";
  content.payment.amount = amount;
  content.payment.currency = "JPY";
  content.payment.metadata = std::move(metadata);
  return content;
}

TEST_F(AgreeFieldsTest, TellsTheFieldsThatDiffer) {
  Deliveries()[1].content_hash ^= uint64_t{1} << 40;
  const WantedContents wanted = FindWantedContents(story_.history);
  EXPECT_EQ(wanted.places, (std::set<std::pair<int32_t, int64_t>>{{0, 1}}));
  EXPECT_TRUE(wanted.hashes.contains(Deliveries()[1].content_hash));
  story_.history.contents = {Kept(story_.LogAt(0, 1)->content_hash, {92000, 0}, {{"order", "7"}}),
                             Kept(Deliveries()[1].content_hash, {92000, 2}, {{"note", "x"}})};
  ExpectAgree(
      "amount: 92000 JPY, got 920.00 JPY; metadata note: nothing, got \"x\"; metadata order: \"7\", got nothing");
}

TEST(WantedContentsTest, AreNoneWhereNothingIsWrong) {
  Story story;
  for (int i = 0; i < 3; ++i) story.Deliver(0, 0, story.Write(0));
  story.End();
  EXPECT_TRUE(FindWantedContents(story.history).empty());
}

}  // namespace
}  // namespace harness
