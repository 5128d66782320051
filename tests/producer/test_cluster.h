// What the tests of producing share: librdkafka's mock cluster in this process, and an independent reader of its
// topics.
#pragma once

#include <librdkafka/rdkafka.h>
// After the other.
#include <librdkafka/rdkafka_mock.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/kafka.h"

namespace pipeline {

class TestCluster {
 public:
  explicit TestCluster(int partitions);
  ~TestCluster();
  TestCluster(const TestCluster&) = delete;
  TestCluster& operator=(const TestCluster&) = delete;

  // For its topic.
  KafkaSettings settings() const;
  int partitions() const { return partitions_; }
  rd_kafka_mock_cluster_t* mock() { return mock_; }
  void SetDown() { rd_kafka_mock_broker_set_down(mock_, 1); }
  void SetUp() { rd_kafka_mock_broker_set_up(mock_, 1); }

 private:
  int partitions_;
  KafkaPtr<rd_kafka_t> host_;
  rd_kafka_mock_cluster_t* mock_ = nullptr;
};

struct TopicRecord {
  int32_t partition = 0;
  int64_t offset = 0;
  std::string key;
  std::string value;
};
// Everything in the cluster's topic, each partition from its start to its end in order. Fails the test when the end is
// not reached within a minute.
std::vector<TopicRecord> ReadTopic(const TestCluster& cluster);

// A deadline that only a hanging program reaches.
int64_t FarDeadlineNs();

}  // namespace pipeline
