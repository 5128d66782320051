#include "harness/observe/contents.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <utility>

#include "common/clock.h"
#include "common/kafka.h"
#include "harness/contract/canonical.h"
#include "harness/contract/record_reader.h"
#include "harness/observe/log_lines.h"
#include "harness/observe/tailed_file.h"

namespace harness {
namespace {

using Json = nlohmann::ordered_json;
using pipeline::KafkaPtr;

constexpr int kPollMs = 50;
constexpr int64_t kRecordWithinNs = 1'000'000'000;
constexpr size_t kValueBytesMax = 8'192;  // longer raw values are cut

std::string_view Bytes(const void* data, size_t size) {
  return data == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(data), size);
}

void Keep(const rd_kafka_message_t& message, RecordReader* reader, Recorder* recorder) {
  KeptContent content;
  content.where = "the topic";
  content.partition = message.partition;
  content.offset = message.offset;
  const std::string_view value = Bytes(message.payload, message.len);
  content.value = value.substr(0, kValueBytesMax);
  const auto reason = reader->Read(Bytes(message.key, message.key_len),
                                   message.payload == nullptr ? std::nullopt : std::optional(value), &content.payment);
  if (reason == pipeline::RejectReason::kNone) {
    content.content_hash = CanonicalHash(content.payment);
  } else {
    content.payment = {};
  }
  recorder->OnContent(content);
}

// nullptr: it is not there, or did not come in time. Partitions are started and stopped one by one: librdkafka 2.0.2
// dies of an assertion when an assignment is replaced before its partitions have started.
KafkaPtr<rd_kafka_message_t> ReadRecord(rd_kafka_topic_t* topic, int32_t partition, int64_t offset,
                                        int64_t deadline_ns) {
  if (rd_kafka_consume_start(topic, partition, offset) != 0) return nullptr;
  KafkaPtr<rd_kafka_message_t> found;
  while (found == nullptr && pipeline::MonotonicNs() < deadline_ns) {
    KafkaPtr<rd_kafka_message_t> message(rd_kafka_consume(topic, partition, kPollMs));
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF || message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) break;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR || message->offset < offset) continue;
    if (message->offset > offset) break;
    found = std::move(message);
  }
  rd_kafka_consume_stop(topic, partition);
  return found;
}

void KeepLine(const pipeline::Payment& payment, uint64_t hash, const std::string& where, Recorder* recorder) {
  KeptContent content;
  content.content_hash = hash;
  content.where = where;
  content.payment = payment;
  recorder->OnContent(content);
}

}  // namespace

void KeepTopicContents(const pipeline::KafkaSettings& kafka, const std::set<std::pair<int32_t, int64_t>>& places,
                       int64_t deadline_ns, Recorder* recorder) {
  const auto reader =
      pipeline::MakeKafka(RD_KAFKA_CONSUMER, pipeline::MakeKafkaConf(kafka, {{"client.id", "harness-contents"},
                                                                             {"group.id", "harness-contents"},
                                                                             {"enable.auto.commit", "false"},
                                                                             {"enable.partition.eof", "true"},
                                                                             {"auto.offset.reset", "error"}}));
  const std::unique_ptr<rd_kafka_topic_t, decltype(&rd_kafka_topic_destroy)> topic(
      rd_kafka_topic_new(reader.get(), kafka.topic.c_str(), nullptr), rd_kafka_topic_destroy);
  if (topic == nullptr) throw std::runtime_error(rd_kafka_err2str(rd_kafka_last_error()));
  RecordReader record_reader;
  for (const auto& [partition, offset] : places) {
    const int64_t until_ns = std::min(deadline_ns, pipeline::MonotonicNs() + kRecordWithinNs);
    const auto message = ReadRecord(topic.get(), partition, offset, until_ns);
    if (message != nullptr) Keep(*message, &record_reader, recorder);
  }
}

void KeepLoggedContents(const std::string& path, LogKind kind, const std::string& where,
                        const std::unordered_set<uint64_t>& hashes, Recorder* recorder) {
  TailedFile file(path);
  LogLineParser parser;
  EventLine event;
  AckLine ack;
  std::unordered_set<uint64_t> kept;
  file.ReadLines([&](const TailedFile::Line& line) {
    if (line.too_long) return false;
    if (kind == LogKind::kAckLog) {
      if (!parser.ParseAck(line.text, &ack) || ack.type != AckLine::Type::kSend) return true;
      const uint64_t hash = ack.send.send.content_hash;
      if (hashes.contains(hash) && kept.insert(hash).second) KeepLine(ack.payment, hash, where, recorder);
      return true;
    }
    if (!parser.ParseEvent(line.text, &event) || event.type != EventLine::Type::kEvent) return true;
    const uint64_t hash = event.delivery.content_hash;
    if (hashes.contains(hash) && kept.insert(hash).second) KeepLine(event.payment, hash, where, recorder);
    return true;
  });
}

std::string ContentLines(const History& history) {
  std::string lines;
  for (const KeptContent& content : history.contents) {
    Json line = {{"where", content.where}};
    if (content.offset >= 0) line.update({{"p", content.partition}, {"o", content.offset}});
    if (!content.value.empty()) line["value"] = content.value;
    if (content.content_hash != 0) {
      const pipeline::Payment& payment = content.payment;
      Json metadata = Json::object();
      for (const auto& [key, value] : payment.metadata) metadata[key] = value;
      line["content"] = fmt::format("{:016x}", content.content_hash);
      line["payment"] = {{"id", payment.id},
                         {"provider", pipeline::ProviderName(payment.provider)},
                         {"units", payment.amount.units},
                         {"exponent", payment.amount.exponent},
                         {"currency", payment.currency},
                         {"status", pipeline::StatusName(payment.status)},
                         {"customer_email", payment.customer_email},
                         {"created_at", payment.created_at_s},
                         {"metadata", metadata}};
    }
    lines += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  return lines;
}

}  // namespace harness
