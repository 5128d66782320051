#include "payment/codec.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "payment/wire_bytes.h"

namespace pipeline {
namespace {

constexpr char kIdTag = FieldTag(::payment::Payment::kIdFieldNumber, WireType::kLengthDelimited);
constexpr char kProviderTag = FieldTag(::payment::Payment::kProviderFieldNumber, WireType::kVarint);
constexpr char kAmountTag = FieldTag(::payment::Payment::kAmountFieldNumber, WireType::kFixed64);
constexpr char kCurrencyTag = FieldTag(::payment::Payment::kCurrencyFieldNumber, WireType::kLengthDelimited);
constexpr char kStatusTag = FieldTag(::payment::Payment::kStatusFieldNumber, WireType::kVarint);
constexpr char kCustomerEmailTag = FieldTag(::payment::Payment::kCustomerEmailFieldNumber, WireType::kLengthDelimited);
constexpr char kCreatedAtTag = FieldTag(::payment::Payment::kCreatedAtFieldNumber, WireType::kVarint);
constexpr char kProcessedAtTag = FieldTag(::payment::Payment::kProcessedAtFieldNumber, WireType::kVarint);
constexpr char kMetadataTag = FieldTag(::payment::Payment::kMetadataFieldNumber, WireType::kLengthDelimited);
constexpr char kExactAmountTag = FieldTag(::payment::Payment::kExactAmountFieldNumber, WireType::kLengthDelimited);
// The members of a map's entry (protobuf.dev, "Maps"); no generated code names them.
constexpr char kKeyTag = FieldTag(1, WireType::kLengthDelimited);
constexpr char kValueTag = FieldTag(2, WireType::kLengthDelimited);
constexpr char kUnitsTag = FieldTag(::payment::Money::kUnitsFieldNumber, WireType::kVarint);
constexpr char kExponentTag = FieldTag(::payment::Money::kExponentFieldNumber, WireType::kVarint);

size_t VarintSize(uint64_t value) { return (static_cast<size_t>(std::bit_width(value | 1)) + 6) / 7; }
size_t BytesSize(std::string_view bytes) { return 1 + VarintSize(bytes.size()) + bytes.size(); }
// A field that proto3 leaves out when it has its default.
size_t OptionalVarintSize(uint64_t value) { return value == 0 ? 0 : 1 + VarintSize(value); }
size_t OptionalBytesSize(std::string_view bytes) { return bytes.empty() ? 0 : BytesSize(bytes); }

char* PutBytes(char tag, std::string_view bytes, char* at) {
  *at++ = tag;
  at = PutVarint(bytes.size(), at);
  std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

char* PutOptionalVarint(char tag, uint64_t value, char* at) {
  if (value == 0) return at;
  *at++ = tag;
  return PutVarint(value, at);
}

char* PutOptionalBytes(char tag, std::string_view bytes, char* at) {
  return bytes.empty() ? at : PutBytes(tag, bytes, at);
}

char* PutFixed64(char tag, uint64_t value, char* at) {
  *at++ = tag;
  for (int shift = 0; shift < 64; shift += 8) *at++ = static_cast<char>(value >> shift);
  return at;
}

// Providers give hundredths of some currencies that have no minor unit.
constexpr uint32_t kDoubleDigitsMin = 2;

// A double that a foreign server sent, as money with `digits` behind the point. What money can't hold ends at its
// limits, so that it compares unequal to any amount that was really sent; NaN is 0.
Money MoneyFromDouble(double amount, uint32_t digits) {
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  const double units = std::round(amount * std::pow(10.0, digits));
  if (std::isnan(units)) return {0, digits};
  if (units >= kLimit) return {std::numeric_limits<int64_t>::max(), digits};
  if (units < -kLimit) return {std::numeric_limits<int64_t>::min(), digits};
  return {static_cast<int64_t>(units), digits};
}

Money MoneyFromProto(const ::payment::Payment& message) {
  if (message.has_exact_amount()) {
    const Money exact = Canonical({message.exact_amount().units(), message.exact_amount().exponent()});
    // As it was sent, except for an exponent that only zeros carry beyond what the contract allows.
    if (message.exact_amount().exponent() <= kMoneyExponentMax) {
      return {message.exact_amount().units(), message.exact_amount().exponent()};
    }
    if (exact.exponent <= kMoneyExponentMax) return exact;
  }
  return MoneyFromDouble(message.amount(), std::max(kDoubleDigitsMin, IsoDigits(message.currency())));
}

}  // namespace

Payment FromProto(const ::payment::Payment& message) {
  Payment payment;
  payment.id = message.id();
  // A value that a newer server knows and this program does not is UNKNOWN here.
  if (::payment::Provider_IsValid(message.provider())) payment.provider = static_cast<Provider>(message.provider());
  if (::payment::PaymentStatus_IsValid(message.status())) {
    payment.status = static_cast<PaymentStatus>(message.status());
  }
  payment.amount = MoneyFromProto(message);
  payment.currency = message.currency();
  payment.customer_email = message.customer_email();
  payment.created_at_s = message.created_at();
  payment.metadata.assign(message.metadata().begin(), message.metadata().end());
  std::sort(payment.metadata.begin(), payment.metadata.end());
  return payment;
}

SerializedPayment::SerializedPayment(const Payment& payment, int64_t processed_at_s)
    : payment_(payment),
      processed_at_s_(processed_at_s),
      amount_bits_(std::bit_cast<uint64_t>(ToDouble(payment.amount))),
      money_size_(OptionalVarintSize(static_cast<uint64_t>(payment.amount.units)) +
                  OptionalVarintSize(payment.amount.exponent)) {
  size_ = OptionalBytesSize(payment.id) + OptionalVarintSize(static_cast<uint64_t>(payment.provider)) +
          (amount_bits_ == 0 ? 0 : 9) + OptionalBytesSize(payment.currency) +
          OptionalVarintSize(static_cast<uint64_t>(payment.status)) + OptionalBytesSize(payment.customer_email) +
          OptionalVarintSize(static_cast<uint64_t>(payment.created_at_s)) +
          OptionalVarintSize(static_cast<uint64_t>(processed_at_s)) + 1 + VarintSize(money_size_) + money_size_;
  for (const auto& [key, value] : payment.metadata) {
    const size_t entry_size = BytesSize(key) + BytesSize(value);
    size_ += 1 + VarintSize(entry_size) + entry_size;
  }
}

void SerializedPayment::WriteTo(char* at) const {
  at = PutOptionalBytes(kIdTag, payment_.id, at);
  at = PutOptionalVarint(kProviderTag, static_cast<uint64_t>(payment_.provider), at);
  if (amount_bits_ != 0) at = PutFixed64(kAmountTag, amount_bits_, at);
  at = PutOptionalBytes(kCurrencyTag, payment_.currency, at);
  at = PutOptionalVarint(kStatusTag, static_cast<uint64_t>(payment_.status), at);
  at = PutOptionalBytes(kCustomerEmailTag, payment_.customer_email, at);
  at = PutOptionalVarint(kCreatedAtTag, static_cast<uint64_t>(payment_.created_at_s), at);
  at = PutOptionalVarint(kProcessedAtTag, static_cast<uint64_t>(processed_at_s_), at);
  for (const auto& [key, value] : payment_.metadata) {
    *at++ = kMetadataTag;
    at = PutVarint(BytesSize(key) + BytesSize(value), at);
    // Both members of a map's entry are always there, as protobuf's own encoder writes them.
    at = PutBytes(kValueTag, value, PutBytes(kKeyTag, key, at));
  }
  *at++ = kExactAmountTag;
  at = PutVarint(money_size_, at);
  at = PutOptionalVarint(kUnitsTag, static_cast<uint64_t>(payment_.amount.units), at);
  PutOptionalVarint(kExponentTag, payment_.amount.exponent, at);
}

void AppendSerialized(const Payment& payment, int64_t processed_at_s, std::string* out) {
  const SerializedPayment serialized(payment, processed_at_s);
  const size_t begin = out->size();
  out->resize(begin + serialized.size());
  serialized.WriteTo(out->data() + begin);
}

}  // namespace pipeline
