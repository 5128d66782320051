// Asks Kafka how a topic is configured: whether its log is compacted. Called by TopicWatch for KafkaReader. Blocks up
// to its timeout.
#pragma once

#include <librdkafka/rdkafka.h>

#include <optional>
#include <string>

#include "server/kafka/kafka_queries.h"

namespace pipeline {

// Whether the topic's `cleanup.policy` has `compact`. `facts` are what AskTopic has just said with this handle.
// nullopt: there is no broker that could be asked (librdkafka's mock cluster has none). Throws TopicRefused when Kafka
// does not let us see it, std::runtime_error when it does not answer.
std::optional<bool> AskCompacted(rd_kafka_t* handle, const std::string& topic, const TopicFacts& facts, int timeout_ms);

}  // namespace pipeline
