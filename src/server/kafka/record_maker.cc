#include "server/kafka/record_maker.h"

#include <optional>
#include <string_view>

#include "common/crc32c.h"
#include "payment/codec.h"

namespace pipeline {
namespace {

std::string_view Bytes(const void* data, size_t size) {
  return data == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(data), size);
}

}  // namespace

std::string_view MessageKey(const rd_kafka_message_t& message) { return Bytes(message.key, message.key_len); }

uint32_t MessageCrc32c(const rd_kafka_message_t& message) {
  return RecordCrc32c(MessageKey(message), Bytes(message.payload, message.len));
}

RejectReason RecordMaker::Make(const rd_kafka_message_t& message, uint32_t record_crc32c, LogRecord* record) {
  std::optional<std::string_view> value;
  if (message.payload != nullptr) value = Bytes(message.payload, message.len);
  const RejectReason reason = decoder_.Decode(MessageKey(message), value, &payment_);
  if (reason != RejectReason::kNone) return reason;
  if (compacted_ && payment_.id != MessageKey(message)) return RejectReason::kWrongKey;
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const int64_t timestamp_ms = rd_kafka_message_timestamp(&message, &type);
  const int64_t processed_at_s = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? 0 : timestamp_ms / 1000;
  record->partition = message.partition;
  record->offset = message.offset;
  record->record_crc32c = record_crc32c;
  record->provider = payment_.provider;
  record->status = payment_.status;
  record->created_at_s = payment_.created_at_s;
  record->id = payment_.id;
  record->frame = MakeEventFrame(SerializedPayment(payment_, processed_at_s), record->partition, record->offset,
                                 record->record_crc32c);
  return RejectReason::kNone;
}

}  // namespace pipeline
