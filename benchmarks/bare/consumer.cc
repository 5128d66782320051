// The ceilings of the catch-up: a consumer that only counts, and one that parses each value and keeps it by its id.
#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <cstdio>
#include <stdexcept>
#include <string>

#include "benchmarks/bare/shared/bench.h"
#include "common/clock.h"

namespace {

struct Options {
  pipeline::KafkaSettings kafka;
  int64_t records = 0;
  bool parse = false;
};

void Run(const Options& options) {
  absl::flat_hash_map<std::string, std::string> values;
  simdjson::dom::parser parser;
  int64_t bytes = 0;
  const int64_t begin_ns = pipeline::MonotonicNs();
  bench::ReadLog(
      options.kafka, options.records,
      [&](rd_kafka_message_t* message) {
        bytes += static_cast<int64_t>(message->len);
        if (options.parse) {
          const auto* value = static_cast<const char*>(message->payload);
          std::string_view id;
          if (parser.parse(value, message->len)["id"].get(id) != simdjson::SUCCESS) {
            throw std::runtime_error("a value without an id");
          }
          values.insert_or_assign(std::string(id), std::string(value, message->len));
        }
        rd_kafka_message_destroy(message);
      },
      [] {});
  bench::Say(fmt::format(R"({{"wall_ns": {}, "cpu_ns": {}, "bytes": {}, "kept": {}}})",
                         pipeline::MonotonicNs() - begin_ns, bench::CpuNs(), bytes, values.size()));
  std::fflush(stdout);
  _exit(0);  // its memory is no part of what is measured
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return bench::Main(
      argc, argv, "Reads a topic as fast as it goes.",
      [&](CLI::App* app) {
        pipeline::AddKafkaOptions(app, &options.kafka);
        app->add_option("--records", options.records, "Records to read")->required();
        app->add_flag("--parse", options.parse, "Parse each value and keep it by its id; otherwise only count");
      },
      [&] { Run(options); });
}
