// Feeds a topic for the pipeline's benchmark: payments of one record each, spread over all partitions, as JSON or as
// the ready-made events of the same records; at once, or on a schedule with the planned time in each payment's id.
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <time.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/bare/shared/bench.h"
#include "benchmarks/bare/shared/ready_events.h"
#include "common/clock.h"
#include "payment/codec.h"
#include "producer/payment_maker.h"
#include "server/kafka/kafka_queries.h"

namespace {

struct Options {
  pipeline::KafkaSettings kafka;
  int64_t records = 0;
  int64_t rate_per_s = 0;
  uint64_t seed = 1;
  bool events = false;
};

int64_t delivered = 0;

class Feed {
 public:
  explicit Feed(const Options& options) : options_(options), maker_({options.seed, "bench.feed", 1, 1, 1}) {
    auto conf = pipeline::MakeKafkaConf(options.kafka, {{"acks", "all"},
                                                        {"linger.ms", "1"},
                                                        {"compression.type", "lz4"},
                                                        {"queue.buffering.max.messages", "100000"},
                                                        {"queue.buffering.max.kbytes", "1048576"}});
    rd_kafka_conf_set_dr_msg_cb(conf.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void*) {
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) ++delivered;
    });
    producer_ = pipeline::MakeKafka(RD_KAFKA_PRODUCER, std::move(conf));
    topic_.reset(rd_kafka_topic_new(producer_.get(), options.kafka.topic.c_str(), nullptr));
    const int partitions = pipeline::PartitionCount(producer_.get(), options.kafka.topic, kQueryMs);
    if (partitions == 0) throw std::runtime_error("no topic " + options.kafka.topic);
    for (const auto& at : pipeline::QueryWatermarks(producer_.get(), options.kafka.topic, partitions, kQueryMs)) {
      offsets_.push_back(at.high);
    }
  }

  void Run() {
    const int64_t begin_ns = pipeline::MonotonicNs() + kStartNs;
    for (int64_t i = 0; i < options_.records; ++i) {
      int64_t planned_ns = 0;
      if (options_.rate_per_s > 0) {
        planned_ns = begin_ns + i * 1'000'000'000 / options_.rate_per_s;
        SleepUntil(planned_ns);
      }
      Produce(i, planned_ns);
    }
    const int64_t end_ns = pipeline::MonotonicNs();
    if (rd_kafka_flush(producer_.get(), 60'000) != RD_KAFKA_RESP_ERR_NO_ERROR || delivered != options_.records) {
      throw std::runtime_error(fmt::format("{} of {} records were delivered", delivered, options_.records));
    }
    char* cluster = rd_kafka_clusterid(producer_.get(), kQueryMs);
    bench::Say(fmt::format(R"({{"log_id": "{}/{}", "value_bytes": {}, "took_ns": {}, "late_ns": {}}})",
                           cluster == nullptr ? "" : cluster, options_.kafka.topic, value_bytes_, end_ns - begin_ns,
                           late_ns_max_));
    if (cluster != nullptr) rd_kafka_mem_free(producer_.get(), cluster);
  }

 private:
  static constexpr int kQueryMs = 10'000;
  static constexpr int64_t kStartNs = 20'000'000;

  void SleepUntil(int64_t planned_ns) {
    const timespec at{planned_ns / 1'000'000'000, planned_ns % 1'000'000'000};
    if (pipeline::MonotonicNs() < planned_ns) clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
    late_ns_max_ = std::max(late_ns_max_, pipeline::MonotonicNs() - planned_ns);
  }

  void Produce(int64_t index, int64_t planned_ns) {
    const auto partition = static_cast<int32_t>(index % static_cast<int64_t>(offsets_.size()));
    const int64_t now_s = pipeline::WallNs() / 1'000'000'000;
    value_.clear();
    key_ = maker_.Make(now_s, &value_).key;
    if (planned_ns > 0) {
      const std::string timed = fmt::format("lat-{:016x}", planned_ns);
      value_.replace(value_.find(key_), key_.size(), timed);
      key_ = timed;
    }
    value_bytes_ += static_cast<int64_t>(value_.size());
    const std::string* bytes = &value_;
    if (options_.events) {
      event_.clear();
      events_.AppendFramed(key_, value_, partition, offsets_[static_cast<size_t>(partition)], now_s, &event_);
      bytes = &event_;
    }
    ++offsets_[static_cast<size_t>(partition)];
    while (rd_kafka_produce(topic_.get(), partition, RD_KAFKA_MSG_F_COPY, const_cast<char*>(bytes->data()),
                            bytes->size(), key_.data(), key_.size(), nullptr) != 0) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        throw std::runtime_error(rd_kafka_err2str(rd_kafka_last_error()));
      }
      rd_kafka_poll(producer_.get(), 10);
    }
    if (index % 256 == 0) rd_kafka_poll(producer_.get(), 0);
  }

  const Options& options_;
  pipeline::PaymentMaker maker_;
  pipeline::KafkaPtr<rd_kafka_t> producer_;
  pipeline::KafkaPtr<rd_kafka_topic_t> topic_;
  std::vector<int64_t> offsets_;  // of each partition's next record
  bench::ReadyEvents events_;
  std::string key_;
  std::string value_;
  std::string event_;
  int64_t value_bytes_ = 0;
  int64_t late_ns_max_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return bench::Main(
      argc, argv, "Feeds a topic with payments.",
      [&](CLI::App* app) {
        pipeline::AddKafkaOptions(app, &options.kafka);
        app->add_option("--records", options.records, "Records to produce")->required();
        app->add_option("--rate", options.rate_per_s, "Records a second; 0: as fast as it goes");
        app->add_option("--seed", options.seed, "The same seed makes the same payments");
        app->add_flag("--events", options.events, "Ready-made events in place of JSON");
      },
      [&] { Feed(options).Run(); });
}
