#include "server/kafka/dead_letter_topic.h"

#include <array>
#include <charconv>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "common/clock.h"
#include "common/crc32c.h"
#include "server/kafka/kafka_queries.h"
#include "server/kafka/record_maker.h"

namespace pipeline {
namespace {

constexpr int kQueryMs = 1000;
constexpr int kPollMs = 50;
constexpr int64_t kSilenceNsMax = 10'000'000'000;  // of a topic that has more
// Reading over what lies between two places is cheaper than finding the second one, up to here.
constexpr int64_t kFarOffsets = 1000;

// Whatever `-X` says: what "written once" stands on. No write is ever given up: Kafka may still take in one that was,
// after the topic has been looked at. One that is tried again Kafka knows by its sequence number.
constexpr std::pair<const char*, const char*> kProducerProperties[] = {
    {"enable.idempotence", "true"}, {"acks", "all"}, {"message.timeout.ms", "0"}, {"retries", "2147483647"}};

std::optional<std::string> Copy(const void* data, size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

std::string_view View(const void* data, size_t size) {
  return data == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(data), size);
}

template <typename Number>
bool ParseNumber(std::string_view text, Number* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() && *number >= 0;
}

void AddHeader(rd_kafka_headers_t* headers, std::string_view name, std::string_view value) {
  rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                      static_cast<ssize_t>(value.size()));
}

// The record's own headers first, then why and where.
rd_kafka_headers_t* MakeHeaders(const std::string& topic, const DeadLetter& letter) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(letter.headers.size() + 6);
  for (const auto& [name, value] : letter.headers) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value ? value->data() : nullptr,
                        value ? static_cast<ssize_t>(value->size()) : 0);
  }
  AddHeader(headers, "dlq.reason", RejectReasonName(letter.reason));
  AddHeader(headers, "dlq.topic", topic);
  AddHeader(headers, "dlq.partition", std::to_string(letter.place.partition));
  AddHeader(headers, "dlq.offset", std::to_string(letter.place.offset));
  if (letter.timestamp_ms >= 0) AddHeader(headers, "dlq.timestamp_ms", std::to_string(letter.timestamp_ms));
  if (letter.key) AddHeader(headers, "dlq.key", *letter.key);
  return headers;
}

DeadLetterTopic::Outcome OutcomeOf(const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) return DeadLetterTopic::Outcome::kWritten;
  if (rd_kafka_message_status(&message) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED) return DeadLetterTopic::Outcome::kUnknown;
  switch (message.err) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return DeadLetterTopic::Outcome::kRefused;
    default:
      return DeadLetterTopic::Outcome::kNotWritten;
  }
}

KafkaPtr<rd_kafka_t> MakeReader(const KafkaSettings& settings) {
  auto handle = MakeKafka(RD_KAFKA_CONSUMER, MakeConsumerConf(settings, {{"queued.max.messages.kbytes", "8192"},
                                                                         {"isolation.level", "read_committed"}}));
  rd_kafka_poll_set_consumer(handle.get());
  return handle;
}

// Of this topic alone: a cluster may have many. 0: it is not there. A consumer that asks makes none.
int Partitions(rd_kafka_t* consumer, const std::string& topic) {
  return AskTopic(consumer, topic, /*known=*/true, kQueryMs).partitions;
}

}  // namespace

DeadPlace DeadPlaceOf(const rd_kafka_message_t& message) {
  return {message.offset, message.partition, MessageCrc32c(message)};
}

int64_t DeadLetterBytes(const rd_kafka_message_t& message) {
  return DeadLetter().bytes() + static_cast<int64_t>(message.key_len + message.len);
}

DeadLetter MakeDeadLetter(const rd_kafka_message_t& message, RejectReason reason) {
  DeadLetter letter;
  letter.place = DeadPlaceOf(message);
  letter.reason = reason;
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const int64_t timestamp_ms = rd_kafka_message_timestamp(&message, &type);
  if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) letter.timestamp_ms = timestamp_ms;
  letter.key = Copy(message.key, message.key_len);
  letter.value = Copy(message.payload, message.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return letter;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    letter.headers.emplace_back(name, Copy(value, size));
  }
  return letter;
}

std::string DeadLetterKey(const std::string& topic, const DeadPlace& place) {
  return topic + "/" + std::to_string(place.partition) + "/" + std::to_string(place.offset);
}

std::optional<DeadPlace> ParseDeadLetterKey(const std::string& topic, std::string_view key) {
  if (!key.starts_with(topic + "/")) return std::nullopt;
  key.remove_prefix(topic.size() + 1);
  const size_t slash = key.find('/');
  DeadPlace place;
  if (slash == std::string_view::npos || !ParseNumber(key.substr(0, slash), &place.partition) ||
      !ParseNumber(key.substr(slash + 1), &place.offset)) {
    return std::nullopt;
  }
  return place;
}

DeadLetterTopic::DeadLetterTopic(const KafkaSettings& settings, std::string topic)
    : settings_(settings), topic_(std::move(topic)), reader_(MakeReader(settings)), source_(MakeReader(settings)) {
  MakeProducer();
}

void DeadLetterTopic::MakeProducer() {
  // message.max.bytes: the brokers decide, by what lz4 leaves of it.
  KafkaPtr<rd_kafka_conf_t> conf = MakeKafkaConf(settings_, {{"client.id", "dead-letters"},
                                                             {"linger.ms", "5"},
                                                             {"compression.codec", "lz4"},
                                                             {"message.max.bytes", "1000000000"},
                                                             {"reconnect.backoff.ms", "50"},
                                                             {"reconnect.backoff.max.ms", "1000"},
                                                             {"log_level", "2"}});
  std::array<char, 512> error{};
  for (const auto& [name, value] : kProducerProperties) {
    if (rd_kafka_conf_set(conf.get(), name, value, error.data(), error.size()) != RD_KAFKA_CONF_OK) {
      throw SettingsError(std::string("dead letters: ") + error.data());
    }
  }
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_dr_msg_cb(conf.get(), OnReport);
  producer_ = MakeKafka(RD_KAFKA_PRODUCER, std::move(conf));
}

void DeadLetterTopic::OnReport(rd_kafka_t* /*handle*/, const rd_kafka_message_t* message, void* opaque) {
  auto* self = static_cast<DeadLetterTopic*>(opaque);
  const auto* letter = static_cast<const DeadLetter*>(message->_private);
  Report& report = self->reports_.emplace_back();
  report.place = letter->place;
  report.outcome = OutcomeOf(*message);
  if (report.outcome != Outcome::kWritten) report.reason = rd_kafka_err2str(message->err);
}

bool DeadLetterTopic::Present() {
  if (Partitions(reader_.get(), topic_) > 0) return true;
  if (producer_ == nullptr) MakeProducer();
  const KafkaPtr<rd_kafka_topic_t> topic(rd_kafka_topic_new(producer_.get(), topic_.c_str(), nullptr));
  const rd_kafka_metadata_t* answer = nullptr;
  const rd_kafka_resp_err_t error = rd_kafka_metadata(producer_.get(), 0, topic.get(), &answer, kQueryMs);
  const KafkaPtr<const rd_kafka_metadata_t> metadata(answer);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(topic_ + ": " + rd_kafka_err2str(error));
  return Partitions(reader_.get(), topic_) > 0;
}

void DeadLetterTopic::TakeKnown(const rd_kafka_message_t& message, const std::vector<int64_t>& source_starts,
                                const std::function<void(const DeadPlace&)>& known) {
  std::optional<DeadPlace> place = ParseDeadLetterKey(settings_.topic, View(message.key, message.key_len));
  // What the source no longer has can't be rejected again.
  if (!place || static_cast<size_t>(place->partition) >= source_starts.size() ||
      place->offset < source_starts[static_cast<size_t>(place->partition)]) {
    return;
  }
  std::string_view key;
  rd_kafka_headers_t* headers = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
      rd_kafka_header_get_last(headers, "dlq.key", &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    key = View(value, size);
  }
  place->record_crc32c = RecordCrc32c(key, View(message.payload, message.len));
  known(*place);
}

bool DeadLetterTopic::ReadOn(const std::function<void()>& forget, const std::function<void(const DeadPlace&)>& known,
                             const std::function<bool()>& stop) {
  const int source_count = Partitions(reader_.get(), settings_.topic);
  std::vector<int64_t> source_starts;
  for (const Watermarks& at : QueryWatermarks(reader_.get(), settings_.topic, source_count, kQueryMs)) {
    source_starts.push_back(at.low);
  }
  const int count = Partitions(reader_.get(), topic_);
  if (count == 0) throw std::runtime_error("topic " + topic_ + " is gone");
  const std::vector<Watermarks> marks = QueryWatermarks(reader_.get(), topic_, count, kQueryMs);
  bool another = next_offsets_.size() > marks.size();
  for (size_t p = 0; p < marks.size() && p < next_offsets_.size(); ++p) another |= next_offsets_[p] > marks[p].high;
  if (another) {
    next_offsets_.clear();
    forget();
  }
  next_offsets_.resize(marks.size(), 0);
  int64_t left = 0;
  for (size_t p = 0; p < marks.size(); ++p) {
    next_offsets_[p] = std::max(next_offsets_[p], marks[p].low);
    left += next_offsets_[p] < marks[p].high ? 1 : 0;
  }
  AssignAt(reader_.get(), topic_, next_offsets_);
  for (int64_t heard_ns = MonotonicNs(); left > 0;) {
    if (stop()) return false;
    const KafkaPtr<rd_kafka_message_t> message(rd_kafka_consumer_poll(reader_.get(), kPollMs));
    const bool is_record = message != nullptr && message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (is_record || (message != nullptr && message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)) {
      int64_t& next = next_offsets_[static_cast<size_t>(message->partition)];
      const int64_t high = marks[static_cast<size_t>(message->partition)].high;
      const int64_t after = message->offset + (is_record ? 1 : 0);
      if (is_record && message->offset >= next) TakeKnown(*message, source_starts, known);
      if (next < high && after >= high) --left;
      next = std::max(next, after);
      heard_ns = MonotonicNs();
    } else if (message != nullptr && message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
      throw std::runtime_error("topic " + topic_ + " was trimmed while it was read");  // again, from its new start
    } else if (MonotonicNs() - heard_ns > kSilenceNsMax) {
      throw std::runtime_error("topic " + topic_ + ": nothing comes, and its end is not reached");
    }
  }
  rd_kafka_assign(reader_.get(), nullptr);
  return true;
}

bool DeadLetterTopic::Send(const DeadLetter& letter) {
  if (producer_ == nullptr) MakeProducer();
  const std::string key = DeadLetterKey(settings_.topic, letter.place);
  rd_kafka_headers_t* headers = MakeHeaders(settings_.topic, letter);
  // Without a copy: the books hold it until its report. librdkafka changes nothing in it.
  auto* value = letter.value ? const_cast<char*>(letter.value->data()) : nullptr;
  const size_t value_size = letter.value ? letter.value->size() : 0;
  rd_kafka_vu_t parts[5];
  parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  parts[0].u.cstr = topic_.c_str();
  parts[1].vtype = RD_KAFKA_VTYPE_KEY;
  parts[1].u.mem = {const_cast<char*>(key.data()), key.size()};
  parts[2].vtype = RD_KAFKA_VTYPE_VALUE;
  parts[2].u.mem = {value, value_size};
  parts[3].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[3].u.headers = headers;
  parts[4].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[4].u.ptr = const_cast<DeadLetter*>(&letter);
  rd_kafka_error_t* const failure = rd_kafka_produceva(producer_.get(), parts, std::size(parts));
  const rd_kafka_resp_err_t error = rd_kafka_error_code(failure);  // of null: none
  if (failure != nullptr) rd_kafka_error_destroy(failure);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
  rd_kafka_headers_destroy(headers);
  if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) return false;
  const bool refused = error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
  reports_.push_back({letter.place, refused ? Outcome::kRefused : Outcome::kNotWritten, rd_kafka_err2str(error)});
  return true;
}

std::vector<DeadLetterTopic::Report> DeadLetterTopic::Poll(int timeout_ms) {
  if (producer_ != nullptr && reports_.empty()) rd_kafka_poll(producer_.get(), timeout_ms);
  return std::exchange(reports_, {});
}

bool DeadLetterTopic::failed() const {
  return producer_ != nullptr && rd_kafka_fatal_error(producer_.get(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
}

void DeadLetterTopic::DropProducer() {
  if (producer_ != nullptr) rd_kafka_purge(producer_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  producer_.reset();
  reports_.clear();
}

void DeadLetterTopic::Fetch(const std::vector<DeadPlace>& places,
                            const std::function<bool(const DeadPlace&, const rd_kafka_message_t*)>& take,
                            const std::function<bool()>& stop) {
  const auto partition = static_cast<size_t>(places.front().partition);
  std::vector<int64_t> next_offsets(partition + 1, -1);
  const int count = Partitions(source_.get(), settings_.topic);
  if (count == 0) throw std::runtime_error("topic " + settings_.topic + " is gone");
  if (static_cast<size_t>(count) <= partition) {
    for (const DeadPlace& place : places) take(place, nullptr);
    return;
  }
  const Watermarks marks = QueryWatermarks(source_.get(), settings_.topic, count, kQueryMs)[partition];
  size_t at = 0;
  for (; at < places.size() && (places[at].offset < marks.low || places[at].offset >= marks.high); ++at) {
    take(places[at], nullptr);
  }
  if (at == places.size()) return;
  next_offsets[partition] = places[at].offset;
  AssignAt(source_.get(), settings_.topic, next_offsets);
  for (int64_t heard_ns = MonotonicNs(); at < places.size() && !stop();) {
    const KafkaPtr<rd_kafka_message_t> message(rd_kafka_consumer_poll(source_.get(), kPollMs));
    const bool is_record = message != nullptr && message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (is_record || (message != nullptr && message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)) {
      heard_ns = MonotonicNs();
      // Passed over: compacted away, or another log's.
      for (; at < places.size() && places[at].offset < message->offset; ++at) take(places[at], nullptr);
      if (!is_record || at == places.size()) break;
      if (places[at].offset == message->offset) {
        const bool same = DeadPlaceOf(*message) == places[at];
        if (!take(places[at], same ? message.get() : nullptr)) break;
        ++at;
      }
      if (at < places.size() && places[at].offset - message->offset > kFarOffsets) break;
    } else if (message != nullptr && message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
      break;  // trimmed meanwhile: the next round finds the new start
    } else if (MonotonicNs() - heard_ns > kSilenceNsMax) {
      throw std::runtime_error("topic " + settings_.topic + ": a rejected record can't be read again");
    }
  }
  rd_kafka_assign(source_.get(), nullptr);
}

}  // namespace pipeline
