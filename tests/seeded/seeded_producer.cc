// A producer with a bug, for the tests of the verdict. Never installed.
//
//   seeded-producer BUG[:SEED] BROKERS TOPIC ACK_LOG REC_PREFIX COUNT
//     none       no bug: must pass
//     false-ack  says of its 20th record that Kafka has acknowledged it, and never sends it
//     twice      sends its 20th record twice
//     late       sends its 20th record after the next ones
//     silent     sends something else than it says of its 20th record
//     corrupt    sends half of its 20th record, which is no payment then, and says that it sent all of it
//     wrong-key  sends its 20th record under another key than the payment's id
//     gives-up   sends none from its 20th record on, and says that Kafka refused them
// With a SEED another record is the 20th.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/kafka.h"
#include "common/line_file.h"
#include "common/program.h"
#include "producer/payment_maker.h"
#include "tests/seeded/bug_argument.h"

namespace {

constexpr int64_t kVictim = 20;
constexpr int64_t kVictimMin = 10;
constexpr uint64_t kVictims = 50;
constexpr int kPollMs = 20;
constexpr int kFlushMs = 10'000;

struct Outcomes {
  pipeline::LineFile* file;
  int64_t open = 0;
  int64_t last_offset = 0;
};

void OnReport(rd_kafka_t* /*handle*/, const rd_kafka_message_t* message, void* opaque) {
  auto* outcomes = static_cast<Outcomes*>(opaque);
  if (message->_private == nullptr) return;  // the copy that nobody is to know of
  const auto sequence = *static_cast<const uint64_t*>(message->_private);
  const bool ok = message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
  outcomes->last_offset = message->offset;
  outcomes->file->Append(nlohmann::json({{"type", "outcome"},
                                         {"t", pipeline::MonotonicNs()},
                                         {"seq", sequence},
                                         {"outcome", ok ? "ok" : "unknown"},
                                         {"partition", message->partition},
                                         {"offset", ok ? message->offset : -1}})
                             .dump());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    std::cerr << "usage: seeded-producer BUG BROKERS TOPIC ACK_LOG REC_PREFIX COUNT\n";
    return 2;
  }
  const BugArgument argument(argv[1]);
  const std::string& bug = argument.name;
  const auto victim = static_cast<uint64_t>(argument.Victim(kVictimMin, kVictims, kVictim));
  pipeline::StopSignal stop;
  pipeline::LineFile file = pipeline::LineFile::OpenForAppend(argv[4]);
  Outcomes outcomes{.file = &file};
  pipeline::KafkaSettings settings;
  settings.brokers = argv[2];
  auto conf = pipeline::MakeKafkaConf(settings, {{"acks", "all"}, {"linger.ms", "1"}});
  rd_kafka_conf_set_dr_msg_cb(conf.get(), OnReport);
  rd_kafka_conf_set_opaque(conf.get(), &outcomes);
  const auto kafka = pipeline::MakeKafka(RD_KAFKA_PRODUCER, std::move(conf));
  const pipeline::KafkaPtr<rd_kafka_topic_t> topic(rd_kafka_topic_new(kafka.get(), argv[3], nullptr));
  pipeline::PaymentMaker maker({.seed = 7, .rec_prefix = argv[5]});
  file.Append(nlohmann::json({{"type", "start"}, {"t", pipeline::MonotonicNs()}, {"producer", argv[5]}}).dump());

  const int count = std::atoi(argv[6]);
  std::vector<uint64_t> sequences;  // what the reports are told by; never moved
  sequences.reserve(static_cast<size_t>(std::max(count, 0)));
  std::function<void()> late;
  for (int i = 0; i < count && !stop.requested(); ++i) {
    std::string value;
    const pipeline::MadeRecord record = maker.Make(pipeline::WallNs() / 1'000'000'000, &value);
    file.Append(nlohmann::json({{"type", "send"},
                                {"t", pipeline::MonotonicNs()},
                                {"seq", record.sequence},
                                {"key", record.key},
                                {"value", value}})
                    .dump());
    if (bug == "false-ack" && record.sequence == victim) {
      file.Append(nlohmann::json({{"type", "outcome"},
                                  {"t", pipeline::MonotonicNs()},
                                  {"seq", record.sequence},
                                  {"outcome", "ok"},
                                  {"partition", 0},
                                  {"offset", -1}})
                      .dump());
      continue;
    }
    if (bug == "gives-up" && record.sequence >= victim) {
      file.Append(nlohmann::json({{"type", "outcome"},
                                  {"t", pipeline::MonotonicNs()},
                                  {"seq", record.sequence},
                                  {"outcome", "fail"},
                                  {"partition", -1},
                                  {"offset", -1}})
                      .dump());
      continue;
    }
    sequences.push_back(record.sequence);
    std::string key(record.key);
    if (bug == "wrong-key" && record.sequence == victim) key += "-other";
    if (bug == "corrupt" && record.sequence == victim) value.resize(value.size() / 2);
    const auto send = [&topic, key](const std::string& sent, uint64_t* sequence) {
      rd_kafka_produce(topic.get(), 0, RD_KAFKA_MSG_F_COPY, const_cast<char*>(sent.data()), sent.size(), key.data(),
                       key.size(), sequence);
    };
    if (bug == "late" && record.sequence == victim) {
      late = [send, value, sequence = &sequences.back()] { send(value, sequence); };
      continue;
    }
    if (bug == "silent" && record.sequence == victim) {
      const size_t at = value.find("@example.com");
      if (at != std::string::npos) value.replace(at, 1, "+other@");
    }
    send(value, &sequences.back());
    if (bug == "twice" && record.sequence == victim) send(value, nullptr);
    if (late && record.sequence == victim + 3) std::exchange(late, nullptr)();
    rd_kafka_poll(kafka.get(), kPollMs);
  }
  return rd_kafka_flush(kafka.get(), kFlushMs) == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : 1;
}
