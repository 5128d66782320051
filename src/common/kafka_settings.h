// How to reach Kafka, as every program is told it: flags, then the environment. Called from main() only.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "common/settings_error.h"

namespace pipeline {

struct KafkaSettings {
  std::string brokers = "localhost:9092";
  std::string topic = "payments.raw";
  std::string group_id = "payment-server";  // librdkafka wants one; nothing is committed
  bool ssl = false;
  std::string sasl_mechanism;  // empty: none
  std::string sasl_username;
  std::string sasl_password;            // never in a log, a banner or the process list
  std::vector<std::string> properties;  // `-X key=value`, passed to librdkafka last
};
// --brokers, --topic, -X and their environment variables (KAFKA_BROKERS, KAFKA_TOPIC, KAFKA_GROUP_ID, KAFKA_SSL,
// KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD; the password from the environment alone, read by this
// call). KAFKA_SSL: true, false, 1, 0, yes, no. An empty variable counts as not set.
void AddKafkaOptions(CLI::App* app, KafkaSettings* settings);

}  // namespace pipeline
