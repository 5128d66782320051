#include "harness/broker/mock_cluster.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <algorithm>
#include <stdexcept>

#include "common/kafka.h"

// rd_kafka_mock_topic_create's errors and the header's place are what they are here from 2.0 on.
static_assert(RD_KAFKA_VERSION >= 0x02000000, "librdkafka 2.0 or newer is needed");

namespace harness {
namespace {

constexpr int kReplicationMax = 3;
constexpr size_t kTopicNameMax = 249;

struct ClusterDeleter {
  void operator()(rd_kafka_mock_cluster_t* cluster) const { rd_kafka_mock_cluster_destroy(cluster); }
};

// Kafka's own rule; the mock has none.
bool IsTopicName(const std::string& name) {
  return !name.empty() && name.size() <= kTopicNameMax && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                  c == '-';
         });
}

pipeline::KafkaPtr<rd_kafka_t> MakeHost() {
  pipeline::KafkaPtr<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  char reason[512];
  // The host's settings hold for the mock's own connections too. It says at level 5 (notice) that it has no cluster to
  // connect to, which is as it should be: only warnings and errors are passed on.
  for (const auto& [name, value] :
       {std::pair{"client.id", "mock-broker"}, {"socket.nagle.disable", "true"}, {"log_level", "4"}}) {
    if (rd_kafka_conf_set(conf.get(), name, value, reason, sizeof(reason)) != RD_KAFKA_CONF_OK) {
      throw std::runtime_error(std::string("can't set up the mock cluster: ") + reason);
    }
  }
  pipeline::KafkaPtr<rd_kafka_t> host(rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), reason, sizeof(reason)));
  if (!host) throw std::runtime_error(std::string("can't set up the mock cluster: ") + reason);
  static_cast<void>(conf.release());  // rd_kafka_new has taken it
  return host;
}

}  // namespace

struct MockCluster::Handles {
  pipeline::KafkaPtr<rd_kafka_t> host;
  std::unique_ptr<rd_kafka_mock_cluster_t, ClusterDeleter> cluster;
};

MockCluster::MockCluster(int brokers) : handles_(std::make_unique<Handles>()), brokers_(brokers) {
  if (brokers < 1 || brokers > kMockBrokersMax) {
    throw std::runtime_error("a mock cluster of " + std::to_string(brokers) + " brokers; allowed: 1 to " +
                             std::to_string(kMockBrokersMax));
  }
  handles_->host = MakeHost();
  handles_->cluster.reset(rd_kafka_mock_cluster_new(handles_->host.get(), brokers));
  if (!handles_->cluster) throw std::runtime_error("can't start the mock cluster: its ports can't be opened");
  bootstrap_ = rd_kafka_mock_cluster_bootstraps(handles_->cluster.get());
}

MockCluster::~MockCluster() = default;

void MockCluster::CreateTopic(const std::string& topic, int partitions) {
  if (!IsTopicName(topic)) {
    throw std::runtime_error("topic name \"" + topic.substr(0, kTopicNameMax) +
                             "\"; allowed: 1 to 249 of a-z A-Z 0-9 . _ -");
  }
  if (partitions < 1 || partitions > kMockPartitionsMax) {
    throw std::runtime_error("topic " + topic + " with " + std::to_string(partitions) + " partitions; allowed: 1 to " +
                             std::to_string(kMockPartitionsMax));
  }
  const rd_kafka_resp_err_t error = rd_kafka_mock_topic_create(handles_->cluster.get(), topic.c_str(), partitions,
                                                               std::min(brokers_, kReplicationMax));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw std::runtime_error("topic " + topic + " can't be created: " + rd_kafka_err2str(error));
  }
}

std::string MockVersion() { return std::string("librdkafka ") + rd_kafka_version_str(); }

}  // namespace harness
