// One accepted record as it goes to subscribers: a serialised payment.PaymentEvent, made once and shared by the store,
// the window and all streams. Made by whoever reads Kafka; read from any thread. Pure.
//
// The payment comes first on the wire and what depends on the way it is sent (event_type) behind it, so that "existing"
// is the same bytes up to the payment's end and a short tail of its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "payment/codec.h"
#include "payment/payment.h"
#include "stream/shared_bytes.h"

namespace pipeline {

struct EventFrame {
  SharedBytes bytes;           // the whole PaymentEvent, event_type "new"
  uint32_t payment_begin = 0;  // the serialised payment.Payment within it
  uint32_t payment_end = 0;

  std::string_view payment() const { return bytes.view().substr(payment_begin, payment_end - payment_begin); }
  // Tag, length and payment: what every event of this record begins with.
  std::string_view head() const { return bytes.view().substr(0, payment_end); }
};

// Where one record is in the topic.
struct Position {
  int32_t partition = 0;
  int64_t offset = 0;
  bool operator==(const Position&) const = default;
};

// A record that the decoder accepted, ready to be applied.
struct LogRecord {
  int32_t partition = 0;
  int64_t offset = 0;
  uint32_t record_crc32c = 0;  // of key and value
  Provider provider = Provider::kUnknown;
  PaymentStatus status = PaymentStatus::kUnknown;
  int64_t created_at_s = 0;
  std::string id;
  EventFrame frame;

  Position position() const { return {partition, offset}; }
};

// `payment` is the serialised payment.Payment, at most 1 GiB.
EventFrame MakeEventFrame(std::string_view payment, int32_t partition, int64_t offset, uint32_t record_crc32c);
// The same of one that is yet to be written: goes into the frame without a copy.
EventFrame MakeEventFrame(const SerializedPayment& payment, int32_t partition, int64_t offset, uint32_t record_crc32c);

// event_type "existing" with the position: what follows head() when the record is sent from the store.
std::string ExistingTail(int32_t partition, int64_t offset, uint32_t record_crc32c);

}  // namespace pipeline
