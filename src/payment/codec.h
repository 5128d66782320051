// Between Payment and its two other forms: the wire message and the raw Kafka JSON. Called by server (encode), client
// and harness (decode), producers (raw JSON). Pure, thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "payment.pb.h"
#include "payment/payment.h"

namespace pipeline {

// A server without `exact_amount` (a tutorial program): the double is taken with the digits of
// ISO 4217, two at least.
Payment FromProto(const ::payment::Payment& message);

// Appends the serialised ::payment::Payment, byte for byte deterministic (metadata in key order), without building a
// message: the server's hot path. `processed_at_s`: the Kafka record's timestamp in epoch seconds.
void AppendSerialized(const Payment& payment, int64_t processed_at_s, std::string* out);
// The same in two steps, for a caller that has a place for it. `payment` outlives this and does not change.
class SerializedPayment {
 public:
  SerializedPayment(const Payment& payment, int64_t processed_at_s);
  size_t size() const { return size_; }
  // Writes size() bytes.
  void WriteTo(char* at) const;

 private:
  const Payment& payment_;
  const int64_t processed_at_s_;
  uint64_t amount_bits_ = 0;
  size_t money_size_ = 0;
  size_t size_ = 0;
};

// The raw topic's JSON. `amount_text` is the JSON number in the provider's own units ("15000", "150.00").
struct RawPayment {
  std::string_view id;
  std::string_view provider;  // "stripe"
  std::string_view amount_text;
  std::string_view currency;  // "usd"
  std::string_view status;    // "succeeded"
  std::string_view customer_email;
  int64_t timestamp_s = 0;
};
// Appends the JSON object; `metadata` pairs in the order given. Strings are escaped.
void AppendRawJson(const RawPayment& raw, const std::vector<std::pair<std::string, std::string>>& metadata,
                   std::string* out);
// Appends `text` as a JSON string, quotes included; invalid UTF-8 becomes U+FFFD.
void AppendJsonString(std::string_view text, std::string* out);

}  // namespace pipeline
