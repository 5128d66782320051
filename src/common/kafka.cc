#include "common/kafka.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "common/secrets.h"

namespace pipeline {
namespace {

constexpr size_t kErrorBytesMax = 512;

// Levels of syslog(3), which librdkafka uses.
spdlog::level::level_enum LogLevel(int syslog_level) {
  if (syslog_level <= 2) return spdlog::level::critical;
  if (syslog_level == 3) return spdlog::level::err;
  if (syslog_level == 4) return spdlog::level::warn;
  return syslog_level <= 6 ? spdlog::level::info : spdlog::level::debug;
}

// On librdkafka's threads.
void Log(const rd_kafka_t* /*handle*/, int level, const char* facility, const char* text) {
  const auto spdlog_level = LogLevel(level);
  if (spdlog::should_log(spdlog_level)) spdlog::log(spdlog_level, "[KAFKA] {}: {}", facility, HideSecrets(text));
}

// librdkafka reads "010" as 8 and "0x10" as 16 where a property is a number. In a text they are themselves, and only
// librdkafka knows which a property is: what it made of the value tells.
std::string Decimal(rd_kafka_conf_t* conf, const std::string& name, const std::string& value,
                    const std::string& origin) {
  const size_t sign = value.starts_with('-') ? 1 : 0;
  if (value.size() < sign + 2 || value[sign] != '0') return value;
  const size_t digits = std::min(value.find_first_not_of('0', sign), value.size() - 1);
  std::array<char, kErrorBytesMax> taken{};
  size_t size = taken.size();
  const bool known = rd_kafka_conf_set(conf, name.c_str(), value.c_str(), nullptr, 0) == RD_KAFKA_CONF_OK &&
                     rd_kafka_conf_get(conf, name.c_str(), taken.data(), &size) == RD_KAFKA_CONF_OK;
  const bool is_number = known && std::string_view(taken.data()) != value &&
                         std::string_view(taken.data()).find_first_not_of("-0123456789") == std::string_view::npos;
  if (!is_number) return value;
  if (value.find_first_not_of("0123456789", sign) != std::string::npos) {
    throw SettingsError(origin + name + ": found \"" + value + "\"; allowed: a decimal number");
  }
  return value.substr(0, sign) + value.substr(digits);
}

void Set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value, const std::string& origin) {
  const bool is_secret = IsSecretProperty(name);
  if (is_secret) RememberSecret(value);
  const std::string decimal = is_secret ? value : Decimal(conf, name, value, origin);
  std::array<char, kErrorBytesMax> error{};
  if (rd_kafka_conf_set(conf, name.c_str(), decimal.c_str(), error.data(), error.size()) == RD_KAFKA_CONF_OK) return;
  // Reasons repeat values; a value that this property does not take may still be a password.
  throw SettingsError(origin + name + ": " + (is_secret ? "not accepted" : HideSecrets(error.data())));
}

void SetSecurity(rd_kafka_conf_t* conf, const KafkaSettings& settings) {
  std::string mechanism = settings.sasl_mechanism;
  for (char& c : mechanism) c = c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c;
  const bool has_user = !settings.sasl_username.empty();
  const bool has_password = !settings.sasl_password.empty();
  if (mechanism.empty() && (has_user || has_password)) {
    throw SettingsError(std::string(has_user ? "KAFKA_SASL_USERNAME" : "KAFKA_SASL_PASSWORD") +
                        " is set without KAFKA_SASL_MECHANISM; allowed: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, ...");
  }
  const bool needs_user = mechanism == "PLAIN" || mechanism.starts_with("SCRAM-");
  if (needs_user && (!has_user || !has_password)) {
    throw SettingsError("KAFKA_SASL_MECHANISM is " + mechanism + " without " +
                        (has_user ? "KAFKA_SASL_PASSWORD" : "KAFKA_SASL_USERNAME"));
  }
  if (mechanism.empty()) {
    if (settings.ssl) Set(conf, "security.protocol", "ssl", "");
    return;
  }
  Set(conf, "security.protocol", settings.ssl ? "sasl_ssl" : "sasl_plaintext", "");
  Set(conf, "sasl.mechanisms", mechanism, "KAFKA_SASL_MECHANISM: ");
  if (has_user) Set(conf, "sasl.username", settings.sasl_username, "");
  if (has_password) Set(conf, "sasl.password", settings.sasl_password, "");
}

void SetAll(rd_kafka_conf_t* conf, const std::vector<std::string>& properties, const std::string& origin) {
  for (const std::string& property : properties) {
    const size_t equals = property.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw SettingsError(origin + ": found no KEY=VALUE; allowed: one, for instance acks=all");
    }
    Set(conf, property.substr(0, equals), property.substr(equals + 1), origin + " ");
  }
}

std::string Brokers(rd_kafka_t* handle) {
  std::array<char, kErrorBytesMax> value{};
  size_t size = value.size();
  if (rd_kafka_conf_get(rd_kafka_conf(handle), "bootstrap.servers", value.data(), &size) != RD_KAFKA_CONF_OK) return "";
  return {value.data(), strnlen(value.data(), value.size())};
}

}  // namespace

KafkaPtr<rd_kafka_conf_t> MakeKafkaConf(const KafkaSettings& settings, const KafkaProperties& properties) {
  KafkaPtr<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(conf.get(), Log);
  Set(conf.get(), "bootstrap.servers", settings.brokers, "");
  Set(conf.get(), "socket.nagle.disable", "true", "");
  SetSecurity(conf.get(), settings);
  for (const auto& [name, value] : properties) Set(conf.get(), name, value, "");
  SetAll(conf.get(), settings.environment_properties, "KAFKA_PROPERTIES");
  SetAll(conf.get(), settings.properties, "-X");
  return conf;
}

KafkaPtr<rd_kafka_t> MakeKafka(rd_kafka_type_t type, KafkaPtr<rd_kafka_conf_t> conf) {
  std::array<char, kErrorBytesMax> error{};
  KafkaPtr<rd_kafka_t> handle(rd_kafka_new(type, conf.get(), error.data(), error.size()));
  if (handle == nullptr) throw std::runtime_error("Kafka client: " + HideSecrets(error.data()));
  static_cast<void>(conf.release());  // the client owns it now
  return handle;
}

int PartitionCount(rd_kafka_t* handle, const std::string& topic, int timeout_ms) {
  const rd_kafka_metadata_t* answer = nullptr;
  const rd_kafka_resp_err_t error = rd_kafka_metadata(handle, 1, nullptr, &answer, timeout_ms);
  const KafkaPtr<const rd_kafka_metadata_t> metadata(answer);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw std::runtime_error("Kafka at " + Brokers(handle) + " not reached within " + std::to_string(timeout_ms) +
                             " ms: " + rd_kafka_err2str(error));
  }
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    if (topic == metadata->topics[i].topic) return metadata->topics[i].partition_cnt;
  }
  return 0;
}

}  // namespace pipeline
