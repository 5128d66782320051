#include "harness/observe/dead_letters.h"

#include <charconv>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "common/clock.h"
#include "common/crc32c.h"
#include "common/kafka.h"

namespace harness {
namespace {

using pipeline::KafkaPtr;

constexpr int kPollMs = 50;
constexpr int kQueryMs = 1'000;

std::string_view Bytes(const void* data, size_t size) {
  return data == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(data), size);
}

template <typename Number>
bool Parse(std::string_view text, Number* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() && *number >= 0;
}

// The key is "topic/partition/offset"; of any other, partition and offset stay -1.
DeadLetterSeen ToSeen(const std::string& source, const rd_kafka_message_t& message) {
  DeadLetterSeen seen;
  seen.letter_partition = message.partition;
  seen.letter_offset = message.offset;
  const std::string_view key = Bytes(message.key, message.key_len);
  const size_t slash = key.rfind('/');
  const size_t before = slash == std::string_view::npos || slash == 0 ? slash : key.rfind('/', slash - 1);
  int32_t partition = -1;
  int64_t offset = -1;
  if (slash != std::string_view::npos && before != std::string_view::npos && key.substr(0, before) == source &&
      Parse(key.substr(before + 1, slash - before - 1), &partition) && Parse(key.substr(slash + 1), &offset)) {
    seen.partition = partition;
    seen.offset = offset;
  }
  rd_kafka_headers_t* headers = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  std::string_view record_key;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
      rd_kafka_header_get_last(headers, "dlq.key", &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    record_key = Bytes(value, size);
  }
  seen.record_crc32c = pipeline::RecordCrc32c(record_key, Bytes(message.payload, message.len));
  return seen;
}

class Reader {
 public:
  Reader(const pipeline::KafkaSettings& kafka, int partitions)
      : source_(kafka.topic),
        topic_(kafka.topic + ".dlq"),
        handle_(pipeline::MakeKafka(RD_KAFKA_CONSUMER,
                                    pipeline::MakeKafkaConf(kafka, {{"client.id", "harness-dead-letters"},
                                                                    {"group.id", "harness-dead-letters"},
                                                                    {"enable.auto.commit", "false"},
                                                                    {"enable.partition.eof", "true"},
                                                                    {"auto.offset.reset", "earliest"}}))) {
    rd_kafka_poll_set_consumer(handle_.get());
    const KafkaPtr<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(partitions));
    for (int32_t p = 0; p < partitions; ++p) {
      rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), p)->offset = RD_KAFKA_OFFSET_BEGINNING;
      unread_.insert(p);
    }
    const rd_kafka_resp_err_t error = rd_kafka_assign(handle_.get(), list.get());
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(topic_ + ": " + rd_kafka_err2str(error));
  }

  void ReadSome() {
    const KafkaPtr<rd_kafka_message_t> message(rd_kafka_consumer_poll(handle_.get(), kPollMs));
    if (message == nullptr) return;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) unread_.erase(message->partition);
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    unread_.insert(message->partition);
    letters_.push_back(ToSeen(source_, *message));
    records_.emplace(letters_.back().partition, letters_.back().offset);
  }
  bool at_end() const { return unread_.empty(); }
  size_t records() const { return records_.size(); }
  std::vector<DeadLetterSeen> Take() { return std::move(letters_); }

 private:
  const std::string source_;
  const std::string topic_;
  const KafkaPtr<rd_kafka_t> handle_;
  std::set<int32_t> unread_;  // partitions whose end has not been seen since their last letter
  std::set<std::pair<int32_t, int64_t>> records_;
  std::vector<DeadLetterSeen> letters_;
};

int Partitions(const pipeline::KafkaSettings& kafka) {
  const auto asker = pipeline::MakeKafka(
      RD_KAFKA_CONSUMER, pipeline::MakeKafkaConf(kafka, {{"client.id", "harness-dead-letters-metadata"}}));
  return pipeline::PartitionCount(asker.get(), kafka.topic + ".dlq", kQueryMs);
}

}  // namespace

std::vector<DeadLetterSeen> ReadDeadLetters(const pipeline::KafkaSettings& kafka, size_t wanted, int64_t deadline_ns,
                                            const std::function<bool()>& stop) {
  const auto over = [&] { return stop() || pipeline::MonotonicNs() >= deadline_ns; };
  int partitions = Partitions(kafka);
  while (partitions == 0 && wanted > 0 && !over()) partitions = Partitions(kafka);
  if (partitions == 0) return {};
  Reader reader(kafka, partitions);
  while (!(reader.at_end() && reader.records() >= wanted) && !over()) reader.ReadSome();
  if (!reader.at_end()) throw std::runtime_error("the end of " + kafka.topic + ".dlq could not be read in time");
  return reader.Take();
}

}  // namespace harness
