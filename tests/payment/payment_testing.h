// Generators of payments and texts for the property tests of this folder.
#pragma once

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "payment/payment.h"

namespace pipeline {

// Valid UTF-8 of all lengths of sequences, with characters that JSON escapes.
inline rc::Gen<std::string> Utf8Text() {
  static const std::vector<std::string> pieces_of_text = {"a",
                                                          "Z",
                                                          "0",
                                                          " ",
                                                          "\"",
                                                          "\\",
                                                          "/",
                                                          "\n",
                                                          "\r",
                                                          "\t",
                                                          "\b",
                                                          "\f",
                                                          std::string("\x01"),
                                                          "\x7f",
                                                          std::string(1, '\0'),
                                                          "é",
                                                          "₹",
                                                          "€",
                                                          "\xED\x9F\xBF",
                                                          "\xEE\x80\x80",
                                                          "\xEF\xBF\xBF",
                                                          "😀",
                                                          "\xF4\x8F\xBF\xBF"};
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(pieces_of_text)),
                      [](const std::vector<std::string>& pieces) {
                        std::string text;
                        for (const std::string& piece : pieces) text += piece;
                        return text;
                      });
}

// All of int64, with its ends and the small numbers often.
inline rc::Gen<int64_t> Int64() {
  return rc::gen::weightedOneOf<int64_t>(
      {{2, rc::gen::arbitrary<int64_t>()},
       {1, rc::gen::element<int64_t>(0, 1, -1, 100, std::numeric_limits<int64_t>::max(),
                                     std::numeric_limits<int64_t>::min(), int64_t{1} << 53, (int64_t{1} << 53) + 1)},
       {1, rc::gen::inRange<int64_t>(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max())}});
}

inline rc::Gen<Money> AnyMoney() {
  return rc::gen::build<Money>(rc::gen::set(&Money::units, Int64()),
                               rc::gen::set(&Money::exponent, rc::gen::inRange<uint32_t>(0, kMoneyExponentMax + 1)));
}

inline rc::Gen<std::vector<std::pair<std::string, std::string>>> AnyMetadata() {
  return rc::gen::map(rc::gen::container<std::map<std::string, std::string>>(Utf8Text(), Utf8Text()),
                      [](const std::map<std::string, std::string>& map) {
                        return std::vector<std::pair<std::string, std::string>>(map.begin(), map.end());
                      });
}

inline rc::Gen<Payment> AnyPayment() {
  return rc::gen::build<Payment>(
      rc::gen::set(&Payment::id, Utf8Text()),
      rc::gen::set(&Payment::provider,
                   rc::gen::element(Provider::kUnknown, Provider::kStripe, Provider::kRazorpay, Provider::kPaypal)),
      rc::gen::set(&Payment::status,
                   rc::gen::element(PaymentStatus::kUnknown, PaymentStatus::kPending, PaymentStatus::kCompleted,
                                    PaymentStatus::kFailed, PaymentStatus::kRefunded)),
      rc::gen::set(&Payment::amount, AnyMoney()),
      rc::gen::set(&Payment::currency, rc::gen::element<std::string>("USD", "JPY", "KWD", "XTS", "")),
      rc::gen::set(&Payment::customer_email, Utf8Text()), rc::gen::set(&Payment::created_at_s, Int64()),
      rc::gen::set(&Payment::metadata, AnyMetadata()));
}

// How a failed property shows its arguments.
inline std::ostream& operator<<(std::ostream& out, const Money& money) {
  return out << money.units << "/10^" << money.exponent;
}
inline std::ostream& operator<<(std::ostream& out, const Payment& payment) {
  return out << payment.id << " " << payment.amount << " " << payment.currency << " metadata "
             << payment.metadata.size();
}

}  // namespace pipeline
