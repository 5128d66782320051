// What the programs of the pipeline's benchmark share: their settings, how they answer benchmarks/pipeline-speed (a
// JSON object a line on standard output), when they end (with their standard input), and Kafka's log read as the server
// reads it. Each is run by that script alone. Not thread-safe unless it says so.
#pragma once

#include <librdkafka/rdkafka.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "common/kafka.h"
#include "common/settings.h"

namespace bench {

// Parses and runs: `define` adds the program's own options, `run` does its work. 0, 1 when `run` threw, 2 for usage.
int Main(int argc, char** argv, const std::string& what, const std::function<void(CLI::App*)>& define,
         const std::function<void()>& run);

// One line, at once. Thread-safe.
void Say(const std::string& json);
// Blocks until standard input closes: whoever started this program has ended, or wants it to.
void WaitForInputEnd();
// User and system time of this process, of all its threads so far.
int64_t CpuNs();

// Reads every partition from its first offset with the server's own settings, in batches of the server's size. Calls
// `take(message)` for each record, which then owns it, and `batch_end()` after each batch; returns once `records`
// records were taken. Throws std::runtime_error when there is no topic or a partition can't be read.
void ReadLog(const pipeline::KafkaSettings& settings, int64_t records,
             const std::function<void(rd_kafka_message_t*)>& take, const std::function<void()>& batch_end);

}  // namespace bench
