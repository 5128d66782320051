// What the mock cluster does not do: Kafka knows a write that is tried again by its sequence number, and takes it once,
// however late the first one comes.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "server/kafka/kafka_queries.h"
#include "server/payment_server.h"
#include "tests/kafka/real_kafka.h"
#include "tests/server/kafka/kafka_proxy.h"

namespace pipeline {
namespace {

int64_t Records(const KafkaSettings& settings, const std::string& topic) {
  const auto handle = MakeKafka(RD_KAFKA_CONSUMER, MakeConsumerConf(settings));
  return QueryWatermark(handle.get(), topic, 0, 10'000).high;
}

TEST(DeadLettersOnKafkaTest, AWriteThatIsTriedAgainIsTakenOnceHoweverLateTheFirstComes) {
  KafkaSettings kafka;
  kafka.brokers = Environment("PIPELINE_TEST_KAFKA");
  if (kafka.brokers.empty()) GTEST_SKIP() << "PIPELINE_TEST_KAFKA names no Kafka (ci/real-kafka does)";
  RealTopic topic(kafka, 1);
  RealTopic letters(kafka, 1);
  topic.Produce(0, "k", "no payment");
  KafkaProxy proxy(kafka.brokers);
  ServerOptions options = TestOptions(topic.settings());
  options.kafka.brokers = proxy.address();
  // Soon given up where it may be given up, and tried again where not.
  options.kafka.properties.insert(options.kafka.properties.end(),
                                  {"message.timeout.ms=1500", "socket.timeout.ms=2000"});
  options.dead_letters.enabled = true;
  options.dead_letters.topic = letters.settings().topic;
  proxy.HoldNextWrite();
  PaymentServer server(options);
  server.Start();
  ASSERT_TRUE(Eventually([&] { return proxy.holds(); }));
  ASSERT_TRUE(Eventually([&] { return server.dead_letters().written == 1; })) << "by a second write";
  EXPECT_GE(proxy.writes(), 2);
  proxy.LetGo();
  ASSERT_TRUE(Eventually([&] { return proxy.taken_in(); }));
  EXPECT_EQ(Records(kafka, letters.settings().topic), 1);
}

}  // namespace
}  // namespace pipeline
