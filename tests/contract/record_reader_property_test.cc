// The harness's reader and the server's decoder, which share no code, say the same of every record: of valid ones, of
// mutated ones, and of values made to be hostile.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "payment/codec.h"
#include "payment/money.h"
#include "tests/contract/two_readings.h"
#include "tests/payment/payment_testing.h"

namespace harness {
namespace {

using Words = std::vector<std::string>;

std::string ValidValue() {
  pipeline::Payment payment = *pipeline::AnyPayment();
  if (payment.amount.units < 0) payment.amount.units = ~payment.amount.units;
  const std::string amount = pipeline::ToText(payment.amount, payment.amount.exponent);
  std::string value;
  pipeline::AppendRawJson({payment.id, pipeline::ProviderName(payment.provider), amount, payment.currency,
                           *rc::gen::elementOf(Words{"paid", "REFUNDED", "Failed", "processing", "x", ""}),
                           payment.customer_email, payment.created_at_s},
                          payment.metadata, &value);
  return value;
}

RC_GTEST_PROP(TwoReadings, SayTheSameOfValidRecords, ()) {
  const std::string value = ValidValue();
  RC_ASSERT(DifferenceOfReadings("k", value) == "");
}

std::string Mutated(std::string text) {
  static constexpr char kBytes[] = "{}[]\",:\\ue0123.-+E \n\t\x01\x7f\x80\xc3\xa9\xff\0";
  static const std::string bytes(kBytes, sizeof(kBytes) - 1);
  const int changes = *rc::gen::inRange(1, 4);
  for (int i = 0; i < changes && !text.empty(); ++i) {
    const auto at = *rc::gen::inRange<size_t>(0, text.size());
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        text[at] = *rc::gen::elementOf(bytes);
        break;
      case 1:
        text.insert(at, 1, *rc::gen::elementOf(bytes));
        break;
      case 2:
        text.erase(at, *rc::gen::inRange<size_t>(1, 5));
        break;
      default:
        text.insert(at, text.substr(at / 2, 10));
        break;
    }
  }
  return text;
}

RC_GTEST_PROP(TwoReadings, SayTheSameOfMutatedRecords, ()) {
  const std::string value = Mutated(ValidValue());
  RC_ASSERT(DifferenceOfReadings("k", value) == "");
}

std::string HostileScalar() {
  static const Words words = {"null",
                              "true",
                              "false",
                              "tru",
                              "NaN",
                              "\"\"",
                              "\"a\"",
                              "\"\\ud83d\"",
                              "\"\\ud83d\\ude00\"",
                              "\"\\u0000\"",
                              "\"\xc3\"",
                              "\"\xed\xa0\x80\"",
                              "\"\\q\"",
                              "\"stripe\"",
                              "\"PayPal\"",
                              "\"ugx\"",
                              "\"JPY\"",
                              "\"kwd\"",
                              "\"paid\"",
                              "'a'",
                              "\"\t\"",
                              "{}",
                              "[]",
                              "[1,[2,{\"a\":1e999}]]",
                              "{\"a\":1,\"a\":\"2\"}",
                              "{\"rec\":\"r.p.1\",\"z\":-0}",
                              "{\"a\":{}}"};
  static const Words digits = {"0",
                               "1",
                               "9",
                               "00",
                               "10",
                               "9223372036854775807",
                               "9223372036854775808",
                               "123456789012345678901234567890",
                               "000000000000000000000000000000"};
  if (*rc::gen::inRange(0, 2) == 0) return *rc::gen::elementOf(words);
  std::string number = *rc::gen::element<std::string>("", "", "", "-", "+") + *rc::gen::elementOf(digits);
  if (*rc::gen::inRange(0, 2) == 0) number += "." + *rc::gen::elementOf(digits);
  if (*rc::gen::inRange(0, 3) == 0) {
    number += *rc::gen::element<std::string>("e", "E", "e+", "e-", "ee") +
              *rc::gen::element<std::string>("0", "1", "2", "18", "19", "20", "308", "999", "99999999999999999999", "");
  }
  return number;
}

RC_GTEST_PROP(TwoReadings, SayTheSameOfHostileRecords, ()) {
  static const Words names = {"id",        "provider", "amount",         "currency", "status",
                              "amount",    "amount",   "customer_email", "metadata", "timestamp",
                              "timestamp", "currency", "\\u0069d",       "x"};
  static const Words spaces = {"", "", "", " ", "\n", "\t\r", "\xEF\xBB\xBF", "\f"};
  std::string value = *rc::gen::elementOf(spaces) + "{\"id\":\"p\",\"amount\":1.50";
  const int members = *rc::gen::inRange(0, 5);
  for (int i = 0; i < members; ++i) {
    value += *rc::gen::elementOf(spaces) + ",\"" + *rc::gen::elementOf(names) + "\":" + *rc::gen::elementOf(spaces) +
             HostileScalar();
  }
  value += *rc::gen::elementOf(Words{"}", "}", "}", "} ", "", "}}", ",}"});
  RC_CLASSIFY(RecordReader().Read("k", value, std::make_unique<pipeline::Payment>().get()) ==
              pipeline::RejectReason::kNone);
  RC_ASSERT(DifferenceOfReadings("k", value) == "");
}

}  // namespace
}  // namespace harness
