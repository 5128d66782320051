// What every program is told and by what: flags, then the environment, then `.env`, then defaults. Each main.cc loads
// `.env` first, then lets CLI11 read flags whose options name an environment variable. Called from main() only, before
// any thread starts.
#pragma once

#include <CLI/CLI.hpp>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "common/dot_env.h"
#include "common/kafka_settings.h"
#include "common/settings_error.h"

namespace pipeline {

// Turns Go's single-dash long flags of the tutorial (-count=10, -interval 1s) into `--count=10` for the names given;
// everything else stays as it is, and so does what follows `--`. Pure.
std::vector<std::string> AcceptGoFlags(std::vector<std::string> args, const std::vector<std::string>& names);

// The `host:port` list of GRPC_SERVER_HOST (several with commas, each with or without a port) with `default_port`
// filled in. An IPv6 address with a port stands in brackets, and comes out in brackets: "::1" is "[::1]:50051". Throws
// SettingsError. Pure.
std::vector<std::string> ServerAddresses(std::string_view hosts, int default_port);

// CLI11's parse of the arguments, last one first as it takes them; and a variable that an option's checks refuse is the
// same error as such a flag. (CLI11 from 2.4 on passes over it and keeps the default: KAFKA_SSL=ture would mean no
// TLS.) Throws CLI::ParseError.
void ParseArguments(CLI::App* app, std::vector<std::string> reversed);

// For every option that is a whole number, ahead of its other checks: decimal digits, with a "-" before them or not.
// Leading zeros say nothing ("010" is 10, as in durations and rates), and what CLI11 would read besides ("0x10", "1_0")
// is refused.
CLI::Validator DecimalNumber();
// The same for a number of bytes with its unit ("64MB"), ahead of CLI::AsSizeValue.
CLI::Validator DecimalSize();

// An option that is a whole number from `least` to `most`: on the command line and in the environment decimal.
template <typename T>
CLI::Option* AddNumber(CLI::App* app, const std::string& name, T* value, T least, T most, const std::string& help) {
  return app->add_option(name, *value, help)
      ->transform(DecimalNumber())
      ->check(CLI::Range(least, most))
      ->capture_default_str();
}

// What CLI11's parse outcome means for a program: prints help, version or the error; 0 or 2, and `exit_lost` when help
// or version could not be written. Values of secrets that stand in the error are left out.
int ExitForParse(const CLI::App& app, const CLI::ParseError& error, int exit_lost);

}  // namespace pipeline
