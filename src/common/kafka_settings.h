// How to reach Kafka, as every program is told it: flags, then the environment. Called from main() only.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
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
  std::string sasl_password;                        // never in a log, a banner or the process list
  std::vector<std::string> environment_properties;  // KAFKA_PROPERTIES, passed to librdkafka before `properties`
  std::vector<std::string> properties;              // `-X key=value`, passed to librdkafka last
};
// --brokers, --topic, -X and their environment variables (KAFKA_BROKERS, KAFKA_TOPIC, KAFKA_GROUP_ID, KAFKA_SSL,
// KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD; the password from the environment alone, read by this
// call). KAFKA_SSL: true, false, 1, 0, yes, no. An empty variable counts as not set.
//
// KAFKA_PROPERTIES holds any property of librdkafka as KEY=VALUE, one a line, where -X would show it in the process
// list.
void AddKafkaOptions(CLI::App* app, KafkaSettings* settings);
// Of these the ones that say how to speak with the brokers, for programs that learn the addresses in another way:
// --ssl, --sasl-mechanism, --sasl-username, -X, KAFKA_SASL_PASSWORD, KAFKA_PROPERTIES. Returns the option of -X.
CLI::Option* AddKafkaSecurityOptions(CLI::App* app, KafkaSettings* settings);

// What is wrong with `name` as the name of a topic, as Kafka has it; "": nothing. Pure.
std::string CheckTopicName(std::string_view name);
// The same as a check of an option.
CLI::Validator TopicName();

// The lines of KAFKA_PROPERTIES for properties KEY=VALUE, and back. A newline in a value is written \n, a backslash \\;
// empty lines are skipped. Pure.
std::string JoinProperties(const std::vector<std::string>& properties);
std::vector<std::string> SplitProperties(std::string_view text);

}  // namespace pipeline
