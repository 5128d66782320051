// Asks Kafka what consuming does not tell (the topic, its watermarks), and makes the configuration that all consumers
// of the server share. Thread-safe. Calls block up to their timeout: never from a gRPC thread.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/kafka.h"
#include "stream/replica_state.h"

namespace pipeline {

// A consumer that never joins a group, commits nothing, says where partitions end, and reports an offset that is out of
// range instead of jumping. `properties` are added to that, `-X` ones win. Throws SettingsError.
KafkaPtr<rd_kafka_conf_t> MakeConsumerConf(const KafkaSettings& settings, const KafkaProperties& properties = {});

// How long a broker may keep a fetch without records, as such a consumer asks for it (`fetch.wait.max.ms`).
int FetchWaitMs(const KafkaSettings& settings);

// What a property of `conf` is set to; empty: nothing.
std::string ConfValue(const rd_kafka_conf_t* conf, const std::string& name);

// What librdkafka says of a broker, without the time that it has been so: the same trouble has the same text.
std::string BrokerErrorText(std::string text);

// A topic as its cluster describes it.
struct TopicFacts {
  int32_t partitions = 0;                // 0: there is none
  std::vector<int32_t> leaders;          // of each partition; -1: none
  std::map<int32_t, std::string> hosts;  // "host:port" of the brokers
};

// Kafka has answered, and does not describe the topic, or not to us.
struct TopicRefused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Asks for this topic alone when it is known to have been there; else for all there are, because a broker before 0.11
// creates a topic that it is asked for. Throws std::runtime_error, TopicRefused with Kafka's reason.
TopicFacts AskTopic(rd_kafka_t* handle, const std::string& topic, bool known, int timeout_ms);

// Of partitions 0 to `count` - 1, as the brokers say now. Throws std::runtime_error with the reason.
std::vector<Watermarks> QueryWatermarks(rd_kafka_t* handle, const std::string& topic, int32_t count, int timeout_ms);

// Of one partition.
Watermarks QueryWatermark(rd_kafka_t* handle, const std::string& topic, int32_t partition, int timeout_ms);

// Consumes partition p from next_offsets[p]; one below 0 leaves the partition out. Messages of an earlier assignment no
// longer come. Throws std::runtime_error.
void AssignAt(rd_kafka_t* handle, const std::string& topic, const std::vector<int64_t>& next_offsets);

// The same for partitions that are assigned, also while the topic is not there: an assignment that is given up then
// makes librdkafka 2.0.2 wait for ever when the client is closed. False: some partition is not being read (it was out
// of range); only an assignment helps.
bool SeekTo(rd_kafka_t* handle, const std::string& topic, const std::vector<int64_t>& next_offsets, int timeout_ms);

}  // namespace pipeline
