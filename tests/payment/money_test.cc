// Money is exact: a decimal text becomes exactly its value or is refused, what is printed parses to the same value, and
// the spellings of one value are equal.
#include "payment/money.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>

#include "tests/payment/payment_testing.h"

namespace pipeline {
namespace {

std::string Parsed(std::string_view text, uint32_t shift = 0) {
  const auto money = ParseMoney(text, shift);
  return money ? std::to_string(money->units) + "/" + std::to_string(money->exponent) : "refused";
}

TEST(ParseMoney, TakesWhatTheTextSays) {
  EXPECT_EQ(Parsed("0"), "0/0");
  EXPECT_EQ(Parsed("15000"), "15000/0");
  EXPECT_EQ(Parsed("150.00"), "15000/2");
  EXPECT_EQ(Parsed("1.5"), "15/1");
  EXPECT_EQ(Parsed("-1.5"), "-15/1");
  EXPECT_EQ(Parsed("0.000001"), "1/6");
  EXPECT_EQ(Parsed("1e2"), "100/0");
  EXPECT_EQ(Parsed("1E+2"), "100/0");
  EXPECT_EQ(Parsed("1.50e1"), "150/1");
  EXPECT_EQ(Parsed("12e-3"), "12/3");
}

TEST(ParseMoney, ShiftsMinorUnitsWithoutRounding) {
  EXPECT_EQ(Parsed("150.00", 2), "15000/4");
  EXPECT_EQ(Parsed("150", 2), "150/2");
  EXPECT_EQ(Parsed("1", 3), "1/3");
  EXPECT_EQ(Parsed("1e3", 2), "10/0");
  EXPECT_EQ(Parsed("1e1", 3), "1/2");
}

TEST(ParseMoney, ZeroHasNoSign) {
  EXPECT_EQ(Parsed("-0"), "0/0");
  EXPECT_EQ(Parsed("-0.00"), "0/2");
  EXPECT_EQ(Parsed("0e99999999999999999999"), "0/0");
  EXPECT_EQ(Parsed("0e-99999999999999999999"), "0/18");
}

TEST(ParseMoney, FitsInt64OrIsRefused) {
  EXPECT_EQ(Parsed("9223372036854775807"), "9223372036854775807/0");
  EXPECT_EQ(Parsed("9223372036854775808"), "refused");
  EXPECT_EQ(Parsed("-9223372036854775808"), "-9223372036854775808/0");
  EXPECT_EQ(Parsed("-9223372036854775809"), "refused");
  EXPECT_EQ(Parsed("9.223372036854775807"), "9223372036854775807/18");
  EXPECT_EQ(Parsed("18446744073709551616"), "refused");  // 2^64, which wraps to 0
  EXPECT_EQ(Parsed("12345678901234567890"), "refused");
  EXPECT_EQ(Parsed("1e18"), "1000000000000000000/0");
  EXPECT_EQ(Parsed("1e19"), "refused");
  EXPECT_EQ(Parsed("1e308"), "refused");
  EXPECT_EQ(Parsed("1e400"), "refused");
  EXPECT_EQ(Parsed("1e99999999999999999999"), "refused");
  EXPECT_EQ(Parsed("1e-18"), "1/18");
  EXPECT_EQ(Parsed("1e-19"), "refused");
  EXPECT_EQ(Parsed("1e-17", 2), "refused");
}

TEST(ParseMoney, GivesUpTrailingZerosOnlyWhereTheyDoNotFit) {
  EXPECT_EQ(Parsed("1.0000000000000000000"), "1000000000000000000/18");
  EXPECT_EQ(Parsed("100.000000000000000000"), "1000000000000000000/16");
  EXPECT_EQ(Parsed("0.0000000000000000010"), "1/18");
  EXPECT_EQ(Parsed("92233720368547758070e-1"), "9223372036854775807/0");
  EXPECT_EQ(Parsed(std::string(3000, '0').insert(0, "1") + "e-3000"), "1000000000000000000/18");
  EXPECT_EQ(Parsed("0." + std::string(2999, '0') + "1e3000"), "1/0");
}

TEST(ParseMoney, RefusesWhatIsNotAJsonNumber) {
  for (const std::string_view text :
       {"",   "-",   "+1",   "01",  "00",       "1.",  ".5",   "1e",    "1e+", "e5", "1 ",
        " 1", "1,5", "0x10", "NaN", "Infinity", "-.5", "1.5.", "1e2.5", "--1", "1-", "\"1\""}) {
    EXPECT_EQ(Parsed(text), "refused") << text;
  }
}

RC_GTEST_PROP(ParseMoney, GivesBackWhatToTextWrote, ()) {
  const Money money = *AnyMoney();
  const auto digits_min = *rc::gen::inRange<uint32_t>(0, 25);
  const auto parsed = ParseMoney(ToText(money, digits_min), 0);
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(*parsed == money);
}

// Against exact arithmetic in 128 bits: the value is digits * 10^(exponent - shift), nothing else.
RC_GTEST_PROP(ParseMoney, IsExactUnderShiftAndExponent, ()) {
  const auto digits = *rc::gen::inRange<int64_t>(-1'000'000'000'000, 1'000'000'000'000);
  const auto exponent = *rc::gen::inRange<int>(-9, 7);
  const auto shift = *rc::gen::inRange<uint32_t>(0, 4);
  const auto money = ParseMoney(std::to_string(digits) + "e" + std::to_string(exponent), shift);
  const int scale = exponent - static_cast<int>(shift);
  __extension__ using Wide = __int128;
  Wide expected = digits;  // times 10^18 on both sides
  for (int i = 0; i < 18 + scale; ++i) expected *= 10;
  if (!money) {
    // Refused only where int64 can't hold it.
    RC_ASSERT(scale > 0);
    const Wide whole = expected / Wide{1'000'000'000'000'000'000};
    RC_ASSERT(whole > Wide{INT64_MAX} || whole < Wide{INT64_MIN});
    return;
  }
  Wide actual = money->units;
  for (uint32_t i = money->exponent; i < 18; ++i) actual *= 10;
  RC_ASSERT(actual == expected);
}

RC_GTEST_PROP(ParseMoney, TakesAnyTextWithoutACrash, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("0123456789.-+eE ")));
  const auto money = ParseMoney(text, 2);
  if (money) RC_ASSERT(money->exponent <= kMoneyExponentMax);
}

TEST(Money, SpellingsOfOneValueAreEqual) {
  EXPECT_EQ((Money{15000, 2}), (Money{150, 0}));
  EXPECT_EQ((Money{0, 0}), (Money{0, 18}));
  EXPECT_FALSE((Money{15000, 2}) == (Money{15000, 3}));
  EXPECT_FALSE((Money{1, 0}) == (Money{-1, 0}));
}

RC_GTEST_PROP(Money, CanonicalIsEqualAndTheSameForEqualValues, ()) {
  const auto units = *rc::gen::inRange<int64_t>(-1'000'000'000, 1'000'000'000);
  const auto exponent = *rc::gen::inRange<uint32_t>(0, 10);
  const auto zeros = *rc::gen::inRange<uint32_t>(0, 9);
  Money padded{units, exponent + zeros};
  for (uint32_t i = 0; i < zeros; ++i) padded.units *= 10;
  const Money money{units, exponent};
  RC_ASSERT(money == padded);
  RC_ASSERT(Canonical(money) == money);
  RC_ASSERT(Canonical(money).units == Canonical(padded).units);
  RC_ASSERT(Canonical(money).exponent == Canonical(padded).exponent);
  RC_ASSERT(!(money == Money{units + 1, exponent}));
}

// ISO 4217, List One of 2026-01-01: every code that has not 2.
TEST(IsoDigits, AreThoseOfListOne) {
  for (const char* none : {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND",
                           "VUV", "XAF", "XOF", "XPF"}) {
    EXPECT_EQ(IsoDigits(none), 0U) << none;
  }
  for (const char* three : {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}) EXPECT_EQ(IsoDigits(three), 3U) << three;
  for (const char* four : {"CLF", "UYW"}) EXPECT_EQ(IsoDigits(four), 4U) << four;
  // Two that are not decimal, two whose providers differ, one that is N.A. there, and what is no code.
  for (const char* two : {"MGA", "MRU", "HUF", "TWD", "XAU", "USD", "jpy", "JP", "JPYX", ""}) {
    EXPECT_EQ(IsoDigits(two), 2U) << two;
  }
}

TEST(StripeDigits, AreStripesOwn) {
  for (const char* none :
       {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}) {
    EXPECT_EQ(StripeDigits(none), 0U) << none;
  }
  for (const char* three : {"BHD", "JOD", "KWD", "OMR", "TND"}) EXPECT_EQ(StripeDigits(three), 3U) << three;
  for (const char* two : {"ISK", "UGX", "HUF", "TWD", "USD", "XTS", "jpy", ""}) EXPECT_EQ(StripeDigits(two), 2U) << two;
}

// The standard library's own conversion of the decimal text rounds correctly.
RC_GTEST_PROP(ToDouble, IsTheNearestDouble, ()) {
  const Money money = *AnyMoney();
  const double value = ToDouble(money);
  RC_ASSERT(value == std::strtod(ToText(money, 0).c_str(), nullptr));
  RC_ASSERT(money.units != 0 || !std::signbit(value));
}

TEST(ToText, KeepsTheDigitsAskedForAndThoseThatCount) {
  EXPECT_EQ(ToText({15000, 4}, 2), "1.50");
  EXPECT_EQ(ToText({15000, 4}, 0), "1.5");
  EXPECT_EQ(ToText({15001, 4}, 2), "1.5001");
  EXPECT_EQ(ToText({150, 0}, 2), "150.00");
  EXPECT_EQ(ToText({150, 0}, 0), "150");
  EXPECT_EQ(ToText({5, 3}, 2), "0.005");
  EXPECT_EQ(ToText({-5, 2}, 2), "-0.05");
  EXPECT_EQ(ToText({INT64_MIN, 18}, 0), "-9.223372036854775808");
}

TEST(Display, IsTheTutorialsLine) {
  EXPECT_EQ(Display({15000, 4}, "USD"), "$1.50 USD");
  EXPECT_EQ(Display({150000, 2}, "INR"), "₹1500.00 INR");
  EXPECT_EQ(Display({15, 1}, "KWD"), "1.500 KWD");
  EXPECT_EQ(Display({500, 0}, "JPY"), "¥500 JPY");
  EXPECT_EQ(Display({-150, 2}, "EUR"), "-€1.50 EUR");
  EXPECT_EQ(Display({150, 2}, ""), "1.50");
}

// People see the digits of ISO 4217, whatever those of the provider were, and no digit of the value is lost.
TEST(Display, HasTheDigitsOfIso4217AndThoseThatCount) {
  EXPECT_EQ(Display({50000, 2}, "UGX"), "500 UGX");
  EXPECT_EQ(Display({50050, 2}, "UGX"), "500.5 UGX");
  EXPECT_EQ(Display({50000, 2}, "ISK"), "500 ISK");
  EXPECT_EQ(Display({500, 0}, "MGA"), "500.00 MGA");
  EXPECT_EQ(Display({1234, 2}, "IQD"), "12.340 IQD");
  EXPECT_EQ(Display({5, 0}, "CLF"), "5.0000 CLF");
  EXPECT_EQ(Display({12345, 3}, "USD"), "$12.345 USD");
}

}  // namespace
}  // namespace pipeline
