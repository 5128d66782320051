// What the server asks Kafka outside of consuming: watermarks, and the configuration that all its consumers share.
// Thread-safe. Calls block up to their timeout: never from a gRPC thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/kafka.h"
#include "stream/replica_state.h"

namespace pipeline {

// A consumer that never joins a group, commits nothing, says where partitions end, and reports an offset that is out of
// range instead of jumping. `properties` are added to that, `-X` ones win. Throws SettingsError.
KafkaPtr<rd_kafka_conf_t> MakeConsumerConf(const KafkaSettings& settings, const KafkaProperties& properties = {});

// Of partitions 0 to `count` - 1, as the brokers say now. Throws std::runtime_error with the reason.
std::vector<Watermarks> QueryWatermarks(rd_kafka_t* handle, const std::string& topic, int32_t count, int timeout_ms);

// Consumes partition p from next_offsets[p]; one below 0 leaves the partition out. Messages of an earlier assignment no
// longer come. Throws std::runtime_error.
void AssignAt(rd_kafka_t* handle, const std::string& topic, const std::vector<int64_t>& next_offsets);

}  // namespace pipeline
