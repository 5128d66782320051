// The mock broker is a Kafka that real clients can use, in a process of its own that ends with its owner, and that
// answers or is said to be dead.
#include "harness/broker/mock_broker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <csignal>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "common/kafka.h"
#include "harness/broker/kafka_cluster.h"
#include "tests/process/process_testing.h"

namespace harness {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::string CreateError(MockBroker* broker, const std::string& topic, int partitions) {
  try {
    broker->CreateTopic(topic, partitions);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "created";
}

pipeline::KafkaPtr<rd_kafka_t> MakeClient(rd_kafka_type_t type, const std::string& brokers) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char reason[512];
  const std::map<std::string, std::string> properties = {
      {"bootstrap.servers", brokers}, {"group.id", "test"}, {"fetch.wait.max.ms", "1"}};
  for (const auto& [name, value] : properties) {
    if (type == RD_KAFKA_PRODUCER && name != "bootstrap.servers") continue;
    EXPECT_EQ(rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason, sizeof(reason)), RD_KAFKA_CONF_OK) << reason;
  }
  pipeline::KafkaPtr<rd_kafka_t> client(rd_kafka_new(type, conf, reason, sizeof(reason)));
  EXPECT_TRUE(client) << reason;
  return client;
}

void Produce(const std::string& brokers, const std::string& topic, int partitions, int count) {
  const auto producer = MakeClient(RD_KAFKA_PRODUCER, brokers);
  const pipeline::KafkaPtr<rd_kafka_topic_t> handle(rd_kafka_topic_new(producer.get(), topic.c_str(), nullptr));
  for (int i = 0; i < count; ++i) {
    std::string value = "value " + std::to_string(i);
    ASSERT_EQ(rd_kafka_produce(handle.get(), i % partitions, RD_KAFKA_MSG_F_COPY, value.data(), value.size(), nullptr,
                               0, nullptr),
              0);
  }
  ASSERT_EQ(rd_kafka_flush(producer.get(), 30'000), RD_KAFKA_RESP_ERR_NO_ERROR);
}

// Values by (partition, offset), of `count` records.
std::map<std::pair<int, int64_t>, std::string> Consume(const std::string& brokers, const std::string& topic,
                                                       int partitions, int count) {
  std::map<std::pair<int, int64_t>, std::string> values;
  const auto consumer = MakeClient(RD_KAFKA_CONSUMER, brokers);
  rd_kafka_poll_set_consumer(consumer.get());
  const pipeline::KafkaPtr<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(partitions));
  for (int i = 0; i < partitions; ++i) rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), i)->offset = 0;
  EXPECT_EQ(rd_kafka_assign(consumer.get(), list.get()), RD_KAFKA_RESP_ERR_NO_ERROR);
  const int64_t deadline_ns = Soon();
  while (values.size() < static_cast<size_t>(count) && pipeline::MonotonicNs() < deadline_ns) {
    const pipeline::KafkaPtr<rd_kafka_message_t> message(rd_kafka_consumer_poll(consumer.get(), 100));
    if (!message || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    values[{message->partition, message->offset}] = {static_cast<const char*>(message->payload), message->len};
  }
  rd_kafka_consumer_close(consumer.get());
  return values;
}

TEST(KafkaClusterTest, KnowsHowManyPartitionsATopicHasNow) {
  Supervisor supervisor;
  MockBroker broker(&supervisor, {.brokers = 1, .log_path = {}});
  broker.CreateTopic("payments", 3);
  pipeline::KafkaSettings kafka;
  kafka.brokers = broker.bootstrap();
  constexpr int kWithinMs = 30'000;
  KafkaCluster cluster(kafka, kWithinMs, [] { return false; });
  EXPECT_EQ(cluster.PartitionCount("payments"), 3);
}

TEST(MockBrokerTest, RealClientsProduceAndConsumeThroughIt) {
  constexpr int kPartitions = 3;
  constexpr int kRecords = 300;
  Supervisor supervisor;
  MockBroker broker(&supervisor, {});
  EXPECT_THAT(broker.bootstrap(), MatchesRegex("127.0.0.1:[0-9]+"));
  broker.CreateTopic("payments.raw", kPartitions);
  Produce(broker.bootstrap(), "payments.raw", kPartitions, kRecords);
  const auto values = Consume(broker.bootstrap(), "payments.raw", kPartitions, kRecords);
  ASSERT_EQ(values.size(), static_cast<size_t>(kRecords));
  for (int i = 0; i < kRecords; ++i) {
    EXPECT_EQ(values.at({i % kPartitions, i / kPartitions}), "value " + std::to_string(i));
  }
}

TEST(MockBrokerTest, HasAsManyBrokersAsItIsTold) {
  Supervisor supervisor;
  const MockBroker broker(&supervisor, {.brokers = 3, .log_path = ""});
  EXPECT_THAT(broker.bootstrap(), MatchesRegex("(127.0.0.1:[0-9]+,){2}127.0.0.1:[0-9]+"));
  EXPECT_THROW(MockBroker(&supervisor, {.brokers = 0, .log_path = ""}), std::runtime_error);
}

TEST(MockBrokerTest, SaysWhyATopicIsNotCreated) {
  Supervisor supervisor;
  MockBroker broker(&supervisor, {});
  EXPECT_EQ(CreateError(&broker, "t", 2), "created");
  EXPECT_THAT(CreateError(&broker, "t", 2), HasSubstr("topic t can't be created: "));
  EXPECT_THAT(CreateError(&broker, "", 2), HasSubstr("allowed: 1 to 249 of a-z"));
  EXPECT_THAT(CreateError(&broker, "a b\xFF", 2), HasSubstr("allowed: 1 to 249 of a-z"));
  EXPECT_THAT(CreateError(&broker, "u", 0), HasSubstr("topic u with 0 partitions; allowed: 1 to"));
  EXPECT_EQ(CreateError(&broker, "u", 200), "created");
}

TEST(MockBrokerTest, ADeadBrokerIsSaidToBeDead) {
  Supervisor supervisor;
  MockBroker broker(&supervisor, {.brokers = 1, .log_path = "/dev/null"});
  ASSERT_TRUE(supervisor.Signal(broker.pid(), SIGKILL));
  const std::string error = CreateError(&broker, "t", 1);
  EXPECT_THAT(error, MatchesRegex(".*has ended: signal 9[^;]*; see /dev/null.*"));
}

TEST(MockBrokerTest, EndsWithItsOwner) {
  Supervisor supervisor;
  int64_t pid = 0;
  {
    const MockBroker broker(&supervisor, {});
    pid = broker.pid();
    EXPECT_TRUE(supervisor.IsRunning(pid));
  }
  const auto exit = supervisor.WaitExit(pid, 0);
  ASSERT_TRUE(exit);
  EXPECT_EQ(DescribeExit(*exit), "exit 0");
}

TEST(MockBrokerProcessTest, AnswersWhateverItIsToldUntilItsInputCloses) {
  Supervisor supervisor;
  Pipe input;
  Pipe output;
  ProcessSpec spec;
  spec.name = "broker";
  spec.argv = {"/proc/self/exe", "--mock-broker", "1"};
  spec.stdin_fd = input.reader();
  spec.stdout_fd = output.writer();
  const int64_t pid = supervisor.Start(spec);
  output.CloseWriter();
  input.CloseReader();
  const auto ready = nlohmann::json::parse(output.ReadLine()).at("ready");
  EXPECT_THAT(ready.at("version").get<std::string>(), MatchesRegex("librdkafka .*"));
  const std::string lines = "\nnonsense\n{\"id\":7,\"command\":\"explode\"}\n" + std::string(200'000, 'x') +
                            "\n{\"id\":8,\"command\":\"ping\"}\n";
  for (size_t sent = 0; sent < lines.size();) {
    const ssize_t count = write(input.writer(), lines.data() + sent, lines.size() - sent);
    ASSERT_GT(count, 0);
    sent += static_cast<size_t>(count);
  }
  for (int i = 0; i < 2; ++i) EXPECT_THAT(output.ReadLine(), HasSubstr("not a JSON object"));
  EXPECT_THAT(output.ReadLine(), HasSubstr("unknown command"));
  EXPECT_THAT(output.ReadLine(), HasSubstr("not a JSON object"));
  EXPECT_EQ(output.ReadLine(), R"({"id":8,"ok":true})");
  input.CloseWriter();
  const auto exit = supervisor.WaitExit(pid, Soon());
  ASSERT_TRUE(exit);
  EXPECT_EQ(DescribeExit(*exit), "exit 0");
  EXPECT_EQ(output.ReadAll(), "");
}

}  // namespace
}  // namespace harness
