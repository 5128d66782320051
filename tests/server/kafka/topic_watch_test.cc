// What the watch finds out about the topic and its leaders: an answer without the topic ends nothing, a right that was
// lost is told as such, a leader that does not answer is not "no lag", and what is well costs nothing.
#include "server/kafka/topic_watch.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/server/ops/scrape.h"
#include "tests/server/server_testing.h"

namespace pipeline {
namespace {

constexpr char kTopic[] = "payments.raw";

// The topic is looked at ten times a second.
ServerOptions Watched(const TestKafka& kafka) {
  ServerOptions options = MeasuredOptions(kafka.settings());
  options.kafka.properties.emplace_back("topic.metadata.refresh.interval.ms=100");
  return options;
}

double Metric(const PaymentServer& server, const std::string& name) {
  return ScrapeMetrics(server.metrics_port())["payment_server_" + name];
}

// A server that has read the topic, and a stream that has had `payments` of it.
struct Reading {
  Reading(const ServerOptions& options, size_t payments) : server(options) {
    server.Start();
    stream.emplace(server.port()).Open();
    EXPECT_EQ(stream->ReadMany(payments).size(), payments);
  }

  PaymentServer server;
  std::optional<TestStream> stream;
};

// Once more than it was, the server has seen what was done.
bool HasCheckedAgain(const PaymentServer& server, int times) {
  const double before = Metric(server, "log_checks_total");
  return Eventually([&] { return Metric(server, "log_checks_total") >= before + times; });
}

TEST(TopicWatchTest, ATopicThatIsUnknownForSecondsIsNotDeleted) {
  TestKafka kafka(1);
  kafka.ProducePayment(0, "pay_0");
  kafka.Flush();
  Reading reading(Watched(kafka), 1);
  PaymentServer& server = reading.server;
  rd_kafka_mock_topic_set_error(kafka.mock(), kTopic, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  EXPECT_TRUE(HasCheckedAgain(server, 8));
  rd_kafka_mock_topic_set_error(kafka.mock(), kTopic, RD_KAFKA_RESP_ERR_NO_ERROR);
  kafka.ProducePayment(0, "pay_1");
  kafka.Flush();
  EXPECT_EQ(reading.stream->ReadMany(1).at(0).payment().id(), "pay_1") << "the stream was never broken";
  EXPECT_TRUE(Eventually([&] { return server.serving(); }));
  EXPECT_EQ(Metric(server, "logs_replaced_total"), 0);
  EXPECT_EQ(Metric(server, "records_accepted_total"), 2) << "nothing was loaded again";
}

TEST(TopicWatchTest, ALostRightToDescribeIsNotADeletedTopic) {
  TestKafka kafka(1);
  kafka.ProducePayment(0, "pay_0");
  kafka.Flush();
  Reading reading(Watched(kafka), 1);
  PaymentServer& server = reading.server;
  rd_kafka_mock_topic_set_error(kafka.mock(), kTopic, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  EXPECT_TRUE(Eventually([&] { return !server.serving(); }));
  EXPECT_EQ(Metric(server, "kafka_topic_present"), 1);
  PaymentServer late(TestOptions(kafka.settings()));
  late.Start();
  EXPECT_TRUE(Eventually([&] {
    return TestUnary(late.port()).Get("pay_0").error_message() ==
           "Kafka does not let us describe topic payments.raw (TOPIC_AUTHORIZATION_FAILED)";
  }));
  rd_kafka_mock_topic_set_error(kafka.mock(), kTopic, RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_TRUE(Eventually([&] { return server.serving() && late.serving(); }));
  kafka.ProducePayment(0, "pay_1");
  kafka.Flush();
  EXPECT_EQ(reading.stream->ReadMany(1).at(0).payment().id(), "pay_1");
}

// Partition 1 is led by a broker that goes away; partition 0 is read on.
TEST(TopicWatchTest, ALeaderThatDoesNotAnswerIsNotNoLag) {
  TestKafka kafka(2, kTopic, true, 2);
  for (int p = 0; p < 2; ++p) rd_kafka_mock_partition_set_leader(kafka.mock(), kTopic, p, p + 1);
  for (int p = 0; p < 2; ++p) kafka.ProducePayment(p, "pay_" + std::to_string(p));
  kafka.Flush();
  Reading reading(MeasuredOptions(kafka.settings()), 2);
  PaymentServer& server = reading.server;
  ASSERT_TRUE(Eventually([&] { return Metric(server, "partitions_unreachable") == 0; }));
  EXPECT_EQ(Metric(server, "partition_lag_records{partition=\"1\"}"), 0);
  rd_kafka_mock_broker_set_down(kafka.mock(), 2);
  EXPECT_TRUE(Eventually([&] { return !server.serving(); }));
  EXPECT_TRUE(Eventually([&] { return Metric(server, "partitions_unreachable") == 1; }));
  const Scrape scrape = ScrapeMetrics(server.metrics_port());
  EXPECT_EQ(scrape["payment_server_kafka_reachable"], 0);
  EXPECT_EQ(scrape.values.count("payment_server_partition_lag_records{partition=\"1\"}"), 0u) << scrape.text;
  EXPECT_EQ(scrape["payment_server_partition_lag_records{partition=\"0\"}"], 0);
  EXPECT_GT(scrape["payment_server_lag_seconds"], 0);
  EXPECT_GT(scrape["payment_server_partition_end_age_seconds{partition=\"1\"}"], 0);
  kafka.ProducePayment(0, "pay_2");
  kafka.Flush();
  EXPECT_EQ(reading.stream->ReadMany(1).at(0).payment().id(), "pay_2") << "the other leader answers";
  rd_kafka_mock_broker_set_up(kafka.mock(), 2);
  kafka.ProducePayment(1, "pay_3");
  kafka.Flush();
  EXPECT_EQ(reading.stream->ReadMany(1).at(0).payment().id(), "pay_3");
  EXPECT_TRUE(Eventually([&] { return server.serving() && Metric(server, "partitions_unreachable") == 0; }));
}

TEST(TopicWatchTest, ANewLeaderIsLookedAtBeforeItIsBelieved) {
  TestKafka kafka(1, kTopic, true, 2);
  rd_kafka_mock_partition_set_leader(kafka.mock(), kTopic, 0, 1);
  kafka.ProducePayment(0, "pay_0");
  kafka.Flush();
  Reading reading(MeasuredOptions(kafka.settings()), 1);
  PaymentServer& server = reading.server;
  const double before = Metric(server, "log_checks_total");
  rd_kafka_mock_partition_set_leader(kafka.mock(), kTopic, 0, 2);
  kafka.ProducePayment(0, "pay_1");
  kafka.Flush();
  EXPECT_EQ(reading.stream->ReadMany(1).at(0).payment().id(), "pay_1");
  EXPECT_GT(Metric(server, "log_checks_total"), before);
  EXPECT_EQ(Metric(server, "logs_replaced_total"), 0);
}

TEST(TopicWatchTest, AsksForTheOneTopicOnceItIsKnown) {
  TestKafka kafka(3);
  const auto handle = MakeKafka(RD_KAFKA_CONSUMER, MakeConsumerConf(kafka.settings()));
  for (const bool known : {false, true}) {
    const TopicFacts facts = AskTopic(handle.get(), kTopic, known, 20'000);
    EXPECT_EQ(facts.partitions, 3);
    EXPECT_EQ(facts.leaders, (std::vector<int32_t>{1, 1, 1}));
    EXPECT_EQ(facts.hosts.at(1), kafka.settings().brokers);
  }
  EXPECT_EQ(AskTopic(handle.get(), "absent", false, 20'000).partitions, 0);
  EXPECT_EQ(AskTopic(handle.get(), "absent", false, 20'000).partitions, 0) << "the question has not made it";
}

}  // namespace
}  // namespace pipeline
