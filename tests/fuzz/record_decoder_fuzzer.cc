// Any bytes as a raw Kafka value: no crash, a second look says the same, and what is accepted is a payment that keeps
// its promises and crosses the wire.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "payment/codec.h"
#include "payment/record_decoder.h"
#include "payment/timestamp.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void CheckAccepted(const pipeline::Payment& payment) {
  Require(!payment.id.empty());
  Require(payment.amount.units >= 0 && payment.amount.exponent <= pipeline::kMoneyExponentMax);
  Require(pipeline::EpochSeconds(payment.created_at_s) == payment.created_at_s);
  for (size_t i = 1; i < payment.metadata.size(); ++i) {
    Require(payment.metadata[i - 1].first < payment.metadata[i].first);
  }
  std::string bytes;
  pipeline::AppendSerialized(payment, 1, &bytes);
  ::payment::Payment message;
  Require(message.ParseFromString(bytes));
  Require(pipeline::FromProto(message) == payment);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static pipeline::RecordDecoder& used = *new pipeline::RecordDecoder;
  static pipeline::Payment& used_payment = *new pipeline::Payment;
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  pipeline::RecordDecoder fresh;
  pipeline::Payment payment;
  const pipeline::RejectReason reason = fresh.Decode("key", value, &payment);
  Require(used.Decode("key", value, &used_payment) == reason);
  if (reason == pipeline::RejectReason::kNone) {
    Require(used_payment == payment);
    CheckAccepted(payment);
  }
  return 0;
}
