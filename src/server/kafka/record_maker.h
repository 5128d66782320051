// Turns a message of Kafka's into a record to apply: decoded once, serialised once. Each thread that reads Kafka (the
// reader, every catch-up reader) owns one. Not thread-safe.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string_view>

#include "payment/payment.h"
#include "payment/record_decoder.h"
#include "stream/event_frame.h"

namespace pipeline {

class RecordMaker {
 public:
  // On a compacted topic a record whose key is not its id is none that can be applied (kWrongKey).
  explicit RecordMaker(bool compacted = false) : compacted_(compacted) {}
  bool compacted() const { return compacted_; }

  // `message` carries a record, not an error; `record_crc32c` is its checksum (MessageCrc32c). kNone: *record is
  // filled; otherwise it is unspecified.
  RejectReason Make(const rd_kafka_message_t& message, uint32_t record_crc32c, LogRecord* record);

 private:
  bool compacted_;
  RecordDecoder decoder_;
  Payment payment_;
};

// Empty where the key is null.
std::string_view MessageKey(const rd_kafka_message_t& message);

// Checksum of key and value, as resume tokens carry it.
uint32_t MessageCrc32c(const rd_kafka_message_t& message);

}  // namespace pipeline
