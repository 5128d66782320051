// The hand-written encoder writes what protobuf's own deterministic one would, byte for byte, and a payment survives
// the way over the wire.
#include "payment/codec.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "tests/payment/payment_testing.h"
#include "tests/payment/to_proto.h"

namespace pipeline {
namespace {

std::string Deterministic(const ::payment::Payment& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeWithCachedSizes(&coded);
  coded.Trim();
  return bytes.substr(0, static_cast<size_t>(coded.ByteCount()));
}

RC_GTEST_PROP(AppendSerialized, WritesWhatProtobufWrites, ()) {
  const Payment payment = *AnyPayment();
  const int64_t processed_at_s = *Int64();
  ::payment::Payment message;
  ToProto(payment, processed_at_s, &message);
  std::string bytes = "before";
  AppendSerialized(payment, processed_at_s, &bytes);
  RC_ASSERT(bytes.starts_with("before"));
  bytes.erase(0, 6);
  ::payment::Payment parsed;
  RC_ASSERT(parsed.ParseFromString(bytes));
  RC_ASSERT(google::protobuf::util::MessageDifferencer::Equals(parsed, message));
  RC_ASSERT(message.ByteSizeLong() == bytes.size());
  RC_ASSERT(Deterministic(message) == bytes);
}

RC_GTEST_PROP(FromProto, GivesThePaymentBack, ()) {
  const Payment payment = *AnyPayment();
  ::payment::Payment message;
  message.set_id("left over");
  (*message.mutable_metadata())["left"] = "over";
  ToProto(payment, 1, &message);
  RC_ASSERT(FromProto(message) == payment);
  RC_ASSERT(FromProto(message).amount.exponent == payment.amount.exponent);
}

TEST(ToProto, PutsTheAmountInBothForms) {
  Payment payment;
  payment.amount = {15000, 4};
  ::payment::Payment message;
  ToProto(payment, 7, &message);
  EXPECT_EQ(message.amount(), 1.5);
  EXPECT_EQ(message.exact_amount().units(), 15000);
  EXPECT_EQ(message.exact_amount().exponent(), 4U);
  EXPECT_EQ(message.processed_at(), 7);
}

TEST(ToProto, SaysAnExactZeroToo) {
  ::payment::Payment message;
  ToProto(Payment{}, 0, &message);
  EXPECT_TRUE(message.has_exact_amount());
  std::string bytes;
  AppendSerialized(Payment{}, 0, &bytes);
  EXPECT_EQ(bytes, std::string("\x52\x00", 2));
}

Money FromDouble(double amount, const std::string& currency) {
  ::payment::Payment message;
  message.set_amount(amount);
  message.set_currency(currency);
  return FromProto(message).amount;
}

TEST(FromProto, TakesTheDoubleOfAServerWithoutExactAmounts) {
  EXPECT_EQ(FromDouble(1.5, "USD").units, 150);
  EXPECT_EQ(FromDouble(1.5, "USD").exponent, 2U);
  EXPECT_EQ(FromDouble(0.1 + 0.2, "USD"), (Money{30, 2}));
  EXPECT_EQ(FromDouble(1.005, "KWD"), (Money{1005, 3}));
  EXPECT_EQ(FromDouble(500, "JPY"), (Money{500, 0}));
  EXPECT_EQ(FromDouble(-1.5, "EUR"), (Money{-150, 2}));
}

TEST(FromProto, EndsAtTheLimitsWithDoublesThatNoMoneyHolds) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(FromDouble(1e300, "USD").units, kMax);
  EXPECT_EQ(FromDouble(-1e300, "USD").units, kMin);
  EXPECT_EQ(FromDouble(9223372036854775808.0, "JPY").units, kMax);
  EXPECT_EQ(FromDouble(-9223372036854775808.0, "JPY").units, kMin);
  EXPECT_EQ(FromDouble(std::numeric_limits<double>::infinity(), "USD").units, kMax);
  EXPECT_EQ(FromDouble(std::numeric_limits<double>::quiet_NaN(), "USD").units, 0);
}

TEST(FromProto, TakesAnExponentBeyondTheContractOnlyByItsZeros) {
  ::payment::Payment message;
  message.set_amount(2.5);
  message.mutable_exact_amount()->set_units(1500);
  message.mutable_exact_amount()->set_exponent(20);
  EXPECT_EQ(FromProto(message).amount, (Money{15, 18}));
  message.mutable_exact_amount()->set_units(15);
  message.mutable_exact_amount()->set_exponent(4'000'000'000);
  EXPECT_EQ(FromProto(message).amount, (Money{250, 2}));
}

TEST(FromProto, CallsValuesOfANewerContractUnknown) {
  ::payment::Payment message;
  message.set_provider(static_cast<::payment::Provider>(1000));
  message.set_status(static_cast<::payment::PaymentStatus>(-7));
  EXPECT_EQ(FromProto(message).provider, Provider::kUnknown);
  EXPECT_EQ(FromProto(message).status, PaymentStatus::kUnknown);
}

}  // namespace
}  // namespace pipeline
