// The command line of payment-producer. Called from main() only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/settings.h"

namespace pipeline {

struct ProducerOptions {
  KafkaSettings kafka;
  int64_t count = 10;  // 0: until stopped
  int64_t interval_ns = 1'000'000'000;
  double rate_per_s = 0;  // above 0: takes the interval's place
  uint64_t seed = 0;
  int records_per_payment_min = 1;
  int records_per_payment_max = 1;
  std::string rec_prefix;
  std::string ack_log;  // empty: none
  int64_t connect_timeout_ns = 10'000'000'000;
  int64_t flush_timeout_ns = 30'000'000'000;
  bool quiet = false;
};

// Reads `args` (without the program's name) and the environment. A value: the exit code to end with at once (help and
// version were printed, or what is wrong with the arguments).
std::optional<int> ParseProducerOptions(const std::vector<std::string>& args, ProducerOptions* options);

// "500/s", "0.5/s"; nullopt for anything else and above 10,000,000/s. Pure.
std::optional<double> ParseRate(std::string_view text);
// "1..3", "2"; nullopt for anything else. Pure.
std::optional<std::pair<int, int>> ParseRange(std::string_view text);

}  // namespace pipeline
