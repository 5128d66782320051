// Exact money: a decimal number of a currency's major units. Parsed from decimal text, never through a double. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pipeline {

// value = units / 10^exponent. Two spellings of one value compare equal (150.00 and 150).
struct Money {
  int64_t units = 0;
  uint32_t exponent = 0;  // 0 to 18
};
bool operator==(const Money& a, const Money& b);

inline constexpr uint32_t kMoneyExponentMax = 18;

// Parses a JSON number's text (sign, digits, fraction, exponent) without rounding, then divides it by 10^shift
// (`shift`: the minor digits of a provider that sends minor units). Trailing zeros stay (150.00 shifted by 2 is 15000 /
// 10^4). nullopt when it is not a number or does not fit int64 units with exponent <= 18. A negative value parses;
// whether it is allowed is the caller's rule.
std::optional<Money> ParseMoney(std::string_view number_text, uint32_t shift);

// The whole part of a JSON number, rounded down (-0.5 gives -1), however many digits its fraction has. nullopt when it
// is not a number or the whole part does not fit int64.
std::optional<int64_t> ParseFloor(std::string_view number_text);

// Two tables, of upper-case codes, because a provider's digits are the provider's:
// How many digits ISO 4217 gives a currency's minor unit (JPY 0, KWD 3, CLF 4; 2 where it knows none): for people.
uint32_t IsoDigits(std::string_view currency);
// How many digits Stripe's amounts have (UGX and ISK 2, MGA 0, which ISO says otherwise; 2 where it is not known): to
// read them.
uint32_t StripeDigits(std::string_view currency);

// The nearest double, for Payment.amount.
double ToDouble(const Money& money);

// Without trailing zeros beyond `digits_min` fraction digits: {15000, 4} with 2 gives "1.50".
std::string ToText(const Money& money, uint32_t digits_min);
// As the client shows it: symbol, amount, code: "$1.50 USD", "₹1500.00 INR", "1.500 KWD" where there is no symbol. With
// ISO's digits, and more where the value has more: nothing is rounded.
std::string Display(const Money& money, std::string_view currency);

// One spelling for each value: trailing zeros of units removed down to exponent 0.
Money Canonical(const Money& money);

}  // namespace pipeline
