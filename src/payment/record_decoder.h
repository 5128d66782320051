// Decodes one raw Kafka value (JSON) into a payment or a reason to reject it. The server's reader thread and the
// harness's audit each own one decoder. Pure. Not thread-safe (it reuses its parser's memory).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "payment/payment.h"

namespace pipeline {

inline constexpr int64_t kRecordBytesMax =
    int64_t{3} * 1024 * 1024;  // larger would not pass a default 4 MiB receive limit

enum class RejectReason : uint8_t {
  kNone,
  kTombstone,  // null or empty value
  kOversized,  // key + value above kRecordBytesMax
  kNotUtf8,
  kNotJson,    // also: not an object, nested deeper than 64
  kNoId,       // absent, empty or not a string
  kBadAmount,  // absent, not a number, not finite, or does not fit exact money
  kNegativeAmount,
  kBadField,  // another field has the wrong type
};
inline constexpr int kRejectReasonCount = 9;
// snake_case, for counters and logs: "not_json".
std::string_view RejectReasonName(RejectReason reason);

class RecordDecoder {
 public:
  RecordDecoder();
  ~RecordDecoder();
  RecordDecoder(RecordDecoder&&) noexcept;
  RecordDecoder& operator=(RecordDecoder&&) noexcept;

  // `value` as Kafka holds it; nullopt for a null value. On success fills *payment (its strings' memory is used again)
  // and returns kNone; on a rejection *payment is unspecified. Never throws on content. With several reasons, the first
  // in the order of RejectReason counts.
  //
  // Unknown members are ignored, but everything must be JSON. A member that is null counts as absent; absent optional
  // members are empty. Of a member or metadata key that stands several times the last one counts, alone. `metadata`
  // values that are numbers or booleans are taken as their JSON text, null is skipped, objects and arrays are
  // kBadField. `timestamp` is any number, of which the whole seconds count.
  RejectReason Decode(std::string_view key, std::optional<std::string_view> value, Payment* payment);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace pipeline
