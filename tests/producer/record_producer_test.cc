// Property: every record handed over gets exactly one outcome, and the outcome is true: what is kOk is in the topic
// where it says, in order; what is kFail is not there; nobody calls kFail what may be there. Held against librdkafka's
// mock cluster, through refusals, a broker that goes away, and fatal errors.
#include "producer/record_producer.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "tests/producer/test_cluster.h"

namespace pipeline {
namespace {

constexpr int16_t kProduceApi = 0;  // Kafka protocol guide, API keys

class Outcomes {
 public:
  RecordProducer::Sink Sink() {
    return [this](std::span<const DeliveryReport> reports) {
      const std::lock_guard lock(mutex_);
      for (const DeliveryReport& report : reports) {
        EXPECT_TRUE(reports_.emplace(report.sequence, report).second) << "two outcomes of " << report.sequence;
      }
    };
  }
  std::map<uint64_t, DeliveryReport> Get() const {
    const std::lock_guard lock(mutex_);
    return reports_;
  }
  int64_t Count(DeliveryOutcome outcome) const {
    int64_t count = 0;
    for (const auto& [sequence, report] : Get()) count += report.outcome == outcome ? 1 : 0;
    return count;
  }

 private:
  mutable std::mutex mutex_;
  std::map<uint64_t, DeliveryReport> reports_;
};

std::string KeyOf(uint64_t sequence) { return "key-" + std::to_string(sequence % 50); }
std::string ValueOf(uint64_t sequence) { return "value-" + std::to_string(sequence); }

void SendOne(RecordProducer* producer, uint64_t sequence, int32_t partition) {
  const int64_t deadline_ns = FarDeadlineNs();
  while (!producer->TrySend(sequence, partition, KeyOf(sequence), ValueOf(sequence))) {
    ASSERT_LT(MonotonicNs(), deadline_ns) << "no room";
    producer->WaitForRoom(MonotonicNs() + 20'000'000);
  }
}

// The outcomes against the topic.
void CheckTruth(const TestCluster& cluster, const Outcomes& outcomes) {
  std::map<std::pair<int32_t, int64_t>, TopicRecord> at;
  std::map<std::string, int> times;
  for (const TopicRecord& record : ReadTopic(cluster)) {
    ++times[record.value];
    at[{record.partition, record.offset}] = record;
  }
  std::map<int32_t, int64_t> last_offset;
  for (const auto& [sequence, report] : outcomes.Get()) {
    if (report.outcome == DeliveryOutcome::kFail) {
      EXPECT_EQ(times[ValueOf(sequence)], 0) << sequence;
    }
    if (report.outcome != DeliveryOutcome::kOk) continue;
    const auto found = at.find({report.partition, report.offset});
    ASSERT_NE(found, at.end()) << sequence;
    EXPECT_EQ(found->second.key, KeyOf(sequence));
    EXPECT_EQ(found->second.value, ValueOf(sequence));
    const auto [last, first] = last_offset.emplace(report.partition, -1);
    EXPECT_GT(report.offset, last->second) << sequence;
    last->second = report.offset;
  }
}

TEST(RecordProducerTest, EveryRecordIsInTheTopicWhereItsReportSaysInOrder) {
  TestCluster cluster(4);
  Outcomes outcomes;
  RecordProducer producer({cluster.settings(), {}}, outcomes.Sink());
  EXPECT_EQ(producer.Partitions(10'000), 4);
  producer.LearnTopic(10'000);
  for (uint64_t i = 1; i <= 5'000; ++i) SendOne(&producer, i, -1);
  ASSERT_TRUE(producer.WaitUntilBelow(1, FarDeadlineNs()));
  EXPECT_EQ(outcomes.Count(DeliveryOutcome::kOk), 5'000);
  std::map<std::string, int32_t> partition_of;
  for (const auto& [sequence, report] : outcomes.Get()) {
    EXPECT_EQ(partition_of.emplace(KeyOf(sequence), report.partition).first->second, report.partition);
  }
  CheckTruth(cluster, outcomes);
}

TEST(RecordProducerTest, ExplicitPartitionsAreRespected) {
  TestCluster cluster(4);
  Outcomes outcomes;
  RecordProducer producer({cluster.settings(), {}}, outcomes.Sink());
  for (uint64_t i = 1; i <= 100; ++i) SendOne(&producer, i, static_cast<int32_t>(i % 4));
  ASSERT_TRUE(producer.WaitUntilBelow(1, FarDeadlineNs()));
  for (const auto& [sequence, report] : outcomes.Get()) EXPECT_EQ(report.partition, static_cast<int32_t>(sequence % 4));
  CheckTruth(cluster, outcomes);
}

TEST(RecordProducerTest, ARecordThatLibrdkafkaRefusesIsFailedAtOnce) {
  TestCluster cluster(1);
  Outcomes outcomes;
  RecordProducer producer({cluster.settings(), {{"message.max.bytes", "2000"}}}, outcomes.Sink());
  EXPECT_TRUE(producer.TrySend(1, -1, "key", std::string(3'000, 'x')));
  EXPECT_EQ(outcomes.Count(DeliveryOutcome::kFail), 1);
  EXPECT_EQ(outcomes.Get()[1].error, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  EXPECT_EQ(producer.in_flight(), 0);
}

TEST(RecordProducerTest, ARecordThatTheBrokerRefusesIsFailed) {
  TestCluster cluster(1);
  Outcomes outcomes;
  RecordProducer producer({cluster.settings(), {}}, outcomes.Sink());
  rd_kafka_mock_push_request_errors(cluster.mock(), kProduceApi, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  SendOne(&producer, 1, -1);
  ASSERT_TRUE(producer.WaitUntilBelow(1, FarDeadlineNs()));
  SendOne(&producer, 2, -1);
  ASSERT_TRUE(producer.WaitUntilBelow(1, FarDeadlineNs()));
  EXPECT_EQ(outcomes.Get()[1].outcome, DeliveryOutcome::kFail);
  EXPECT_EQ(outcomes.Get()[2].outcome, DeliveryOutcome::kOk);
  CheckTruth(cluster, outcomes);
}

TEST(RecordProducerTest, NoMoreThanTheLimitIsInFlight) {
  TestCluster cluster(1);
  Outcomes outcomes;
  RecordProducer producer({cluster.settings(), {}, 10}, outcomes.Sink());
  cluster.SetDown();
  uint64_t sequence = 1;
  while (producer.TrySend(sequence, -1, KeyOf(sequence), ValueOf(sequence))) ++sequence;
  EXPECT_EQ(sequence, 11u);
  EXPECT_EQ(producer.in_flight(), 10);
  EXPECT_EQ(producer.room(), 0);
  EXPECT_EQ(producer.full_retries(), 1);
  cluster.SetUp();
  SendOne(&producer, sequence, -1);
  ASSERT_TRUE(producer.WaitUntilBelow(1, FarDeadlineNs()));
  EXPECT_EQ(outcomes.Count(DeliveryOutcome::kOk), 11);
  CheckTruth(cluster, outcomes);
}

TEST(RecordProducerTest, WhatIsPurgedIsUnknown) {
  TestCluster cluster(2);
  Outcomes outcomes;
  RecordProducer producer({cluster.settings(), {}}, outcomes.Sink());
  for (uint64_t i = 1; i <= 10; ++i) SendOne(&producer, i, -1);
  ASSERT_TRUE(producer.WaitUntilBelow(1, FarDeadlineNs()));
  cluster.SetDown();
  for (uint64_t i = 11; i <= 30; ++i) SendOne(&producer, i, -1);
  EXPECT_FALSE(producer.WaitUntilBelow(1, MonotonicNs() + 50'000'000));
  producer.Purge();
  EXPECT_EQ(producer.in_flight(), 0);
  EXPECT_EQ(outcomes.Count(DeliveryOutcome::kOk), 10);
  EXPECT_EQ(outcomes.Count(DeliveryOutcome::kUnknown), 20);
  // It goes on afterwards.
  cluster.SetUp();
  SendOne(&producer, 31, -1);
  ASSERT_TRUE(producer.WaitUntilBelow(1, FarDeadlineNs()));
  EXPECT_EQ(outcomes.Get()[31].outcome, DeliveryOutcome::kOk);
  EXPECT_EQ(producer.reports_lost(), 0);
  CheckTruth(cluster, outcomes);
}

TEST(RecordProducerTest, TheDestructorTellsWhatIsOpen) {
  TestCluster cluster(1);
  Outcomes outcomes;
  {
    RecordProducer producer({cluster.settings(), {}}, outcomes.Sink());
    cluster.SetDown();
    for (uint64_t i = 1; i <= 5; ++i) SendOne(&producer, i, -1);
  }
  EXPECT_EQ(outcomes.Count(DeliveryOutcome::kUnknown), 5);
}

// librdkafka answers this error of an idempotent producer with a fatal one, after which it takes no more records.
TEST(RecordProducerTest, AfterAFatalErrorItIsRebuiltAndEveryRecordHasItsOutcome) {
  TestCluster cluster(2);
  Outcomes outcomes;
  // Small batches, so that most records are still in librdkafka's queue when it fails.
  RecordProducer producer({cluster.settings(), {{"batch.num.messages", "10"}}}, outcomes.Sink());
  for (uint64_t i = 1; i <= 10; ++i) SendOne(&producer, i, -1);
  ASSERT_TRUE(producer.WaitUntilBelow(1, FarDeadlineNs()));
  rd_kafka_mock_push_request_errors(cluster.mock(), kProduceApi, 1, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
  for (uint64_t i = 11; i <= 2'000; ++i) SendOne(&producer, i, -1);
  ASSERT_TRUE(producer.WaitUntilBelow(1, FarDeadlineNs()));
  const int64_t deadline_ns = FarDeadlineNs();
  while (producer.rebuilds() == 0 && MonotonicNs() < deadline_ns) producer.WaitForRoom(MonotonicNs() + 20'000'000);
  EXPECT_GE(producer.rebuilds(), 1);
  for (uint64_t i = 2'001; i <= 2'100; ++i) SendOne(&producer, i, -1);
  ASSERT_TRUE(producer.WaitUntilBelow(1, FarDeadlineNs()));
  EXPECT_EQ(outcomes.Get().size(), 2'100u);
  EXPECT_EQ(outcomes.Get()[2'100].outcome, DeliveryOutcome::kOk);
  EXPECT_EQ(outcomes.Count(DeliveryOutcome::kFail), 0);
  EXPECT_EQ(producer.reports_lost(), 0);
  CheckTruth(cluster, outcomes);
}

TEST(RecordProducerTest, RefusesImpossibleProperties) {
  TestCluster cluster(1);
  KafkaSettings settings = cluster.settings();
  settings.properties = {"acks=1"};  // contradicts idempotence
  EXPECT_THROW(RecordProducer({settings, {}}, [](auto) {}), std::runtime_error);
  settings.properties = {"no.such.property=1"};
  EXPECT_THROW(RecordProducer({settings, {}}, [](auto) {}), SettingsError);
}

}  // namespace
}  // namespace pipeline
