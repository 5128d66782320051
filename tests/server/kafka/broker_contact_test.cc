// Whatever may have put another log in the place of the one that is read is a loss of contact, and nothing else is; and
// a broker that should have answered and has not is silent, however the requests fail.
#include "server/kafka/broker_contact.h"

#include <gtest/gtest.h>

#include "server/kafka/kafka_queries.h"
#include "server/kafka/topic_presence.h"
#include "server/ops/log_backoff.h"

namespace pipeline {
namespace {

constexpr int16_t kFetch = 1;
constexpr int16_t kListOffsets = 2;
constexpr int16_t kMetadata = 3;
constexpr int16_t kApiVersions = 18;
constexpr int64_t kSecondNs = 1'000'000'000;
constexpr auto kOk = RD_KAFKA_RESP_ERR_NO_ERROR;

TEST(BrokerContactTest, AnswersInTimeAreNoLoss) {
  BrokerContact contact(500);
  contact.OnSent(1, kFetch, 0);
  contact.OnAnswer(1, kFetch, 1'500'000, kOk, kSecondNs);
  contact.OnSent(1, kListOffsets, 0);
  contact.OnAnswer(1, kListOffsets, 2'000'000, kOk, kSecondNs);
  EXPECT_FALSE(contact.lost());
  EXPECT_EQ(contact.Take(), "");
}

TEST(BrokerContactTest, WhatMayHaveHiddenAnotherLogIsALoss) {
  BrokerContact contact(500);
  contact.OnAnswer(1, kFetch, 1'500'001, kOk, 0);
  EXPECT_TRUE(contact.lost());
  EXPECT_EQ(contact.Take(), "an answer took 1500 ms");
  EXPECT_FALSE(contact.lost());
  contact.OnAnswer(1, kFetch, -1, RD_KAFKA_RESP_ERR__TRANSPORT, 0);
  EXPECT_TRUE(contact.Take().starts_with("a request failed: "));
  contact.OnAnswer(1, kListOffsets, -1, RD_KAFKA_RESP_ERR__TIMED_OUT, 0);
  EXPECT_TRUE(contact.lost());
  contact.Take();
  contact.OnAnswer(2, kApiVersions, 1, kOk, 0);
  EXPECT_EQ(contact.Take(), "a connection was made anew");
  contact.OnSent(1, kMetadata, 0);
  EXPECT_EQ(contact.Take(), "a leader may have changed");
  contact.OnAnswer(1, kMetadata, 1, kOk, 0);
  EXPECT_EQ(contact.Take(), "a leader may have changed");
  EXPECT_EQ(contact.losses(), 6);
}

// librdkafka asks four times a second then.
TEST(BrokerContactTest, WithoutALeaderMetadataAreLookedIntoOnceASecond) {
  BrokerContact contact(500);
  contact.SetLeaderless(true);
  int64_t now_ns = 0;
  const auto lost_times = [&](int seconds) {
    int times = 0;
    for (const int64_t end_ns = now_ns + seconds * kSecondNs; now_ns < end_ns; now_ns += kSecondNs / 4) {
      contact.OnSent(1, kMetadata, now_ns);
      contact.OnAnswer(1, kMetadata, 1, kOk, now_ns + 1'000'000);
      contact.Look(now_ns + 2'000'000);
      if (!contact.lost()) continue;
      ++times;
      contact.Take();
    }
    return times;
  };
  EXPECT_EQ(lost_times(1), 1) << "the first at once";
  EXPECT_EQ(lost_times(60), 60);
  // None is forgotten: the last one is looked into in its time.
  EXPECT_FALSE(contact.lost());
  contact.Look(now_ns + kSecondNs);
  EXPECT_TRUE(contact.lost());
  contact.Take();
  contact.OnAnswer(2, kApiVersions, 1, kOk, now_ns);
  EXPECT_TRUE(contact.lost()) << "anything else is a loss at once";
  contact.Take();
  contact.SetLeaderless(false);
  EXPECT_EQ(lost_times(10), 40);
}

TEST(BrokerContactTest, TheClientsOwnEndIsNoLoss) {
  BrokerContact contact(500);
  contact.OnAnswer(1, kFetch, -1, RD_KAFKA_RESP_ERR__DESTROY, 0);
  EXPECT_FALSE(contact.lost());
}

TEST(BrokerContactTest, ABrokerIsSilentWhenItShouldHaveAnswered) {
  BrokerContact contact(500);
  EXPECT_EQ(contact.SilentSince(1, 10, 10 + kSecondNs), 0) << "it may still";
  EXPECT_EQ(contact.SilentSince(1, 10, 10 + 2 * kSecondNs), 10) << "never asked, never heard of";
  contact.OnSent(1, kFetch, kSecondNs);
  contact.OnAnswer(1, kFetch, 1, kOk, 2 * kSecondNs);
  EXPECT_EQ(contact.SilentSince(1, 10, 100 * kSecondNs), 0) << "not asked again: the reader is busy";
  contact.OnSent(1, kFetch, 3 * kSecondNs);
  EXPECT_EQ(contact.SilentSince(1, 10, 4 * kSecondNs), 0);
  EXPECT_EQ(contact.SilentSince(1, 10, 5 * kSecondNs), 3 * kSecondNs);
  contact.OnAnswer(1, kFetch, -1, RD_KAFKA_RESP_ERR__TRANSPORT, 6 * kSecondNs);
  EXPECT_EQ(contact.SilentSince(1, 10, 6 * kSecondNs), 2 * kSecondNs);
  contact.OnAnswer(1, kFetch, 1, kOk, 7 * kSecondNs);
  EXPECT_EQ(contact.SilentSince(1, 10, 7 * kSecondNs), 0);
  // Its connection broke while no fetch was under way.
  contact.OnError("host:9092/1: no way: there");
  EXPECT_EQ(contact.broker(1).error, "no way: there");
  EXPECT_EQ(contact.SilentSince(1, 10, 8 * kSecondNs), 7 * kSecondNs);
}

TEST(BrokerContactTest, ErrorsOfWhatIsNoBrokerYetAreNobodys) {
  BrokerContact contact(500);
  for (const char* text : {"host:9092/bootstrap: refused", "1/1 brokers are down", "", "/: x", "a/1"}) {
    contact.OnError(text);
  }
  EXPECT_EQ(contact.broker(1).error, "");
  EXPECT_EQ(BrokerErrorText("h:1/1: Connect failed (after 3ms in state CONNECT, 4 identical error(s) suppressed)"),
            "h:1/1: Connect failed");
}

TEST(TopicPresenceTest, ATopicIsGoneOnlyAfterManyAnswersOverSomeTime) {
  using Finding = TopicPresence::Finding;
  TopicPresence presence;
  EXPECT_EQ(presence.OnAnswer(3, 3, 0), Finding::kPresent);
  EXPECT_EQ(presence.OnAnswer(4, 3, 0), Finding::kPresent);
  EXPECT_EQ(presence.OnAnswer(0, 3, 0), Finding::kUnsure);
  EXPECT_EQ(presence.OnAnswer(0, 3, kTopicGoneNs - 1), Finding::kUnsure);
  EXPECT_EQ(presence.OnAnswer(3, 3, kTopicGoneNs), Finding::kBack);
  EXPECT_EQ(presence.OnAnswer(3, 3, kTopicGoneNs), Finding::kPresent);
  for (int i = 1; i < kTopicGoneAnswers; ++i) EXPECT_EQ(presence.OnAnswer(0, 3, i * kTopicGoneNs), Finding::kUnsure);
  EXPECT_EQ(presence.OnAnswer(2, 3, 9 * kTopicGoneNs), Finding::kGone) << "fewer partitions are not that topic";
  EXPECT_EQ(presence.OnAnswer(0, 3, 9 * kTopicGoneNs), Finding::kGone);
  EXPECT_EQ(presence.OnAnswer(3, 3, 9 * kTopicGoneNs), Finding::kBack);
}

TEST(LogBackoffTest, ALineThatRepeatsItselfBecomesRare) {
  LogBackoff lines;
  int told = 0;
  int64_t untold = 0;
  for (int64_t now_ns = 1; now_ns < 600 * kSecondNs; now_ns += kSecondNs / 8) {
    if (const auto before = lines.Tell(now_ns)) {
      ++told;
      untold += *before;
    }
  }
  EXPECT_LE(told, 16);
  EXPECT_GE(told, 10);
  EXPECT_GT(untold, 4000);
  EXPECT_TRUE(lines.Tell(660 * kSecondNs)) << "after a quiet minute at once";
}

}  // namespace
}  // namespace pipeline
