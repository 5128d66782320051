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
  kNoId,       // absent, empty, not a string, or with half a surrogate pair in it
  kBadAmount,  // absent, neither a number nor the text of one, or does not fit exact money
  kNegativeAmount,
  kBadField,  // another field has the wrong type
  kWrongKey,  // the topic is compacted, and the key is not the id; found by who knows the topic, never by a decoder
};
inline constexpr int kRejectReasonCount = 10;
// Those below it are what a record is by itself, on every topic.
inline constexpr int kDecoderReasonCount = 9;
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
  // Unknown members are ignored, but everything must be JSON, behind at most one byte order mark. A member that is null
  // counts as absent; absent optional members are empty. Of a member or metadata key that stands several times the last
  // one counts, alone. White space around provider, status and currency is cut off. `amount` and `timestamp` may be
  // strings that hold a number. `metadata` may be an empty array (no metadata); its values that are numbers or booleans
  // are taken as their JSON text, null is skipped, objects and arrays are kBadField. `timestamp`: ParseTimestamp. Half
  // a surrogate pair becomes U+FFFD, but not in an id: two ids would become one.
  RejectReason Decode(std::string_view key, std::optional<std::string_view> value, Payment* payment);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace pipeline
