#include "benchmarks/bare/shared/bench.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <exception>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "common/clock.h"
#include "server/kafka/kafka_queries.h"

namespace bench {
namespace {

constexpr size_t kBatchMax = 256;  // as the server's reader
constexpr int kPollMs = 100;
constexpr int kQueryMs = 10'000;

}  // namespace

int Main(int argc, char** argv, const std::string& what, const std::function<void(CLI::App*)>& define,
         const std::function<void()>& run) {
  CLI::App app(what);
  define(&app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return pipeline::ExitForParse(app, error, 3);
  }
  try {
    run();
  } catch (const std::exception& error) {
    std::cerr << argv[0] << ": " << error.what() << std::endl;
    return 1;
  }
  return 0;
}

void Say(const std::string& json) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  std::cout << json << std::endl;
}

void WaitForInputEnd() {
  char bytes[256];
  while (read(STDIN_FILENO, bytes, sizeof(bytes)) > 0) {
  }
}

int64_t CpuNs() { return pipeline::ReadClockNs(CLOCK_PROCESS_CPUTIME_ID); }

void ReadLog(const pipeline::KafkaSettings& settings, int64_t records,
             const std::function<void(rd_kafka_message_t*)>& take, const std::function<void()>& batch_end) {
  const auto handle = pipeline::MakeKafka(RD_KAFKA_CONSUMER, pipeline::MakeConsumerConf(settings));
  rd_kafka_poll_set_consumer(handle.get());
  const pipeline::KafkaPtr<rd_kafka_queue_t> queue(rd_kafka_queue_get_consumer(handle.get()));
  const int partitions = pipeline::PartitionCount(handle.get(), settings.topic, kQueryMs);
  if (partitions == 0) throw std::runtime_error("no topic " + settings.topic);
  std::vector<int64_t> offsets;
  for (const pipeline::Watermarks& at : pipeline::QueryWatermarks(handle.get(), settings.topic, partitions, kQueryMs)) {
    offsets.push_back(at.low);
  }
  pipeline::AssignAt(handle.get(), settings.topic, offsets);
  std::array<rd_kafka_message_t*, kBatchMax> messages{};
  for (int64_t taken = 0; taken < records;) {
    messages[0] = rd_kafka_consumer_poll(handle.get(), kPollMs);
    if (messages[0] == nullptr) continue;
    const ssize_t more = rd_kafka_consume_batch_queue(queue.get(), 0, messages.data() + 1, kBatchMax - 1);
    const size_t count = 1 + static_cast<size_t>(more > 0 ? more : 0);
    for (size_t i = 0; i < count; ++i) {
      if (messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        ++taken;
        take(messages[i]);
      } else if (messages[i]->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
        throw std::runtime_error(rd_kafka_message_errstr(messages[i]));
      } else {
        rd_kafka_message_destroy(messages[i]);
      }
    }
    batch_end();
  }
}

}  // namespace bench
