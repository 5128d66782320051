#include "tests/producer/test_cluster.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "common/clock.h"

namespace pipeline {

TestCluster::TestCluster(int partitions) : partitions_(partitions) {
  KafkaPtr<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  rd_kafka_conf_set(conf.get(), "log_level", "3", nullptr, 0);  // it warns that it has no brokers
  host_ = MakeKafka(RD_KAFKA_PRODUCER, std::move(conf));
  mock_ = rd_kafka_mock_cluster_new(host_.get(), 1);
  rd_kafka_mock_topic_create(mock_, settings().topic.c_str(), partitions, 1);
}

TestCluster::~TestCluster() { rd_kafka_mock_cluster_destroy(mock_); }

KafkaSettings TestCluster::settings() const {
  KafkaSettings settings;
  settings.brokers = mock_ == nullptr ? "" : rd_kafka_mock_cluster_bootstraps(mock_);
  settings.topic = "payments.raw";
  return settings;
}

std::vector<TopicRecord> ReadTopic(const TestCluster& cluster) {
  const KafkaPtr<rd_kafka_t> consumer =
      MakeKafka(RD_KAFKA_CONSUMER, MakeKafkaConf(cluster.settings(), {{"group.id", "test"},
                                                                      {"enable.partition.eof", "true"},
                                                                      {"enable.auto.commit", "false"},
                                                                      {"fetch.wait.max.ms", "1"}}));
  rd_kafka_poll_set_consumer(consumer.get());
  const KafkaPtr<rd_kafka_topic_partition_list_t> all(rd_kafka_topic_partition_list_new(cluster.partitions()));
  for (int32_t p = 0; p < cluster.partitions(); ++p) {
    rd_kafka_topic_partition_list_add(all.get(), cluster.settings().topic.c_str(), p)->offset = 0;
  }
  rd_kafka_assign(consumer.get(), all.get());
  std::vector<TopicRecord> records;
  std::set<int32_t> at_end;
  const int64_t deadline_ns = FarDeadlineNs();
  while (static_cast<int>(at_end.size()) < cluster.partitions() && MonotonicNs() < deadline_ns) {
    const KafkaPtr<rd_kafka_message_t> message(rd_kafka_consumer_poll(consumer.get(), 100));
    if (!message) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      at_end.insert(message->partition);
    } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      records.push_back({message->partition, message->offset,
                         std::string(static_cast<const char*>(message->key), message->key_len),
                         std::string(static_cast<const char*>(message->payload), message->len)});
    }
  }
  EXPECT_EQ(static_cast<int>(at_end.size()), cluster.partitions()) << "the topic's end was not reached";
  rd_kafka_consumer_close(consumer.get());
  return records;
}

int64_t FarDeadlineNs() { return MonotonicNs() + 60'000'000'000; }

}  // namespace pipeline
