// Replicas agree whatever their age: one that has read a topic while its records came, and one that is started when
// some of them have been trimmed or compacted away, list the same payments. A real Kafka alone trims on request and
// compacts.
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/kafka/kafka_queries.h"
#include "tests/kafka/real_kafka.h"
#include "tests/server/ops/scrape.h"

namespace pipeline {
namespace {

// All that a server lists, page by page.
std::vector<std::string> ListOf(const PaymentServer& server) {
  TestUnary unary(server.port());
  std::vector<std::string> listed;
  ::payment::ListPaymentsRequest request;
  request.set_limit(3);
  do {
    ::payment::PaymentList page;
    const grpc::Status status = unary.List(request, &page);
    EXPECT_TRUE(status.ok()) << status.error_message();
    for (const ::payment::Payment& payment : page.payments()) {
      listed.push_back(payment.id() + " " + ::payment::PaymentStatus_Name(payment.status()));
    }
    request.set_cursor(page.next_cursor());
  } while (!request.cursor().empty());
  return listed;
}

// How many records of each key the topic's one partition holds.
std::map<std::string, int> RecordsByKey(const KafkaSettings& settings) {
  const auto reader = MakeKafka(RD_KAFKA_CONSUMER, MakeConsumerConf(settings));
  rd_kafka_poll_set_consumer(reader.get());
  AssignAt(reader.get(), settings.topic, {0});
  std::map<std::string, int> records;
  EXPECT_TRUE(Eventually([&] {
    const KafkaPtr<rd_kafka_message_t> message(rd_kafka_consumer_poll(reader.get(), 100));
    if (message == nullptr) return false;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      ++records[std::string(static_cast<const char*>(message->key), message->key_len)];
    }
    return message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
  }));
  return records;
}

class RetentionOnKafkaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    kafka_.brokers = Environment("PIPELINE_TEST_KAFKA");
    if (kafka_.brokers.empty()) GTEST_SKIP() << "PIPELINE_TEST_KAFKA names no Kafka (ci/real-kafka does)";
  }
  static std::unique_ptr<PaymentServer> StartServer(const RealTopic& topic) {
    auto server = std::make_unique<PaymentServer>(MeasuredOptions(topic.settings()));
    server->Start();
    EXPECT_TRUE(Eventually([&] { return server->serving(); }));
    return server;
  }
  static double Metric(const PaymentServer& server, const std::string& name) {
    return ScrapeMetrics(server.metrics_port())["payment_server_" + name];
  }
  KafkaSettings kafka_;
};

TEST_F(RetentionOnKafkaTest, ReplicasOfDifferentAgeListTheSameWhenRecordsWereTrimmed) {
  RealTopic topic(kafka_, 2);
  // Of partition 0 the first five records go: a payment's only one, its first one, and its last word but not its last.
  topic.Produce(0, "gone", PaymentJson("gone"));
  topic.Produce(0, "moved", PaymentJson("moved"));
  topic.Produce(0, "fell_back", PaymentJson("fell_back", "refunded"));
  topic.Produce(0, "gone_too", PaymentJson("gone_too", "pending"));
  topic.Produce(0, "gone_too", PaymentJson("gone_too", "completed"));
  topic.Produce(0, "stays", PaymentJson("stays"));
  topic.Produce(0, "fell_back", PaymentJson("fell_back", "pending"));
  topic.Produce(0, "moved", PaymentJson("moved", "completed"));
  for (int i = 0; i < 6; ++i) topic.ProducePayment(1, "other_" + std::to_string(i));
  const auto old = StartServer(topic);
  TestStream stream(old->port());
  stream.Open();
  stream.ReadMany(11);
  EXPECT_EQ(ListOf(*old).size(), 11u);
  topic.Trim(0, 5);
  topic.Trim(1, 4);
  const auto fresh = StartServer(topic);
  const std::vector<std::string> expected = {"stays STATUS_PENDING", "fell_back STATUS_PENDING",
                                             "moved STATUS_COMPLETED", "other_4 STATUS_PENDING",
                                             "other_5 STATUS_PENDING"};
  EXPECT_EQ(ListOf(*fresh), expected);
  EXPECT_TRUE(Eventually([&] { return ListOf(*old) == expected; })) << ::testing::PrintToString(ListOf(*old));
  EXPECT_EQ(TestUnary(old->port()).Get("gone").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Metric(*old, "payments_expired_total"), 6);
  EXPECT_EQ(Metric(*old, "payments"), 5);
  // The stream is of events: it is told nothing of that, and goes on.
  topic.ProducePayment(0, "new");
  EXPECT_EQ(stream.ReadMany(1).at(0).payment().id(), "new");
}

// Everything is trimmed, and what comes then is all there is.
TEST_F(RetentionOnKafkaTest, ATopicThatWasEmptiedIsAnEmptyList) {
  RealTopic topic(kafka_, 1);
  for (int i = 0; i < 5; ++i) topic.ProducePayment(0, "pay_" + std::to_string(i));
  const auto old = StartServer(topic);
  EXPECT_EQ(ListOf(*old).size(), 5u);
  topic.Trim(0, 5);
  EXPECT_TRUE(Eventually([&] { return ListOf(*old).empty(); }));
  topic.ProducePayment(0, "pay_0");
  EXPECT_TRUE(Eventually([&] { return ListOf(*old).size() == 1; }));
  EXPECT_TRUE(old->serving());
}

TEST_F(RetentionOnKafkaTest, ReplicasOfDifferentAgeListTheSameWhenTheTopicWasCompacted) {
  RealTopic topic(kafka_, 1, false);
  topic.CreateCompacted();
  topic.Produce(0, "a", PaymentJson("a", "refunded"));
  const auto old = StartServer(topic);
  TestStream stream(old->port());
  stream.Open();
  EXPECT_EQ(stream.ReadMany(1).at(0).payment().id(), "a");
  topic.Produce(0, "b", PaymentJson("b", "completed"));
  topic.Produce(0, "c", PaymentJson("c"));
  topic.Produce(0, "d", PaymentJson("d"));
  topic.Produce(0, "e", PaymentJson("e", "completed"));
  topic.Produce(0, "f", PaymentJson("f"));
  topic.Produce(0, "a", PaymentJson("a", "pending"));  // ranks less, and is the last
  topic.Produce(0, "b", std::nullopt);
  topic.Produce(0, "c", PaymentJson("another"));
  topic.Produce(0, "d", "no payment");
  topic.Produce(0, "e", std::nullopt);
  topic.Produce(0, "e", PaymentJson("e", "pending"));
  const std::vector<std::string> ids = {"b", "c", "d", "e", "f", "a", "e"};
  for (const std::string& id : ids) EXPECT_EQ(stream.ReadMany(1).at(0).payment().id(), id);
  EXPECT_EQ(Metric(*old, "tombstones_total"), 2);
  EXPECT_EQ(old->rejected(RejectReason::kTombstone), 0);
  EXPECT_EQ(old->rejected(RejectReason::kWrongKey), 1);
  EXPECT_EQ(old->rejected(RejectReason::kNotJson), 1);
  // Kafka compacts what stands before its newest segment, which ends when a record comes after its time.
  ASSERT_TRUE(Eventually([&] {
    topic.Produce(0, "last", PaymentJson("last"));
    std::map<std::string, int> records = RecordsByKey(topic.settings());
    records.erase("last");
    return std::all_of(records.begin(), records.end(), [](const auto& entry) { return entry.second == 1; });
  }));
  const auto fresh = StartServer(topic);
  const std::vector<std::string> expected = {"f STATUS_PENDING", "a STATUS_PENDING", "e STATUS_PENDING",
                                             "last STATUS_PENDING"};
  EXPECT_TRUE(Eventually([&] { return ListOf(*old) == expected; })) << ::testing::PrintToString(ListOf(*old));
  EXPECT_EQ(ListOf(*fresh), expected);
  EXPECT_EQ(TestUnary(old->port()).Get("b").error_code(), grpc::StatusCode::NOT_FOUND);
}

// A stream that is caught up from Kafka gets what the others got: a record under another key is none.
TEST_F(RetentionOnKafkaTest, AStreamOfACompactedTopicIsCaughtUpByTheSameRule) {
  RealTopic topic(kafka_, 1, false);
  topic.CreateCompacted();
  topic.Produce(0, "a", PaymentJson("a"));
  ServerOptions options = TestOptions(topic.settings());
  options.window_bytes_max = 1;  // holds the newest record alone
  PaymentServer server(options);
  server.Start();
  ASSERT_TRUE(Eventually([&] { return server.serving(); }));
  TestStream stream(server.port());
  stream.Open();
  stream.ReadMany(1);
  stream.Cancel();
  topic.Produce(0, "key", PaymentJson("another"));
  for (const char* id : {"b", "c", "d"}) topic.Produce(0, id, PaymentJson(id));
  EXPECT_TRUE(Eventually([&] { return TestUnary(server.port()).Get("d").ok(); }));
  stream.Open();
  EXPECT_EQ(stream.ReadMany(1).at(0).payment().id(), "b");
  EXPECT_EQ(server.rejected(RejectReason::kWrongKey), 1);
}

TEST_F(RetentionOnKafkaTest, WhatKafkaSaysOfTheTopicCountsWhenItIsMadeAgain) {
  RealTopic topic(kafka_, 1);
  topic.Produce(0, "a", PaymentJson("a"));
  topic.Produce(0, "a", std::nullopt);
  const auto server = StartServer(topic);
  EXPECT_EQ(server->rejected(RejectReason::kTombstone), 1);
  EXPECT_TRUE(TestUnary(server->port()).Get("a").ok()) << "no tombstone deletes where nothing is compacted";
  topic.Delete();
  EXPECT_TRUE(Eventually([&] { return !server->serving(); }));
  topic.CreateCompacted();
  topic.Produce(0, "b", PaymentJson("b"));
  EXPECT_TRUE(Eventually([&] { return TestUnary(server->port()).Get("b").ok(); }));
  topic.Produce(0, "b", std::nullopt);
  EXPECT_TRUE(
      Eventually([&] { return TestUnary(server->port()).Get("b").error_code() == grpc::StatusCode::NOT_FOUND; }));
  EXPECT_EQ(server->rejected(RejectReason::kTombstone), 1);
}

}  // namespace
}  // namespace pipeline
