// The bytes that a server sends for a record, made in advance: what the bare relay and the bare fan-out server have in
// hand instead of working it out. Called by the feeder and the bare servers. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "payment/payment.h"
#include "payment/record_decoder.h"

namespace bench {

class ReadyEvents {
 public:
  // Appends the serialised payment.PaymentEvent of the record as a member of a payment.PaymentBatch: a tag and a length
  // in front. Throws std::runtime_error for a value that the server would reject.
  void AppendFramed(std::string_view key, std::string_view value, int32_t partition, int64_t offset, int64_t time_s,
                    std::string* out);

 private:
  pipeline::RecordDecoder decoder_;
  pipeline::Payment payment_;
  std::string serialized_;
};

// What of a framed event is the event itself.
std::string_view WithoutFrame(std::string_view framed);

}  // namespace bench
