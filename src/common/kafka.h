// Small owners for librdkafka's C handles, and the one place where KafkaSettings become librdkafka properties. Called
// by the server's reader, the producer, the harness's audit and generator. The functions are thread-safe.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/settings.h"

namespace pipeline {

struct KafkaDeleter {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
  void operator()(const rd_kafka_metadata_t* metadata) const { rd_kafka_metadata_destroy(metadata); }
};
template <typename T>
using KafkaPtr = std::unique_ptr<T, KafkaDeleter>;

using KafkaProperties = std::vector<std::pair<std::string, std::string>>;

// A configuration: the settings' brokers and security, then `properties` (the program's own), then the settings' own
// (KAFKA_PROPERTIES, then `-X`), which win. Throws SettingsError with librdkafka's reason for one that it refuses. Logs
// of librdkafka go to spdlog at its own levels. socket.nagle.disable is set.
KafkaPtr<rd_kafka_conf_t> MakeKafkaConf(const KafkaSettings& settings, const KafkaProperties& properties);

// A client of that configuration. Throws std::runtime_error with librdkafka's reason.
KafkaPtr<rd_kafka_t> MakeKafka(rd_kafka_type_t type, KafkaPtr<rd_kafka_conf_t> conf);

// Partition count of a topic, without creating it: asks for all topics' metadata. 0: absent. Throws std::runtime_error
// (broker not reached within `timeout_ms`) with the address.
int PartitionCount(rd_kafka_t* handle, const std::string& topic, int timeout_ms);

}  // namespace pipeline
