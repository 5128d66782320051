// What every program is told and by what: flags, then the environment, then `.env`, then defaults. Each main.cc loads
// `.env` first, then lets CLI11 read flags whose options name an environment variable. Called from main() only, before
// any thread starts (it changes the process environment).
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pipeline {

// Wrong settings: one line that says what was found, where, and what is allowed. Programs exit 2 with it.
class SettingsError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// NAME=value pairs of a .env text: comments, blank lines, `export `, single and double quotes (with \n \" \\ in double
// ones), spaces around names and values, CRLF, a byte order mark. Throws SettingsError with FILE:LINE. Pure.
std::vector<std::pair<std::string, std::string>> ParseDotEnv(std::string_view file, std::string_view text);

// Puts what `path` says into the environment where a variable is not set already. An absent file is no error.
void LoadDotEnv(const std::string& path = ".env");

// Turns Go's single-dash long flags of the tutorial (-count=10, -interval 1s) into `--count=10` for the names given;
// everything else stays as it is. Pure.
std::vector<std::string> AcceptGoFlags(std::vector<std::string> args, const std::vector<std::string>& names);

// "500ms", "1.5s", "2m" in ns; bare numbers, negative values and anything above 24 h are refused (nullopt). Pure.
std::optional<int64_t> ParseDurationNs(std::string_view text);
// As people read it: "500ms", "1.5s", "2m". Pure.
std::string DurationText(int64_t duration_ns);

struct KafkaSettings {
  std::string brokers = "localhost:9092";
  std::string topic = "payments.raw";
  std::string group_id = "payment-server";  // librdkafka wants one; nothing is committed
  bool ssl = false;
  std::string sasl_mechanism;  // empty: none
  std::string sasl_username;
  std::string sasl_password;   // never in a log, a banner or the process list
  std::vector<std::string> properties;  // `-X key=value`, passed to librdkafka last
};
// --brokers, --topic, -X and their environment variables (KAFKA_BROKERS, KAFKA_TOPIC, KAFKA_GROUP_ID, KAFKA_SSL,
// KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD; the password from the environment alone).
void AddKafkaOptions(CLI::App* app, KafkaSettings* settings);

// The `host:port` list of GRPC_SERVER_HOST (several with commas, each with or without a port) with `default_port` filled
// in. Throws SettingsError. Pure.
std::vector<std::string> ServerAddresses(std::string_view hosts, int default_port);

// What CLI11's parse outcome means for a program: prints help, version or the error; 0 or 2.
int ExitForParse(const CLI::App& app, const CLI::ParseError& error);

}  // namespace pipeline
