// Properties of the decoder: every payment that is written as raw JSON decodes to itself; and on JSON text that was
// mutated at random, the decoder agrees with another library about which is JSON, and never crashes.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "payment/codec.h"
#include "payment/record_decoder.h"
#include "payment/timestamp.h"
#include "tests/payment/payment_testing.h"

namespace pipeline {
namespace {

using nlohmann::json;

RC_GTEST_PROP(RecordDecoder, GivesBackWhatAppendRawJsonWrote, ()) {
  Payment payment = *AnyPayment();
  payment.id += "x";
  payment.provider = *rc::gen::element(Provider::kUnknown, Provider::kRazorpay, Provider::kPaypal);
  if (payment.amount.units < 0) payment.amount.units = ~payment.amount.units;
  payment.created_at_s = EpochSeconds(payment.created_at_s);
  const std::string amount = ToText(payment.amount, payment.amount.exponent);
  std::string value;
  AppendRawJson({payment.id, ProviderName(payment.provider), amount, payment.currency, StatusName(payment.status),
                 payment.customer_email, payment.created_at_s},
                payment.metadata, &value);
  RecordDecoder decoder;
  Payment decoded;
  RC_ASSERT(decoder.Decode(payment.id, value, &decoded) == RejectReason::kNone);
  RC_ASSERT(decoded == payment);
  RC_ASSERT(decoded.amount.units == payment.amount.units);
}

rc::Gen<json> AnyJson(int levels) {
  auto scalar =
      rc::gen::oneOf(rc::gen::map(Utf8Text(), [](std::string text) { return json(std::move(text)); }),
                     rc::gen::map(rc::gen::arbitrary<int64_t>(), [](int64_t number) { return json(number); }),
                     rc::gen::map(rc::gen::inRange(-100000, 100000), [](int number) { return json(number / 64.0); }),
                     rc::gen::element(json(nullptr), json(true), json(false), json::object(), json::array()));
  if (levels == 0) return scalar;
  const auto inner = AnyJson(levels - 1);
  return rc::gen::oneOf(scalar,
                        rc::gen::map(rc::gen::container<std::vector<json>>(2, inner),
                                     [](std::vector<json> elements) { return json(std::move(elements)); }),
                        rc::gen::map(rc::gen::pair(Utf8Text(), inner), [](const std::pair<std::string, json>& pair) {
                          json object = json::object();
                          object[pair.first] = pair.second;
                          return object;
                        }));
}

rc::Gen<json> AnyRecord() {
  const auto name = rc::gen::elementOf(std::vector<std::string>{"id", "provider", "amount", "currency", "status",
                                                                "customer_email", "metadata", "timestamp", "x"});
  return rc::gen::map(rc::gen::container<std::vector<std::pair<std::string, json>>>(rc::gen::pair(name, AnyJson(2))),
                      [](const std::vector<std::pair<std::string, json>>& members) {
                        json record = {{"id", "pay_1"}, {"amount", 150}, {"metadata", {{"rec", "r.p.1"}}}};
                        for (const auto& [key, value] : members) record[key] = value;
                        return record;
                      });
}

bool IsSyntaxError(RejectReason reason) { return reason == RejectReason::kNotJson || reason == RejectReason::kNotUtf8; }

RejectReason Decode(const std::string& value) {
  RecordDecoder decoder;
  Payment payment;
  return decoder.Decode("", value, &payment);
}

RC_GTEST_PROP(RecordDecoder, TakesEveryValidObjectForJson, ()) {
  const json record = *AnyRecord();
  const int indent = *rc::gen::element(-1, 0, 2);
  const bool ascii = *rc::gen::arbitrary<bool>();
  RC_ASSERT(!IsSyntaxError(Decode(record.dump(indent, ' ', ascii))));
}

std::string Mutate(std::string text) {
  static const std::string bytes = "{}[]\",:\\ue0123.-+ \n\t\x01\x7f\x80\xc3\xa9\xff";
  const int changes = *rc::gen::inRange(1, 4);
  for (int i = 0; i < changes && !text.empty(); ++i) {
    const auto at = *rc::gen::inRange<size_t>(0, text.size());
    const char byte = *rc::gen::elementOf(bytes);
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        text[at] = byte;
        break;
      case 1:
        text.insert(at, 1, byte);
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

// What another library says; nullopt where it judges something else than the grammar (numbers beyond double, half a
// surrogate pair).
std::optional<bool> IsJsonObject(const std::string& text) {
  try {
    return json::parse(text).is_object();
  } catch (const json::out_of_range&) {
    return std::nullopt;
  } catch (const json::exception& error) {
    if (std::string_view(error.what()).find("surrogate") != std::string_view::npos) return std::nullopt;
    return false;
  }
}

RC_GTEST_PROP(RecordDecoder, AgreesWithAnotherLibraryOnMutatedJson, ()) {
  const std::string text = Mutate((*AnyRecord()).dump(-1, ' ', *rc::gen::arbitrary<bool>()));
  RC_PRE(!text.empty());
  const auto expected = IsJsonObject(text);
  RC_PRE(expected.has_value());
  RC_CLASSIFY(*expected);
  RC_ASSERT(IsSyntaxError(Decode(text)) == !*expected);
}

// One decoder for all, as in the server: what it read before must not show.
RC_GTEST_PROP(RecordDecoder, SaysTheSameWhenItIsUsedAgain, ()) {
  static RecordDecoder used;
  static Payment used_payment;
  const std::string text = Mutate((*AnyRecord()).dump());
  RecordDecoder fresh;
  Payment payment;
  const RejectReason reason = fresh.Decode("", text, &payment);
  RC_ASSERT(used.Decode("", text, &used_payment) == reason);
  if (reason == RejectReason::kNone) RC_ASSERT(used_payment == payment);
}

}  // namespace
}  // namespace pipeline
