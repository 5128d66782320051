// The harness's reader and the server's decoder, which share no code, say the same of every record: of valid ones, of
// mutated ones, and of values made to be hostile.
#include <fmt/format.h>
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
                              "\"x\\ude00\\ud83d\\ud83d\\ude00\\\\\\udc00\"",
                              "\" stripe\\n\"",
                              "\"\\tjpy \"",
                              "\"12.50\"",
                              "\"1769853600123\"",
                              "\"2026-01-31T10:00:00.5+01:00\"",
                              "[ ]",
                              "[null]",
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
                               "1769853600123",
                               "1769853600123456",
                               "253402300800",
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

// Half surrogate pairs among all that escapes can be.
RC_GTEST_PROP(TwoReadings, SayTheSameOfHalfPairs, ()) {
  static const Words pieces = {"\\ud83d", "\\ud83d", "\\ude00", "\\uDBFF", "\\udfff", "\\\\", "\\n", "x",
                               "\\u00e9", "é",       "\\\"",    "\\q",     "\\u12",   "u",    ""};
  static const Words shells = {R"("customer_email":"%")",
                               R"("metadata":{"%":"a","b%":"%"})",
                               R"("id":"%")",
                               R"("x":[{"%":["%"]}])",
                               R"("id":"%","id":"q")",
                               R"("%":1e999)",
                               R"("status":"paid%")",
                               R"("metadata":{"\ufffd":"%"})"};
  std::string shell = *rc::gen::elementOf(shells);
  for (size_t at = 0; (at = shell.find('%', at)) != std::string::npos;) {
    std::string text;
    for (const std::string& piece : *rc::gen::container<Words>(rc::gen::elementOf(pieces))) text += piece;
    shell.replace(at, 1, text);
    at += text.size();
  }
  const std::string value = R"({"id":"p","amount":1,)" + shell + "}";
  RC_CLASSIFY(RecordReader().Read("k", value, std::make_unique<pipeline::Payment>().get()) ==
              pipeline::RejectReason::kNone);
  RC_ASSERT(DifferenceOfReadings("k", value) == "");
}

std::string TwoDigits(int begin, int end) { return fmt::format("{:02}", *rc::gen::inRange(begin, end)); }

// Dates that are right, that a calendar does not have, and that are hardly dates.
RC_GTEST_PROP(TwoReadings, SayTheSameOfTimes, ()) {
  std::string time = fmt::format("{:04}-{}-{}", *rc::gen::element(0, 1, 1900, 1969, 2000, 2023, 2024, 9999, 12345),
                                 TwoDigits(0, 14), TwoDigits(0, 33)) +
                     *rc::gen::element<std::string>("T", "T", "t", " ") + TwoDigits(0, 26) + ":" + TwoDigits(0, 62) +
                     ":" + TwoDigits(0, 63) +
                     *rc::gen::element<std::string>("", "", ".5", ".", ".12345678901234567890") +
                     *rc::gen::element<std::string>("Z", "z", "+", "-", "");
  if (time.back() == '+' || time.back() == '-') time += TwoDigits(0, 26) + ":" + TwoDigits(0, 62);
  if (*rc::gen::inRange(0, 4) == 0) time = Mutated(time);
  const std::string value = R"({"id":"p","amount":1,"timestamp":")" + time + "\"}";
  RC_CLASSIFY(RecordReader().Read("k", value, std::make_unique<pipeline::Payment>().get()) ==
              pipeline::RejectReason::kNone);
  RC_ASSERT(DifferenceOfReadings("k", value) == "");
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
