#include "common/kafka_settings.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

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

constexpr const char* kGroup = "Kafka";

CLI::Option* AddText(CLI::App* app, const char* flag, std::string* value, const char* variable, const char* what) {
  return app->add_option(flag, *value, what)->envname(variable)->group(kGroup)->type_name("TEXT");
}

}  // namespace

std::string CheckTopicName(std::string_view name) {
  constexpr size_t kBytesMax = 249;
  const bool legal = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
  if (legal && !name.empty() && name.size() <= kBytesMax && name != "." && name != "..") return "";
  const std::string found = name.size() > kBytesMax ? "a name of " + std::to_string(name.size()) + " characters"
                                                    : "\"" + std::string(name) + "\"";
  return "found " + found + "; allowed: a topic's name, 1 to 249 of a-z A-Z 0-9 . _ -, but not \".\" or \"..\"";
}

CLI::Validator TopicName() {
  return {[](std::string& text) -> std::string { return CheckTopicName(text); }, ""};
}

std::string JoinProperties(const std::vector<std::string>& properties) {
  std::string text;
  for (const std::string& property : properties) {
    for (const char c : property) {
      if (c == '\n') {
        text += "\\n";
      } else {
        text += c == '\\' ? std::string("\\\\") : std::string(1, c);
      }
    }
    text += '\n';
  }
  return text;
}

std::vector<std::string> SplitProperties(std::string_view text) {
  std::vector<std::string> properties;
  std::string property;
  // Lines as people write them in a file: indented, with comments between.
  const auto end = [&] {
    property.erase(0, std::min(property.find_first_not_of(" \t\r"), property.size()));
    if (property.ends_with('\r')) property.pop_back();
    if (!property.empty() && property.front() != '#') properties.push_back(property);
    property.clear();
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      end();
    } else if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == 'n' || text[i + 1] == '\\')) {
      property += text[++i] == 'n' ? '\n' : '\\';
    } else {
      property += text[i];
    }
  }
  end();
  return properties;
}

void AddKafkaOptions(CLI::App* app, KafkaSettings* settings) {
  const auto add = [&](const char* flag, std::string* value, const char* variable, const char* what) {
    return AddText(app, flag, value, variable, what);
  };
  add("--brokers", &settings->brokers, "KAFKA_BROKERS", "Addresses, HOST:PORT, several with commas")
      ->check(NotEmpty())
      ->capture_default_str();
  add("--topic", &settings->topic, "KAFKA_TOPIC", "Topic with the raw payments")
      ->check(TopicName())
      ->capture_default_str();
  add("--group-id", &settings->group_id, "KAFKA_GROUP_ID", "Name at the broker; nothing is committed under it")
      ->check(NotEmpty())
      ->capture_default_str();
  AddKafkaSecurityOptions(app, settings);
}

CLI::Option* AddKafkaSecurityOptions(CLI::App* app, KafkaSettings* settings) {
  app->add_flag("--ssl", settings->ssl, "Speak TLS with the brokers")
      ->envname("KAFKA_SSL")
      ->group(kGroup)
      ->transform(YesOrNo());
  AddText(app, "--sasl-mechanism", &settings->sasl_mechanism, "KAFKA_SASL_MECHANISM", "PLAIN, SCRAM-SHA-256, ...");
  AddText(app, "--sasl-username", &settings->sasl_username, "KAFKA_SASL_USERNAME",
          "User; the password comes from KAFKA_SASL_PASSWORD alone");
  if (const char* properties = std::getenv("KAFKA_PROPERTIES"); properties != nullptr) {
    settings->environment_properties = SplitProperties(properties);
  }
  if (const char* password = std::getenv("KAFKA_SASL_PASSWORD"); password != nullptr) {
    settings->sasl_password = password;
  }
  return app
      ->add_option("-X", settings->properties,
                   "Any property of librdkafka; may be repeated. Secret ones: in KAFKA_PROPERTIES, one a line")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->group(kGroup)
      ->check(KeyAndValue());
}

}  // namespace pipeline
