// A real Kafka cluster that a run uses: what it has, and the topic of the run's own, made and deleted through
// librdkafka's admin API. Called by the runner from one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/settings.h"

namespace harness {

class KafkaCluster {
 public:
  // Waits until the cluster answers. Throws pipeline::SettingsError for a property that librdkafka refuses, and
  // std::runtime_error with the address and Kafka's reason when nothing has answered `within_ms`, or when `stopped()`.
  KafkaCluster(const pipeline::KafkaSettings& kafka, int within_ms, const std::function<bool()>& stopped);
  ~KafkaCluster();

  int broker_count() const;
  const std::string& id() const;  // the cluster's

  // A new topic that keeps everything, whatever the cluster's defaults; returns when every partition has a leader.
  // Throws std::runtime_error with Kafka's reason.
  void CreateTopic(const std::string& topic, int partitions, int replication);
  // How many partitions the topic has now; nullopt when nothing answers.
  std::optional<int> PartitionCount(const std::string& topic);
  // Empty, or why the topic may still be there. A topic that is not there is fine.
  std::string DeleteTopic(const std::string& topic);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Whether a Kafka at `brokers` (no TLS, no SASL) answers a question for metadata within `timeout_ms`.
bool KafkaAnswers(const std::string& brokers, int timeout_ms);

}  // namespace harness
