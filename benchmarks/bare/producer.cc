// The ceiling of the producer: values made in advance, produced in a loop with the producer's own settings, and counted
// by delivery callbacks.
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/bare/shared/bench.h"
#include "common/clock.h"
#include "producer/payment_maker.h"

namespace {

struct Options {
  pipeline::KafkaSettings kafka;
  int64_t records = 0;
};

int64_t delivered = 0;

void Run(const Options& options) {
  pipeline::PaymentMaker maker({1, "", 1, 1, 1});
  std::vector<std::pair<std::string, std::string>> records(static_cast<size_t>(options.records));
  for (auto& [key, value] : records) key = maker.Make(pipeline::WallNs() / 1'000'000'000, &value).key;

  auto conf = pipeline::MakeKafkaConf(options.kafka, {{"enable.idempotence", "true"},
                                                      {"acks", "all"},
                                                      {"partitioner", "murmur2_random"},
                                                      {"linger.ms", "1"},
                                                      {"queue.buffering.max.messages", "100000"},
                                                      {"queue.buffering.max.kbytes", "1048576"}});
  rd_kafka_conf_set_dr_msg_cb(conf.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void*) {
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) ++delivered;
  });
  const auto producer = pipeline::MakeKafka(RD_KAFKA_PRODUCER, std::move(conf));
  const pipeline::KafkaPtr<rd_kafka_topic_t> topic(
      rd_kafka_topic_new(producer.get(), options.kafka.topic.c_str(), nullptr));
  const rd_kafka_metadata_t* answer = nullptr;
  if (rd_kafka_metadata(producer.get(), 0, topic.get(), &answer, 10'000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw std::runtime_error("no broker");
  }
  rd_kafka_metadata_destroy(answer);

  const int64_t cpu_begin_ns = bench::CpuNs();
  const int64_t begin_ns = pipeline::MonotonicNs();
  int64_t produced = 0;
  for (auto& [key, value] : records) {
    while (rd_kafka_produce(topic.get(), RD_KAFKA_PARTITION_UA, 0, value.data(), value.size(), key.data(), key.size(),
                            nullptr) != 0) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        throw std::runtime_error(rd_kafka_err2str(rd_kafka_last_error()));
      }
      rd_kafka_poll(producer.get(), 10);
    }
    if (++produced % 1024 == 0) rd_kafka_poll(producer.get(), 0);
  }
  if (rd_kafka_flush(producer.get(), 60'000) != RD_KAFKA_RESP_ERR_NO_ERROR || delivered != options.records) {
    throw std::runtime_error(fmt::format("{} of {} records were delivered", delivered, options.records));
  }
  bench::Say(fmt::format(R"({{"wall_ns": {}, "cpu_ns": {}}})", pipeline::MonotonicNs() - begin_ns,
                         bench::CpuNs() - cpu_begin_ns));
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return bench::Main(
      argc, argv, "Produces ready-made payments as fast as it goes.",
      [&](CLI::App* app) {
        pipeline::AddKafkaOptions(app, &options.kafka);
        app->add_option("--records", options.records, "Records to produce")->required();
      },
      [&] { Run(options); });
}
