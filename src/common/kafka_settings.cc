#include "common/kafka_settings.h"

#include <algorithm>
#include <cstdlib>

namespace pipeline {
namespace {

// "true" or "false" in place of what people write. CLI11's own reading of booleans takes any number and more words.
CLI::Validator YesOrNo() {
  return {[](std::string& text) -> std::string {
            std::string word = text;
            std::transform(word.begin(), word.end(), word.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
            if (word == "true" || word == "1" || word == "yes") {
              text = "true";
            } else if (word == "false" || word == "0" || word == "no") {
              text = "false";
            } else {
              return "found \"" + text + "\" (--ssl or KAFKA_SSL); allowed: true, false, 1, 0, yes, no";
            }
            return {};
          },
          ""};
}

CLI::Validator NotEmpty() {
  return {[](std::string& text) -> std::string { return text.empty() ? "must not be empty" : ""; }, ""};
}

// The value stays out of the message: it may be a password.
CLI::Validator KeyAndValue() {
  return {[](std::string& text) -> std::string {
            const size_t equals = text.find('=');
            return equals == std::string::npos || equals == 0 ? "allowed: KEY=VALUE, for instance -X acks=all" : "";
          },
          ""};
}

}  // namespace

void AddKafkaOptions(CLI::App* app, KafkaSettings* settings) {
  constexpr const char* kGroup = "Kafka";
  const auto add = [&](const char* flag, std::string* value, const char* variable, const char* what) {
    return app->add_option(flag, *value, what)->envname(variable)->group(kGroup)->type_name("TEXT");
  };
  add("--brokers", &settings->brokers, "KAFKA_BROKERS", "Addresses, HOST:PORT, several with commas")
      ->check(NotEmpty())
      ->capture_default_str();
  add("--topic", &settings->topic, "KAFKA_TOPIC", "Topic with the raw payments")
      ->check(NotEmpty())
      ->capture_default_str();
  add("--group-id", &settings->group_id, "KAFKA_GROUP_ID", "Name at the broker; nothing is committed under it")
      ->check(NotEmpty())
      ->capture_default_str();
  app->add_flag("--ssl", settings->ssl, "Speak TLS with the brokers")
      ->envname("KAFKA_SSL")
      ->group(kGroup)
      ->transform(YesOrNo());
  add("--sasl-mechanism", &settings->sasl_mechanism, "KAFKA_SASL_MECHANISM", "PLAIN, SCRAM-SHA-256, ...");
  add("--sasl-username", &settings->sasl_username, "KAFKA_SASL_USERNAME",
      "User; the password comes from KAFKA_SASL_PASSWORD alone");
  app->add_option("-X", settings->properties, "Any property of librdkafka; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->group(kGroup)
      ->check(KeyAndValue());
  if (const char* password = std::getenv("KAFKA_SASL_PASSWORD"); password != nullptr) {
    settings->sasl_password = password;
  }
}

}  // namespace pipeline
