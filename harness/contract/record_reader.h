// Reads one raw Kafka value (docs/formats.md, "Records of the topic") for the harness: which payment it is, or why it
// is none. The second decoder of the project, on nlohmann_json and with arithmetic of its own: what it says is held
// against the server's, so it shares no code with src/payment/record_decoder.cc but the data types. Owned by the audit
// and by the parser of acknowledgement logs. Pure. Not thread-safe (it reuses its memory).
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "payment/payment.h"
#include "payment/record_decoder.h"

namespace harness {

class RecordReader {
 public:
  RecordReader();
  ~RecordReader();

  // `value` as Kafka holds it; nullopt for a null value. kNone: *payment is what the record says, its amount without
  // trailing zeros. Otherwise the first reason that holds, in the order of RejectReason; of a record that is JSON
  // *payment then has the metadata that could be read, so that a rejected record keeps its name, and nothing else.
  pipeline::RejectReason Read(std::string_view key, std::optional<std::string_view> value, pipeline::Payment* payment);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// As a record says them, in any case; what is no such word is kUnknown.
pipeline::Provider ProviderOfWord(std::string_view word);
pipeline::PaymentStatus StatusOfWord(std::string_view word);
// In logs of what was received: that it is not known is said, other words are none.
bool IsWordForUnknown(std::string_view word);

}  // namespace harness
