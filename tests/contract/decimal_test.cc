// Decimal text becomes exact numbers: nothing is rounded, what does not fit is refused.
#include "harness/contract/decimal.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace harness {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

std::string Money(std::string_view text, int shift = 0) {
  const auto money = ReadMoney(text, shift);
  return money ? std::to_string(money->units) + "/" + std::to_string(money->exponent) : "none";
}

TEST(ReadMoneyTest, KeepsEveryDigitAndNoTrailingZero) {
  EXPECT_EQ(Money("150.00"), "150/0");
  EXPECT_EQ(Money("150.00", 2), "15/1");
  EXPECT_EQ(Money("12.345"), "12345/3");
  EXPECT_EQ(Money("1e2"), "100/0");
  EXPECT_EQ(Money("1E-2"), "1/2");
  EXPECT_EQ(Money("-0.10"), "-1/1");
  EXPECT_EQ(Money("0.000e99"), "0/0");
  EXPECT_EQ(Money("-0"), "0/0");
  EXPECT_EQ(Money("0.000000000000000001"), "1/18");
  EXPECT_EQ(Money("100000000000000000000e-20"), "1/0");
}

TEST(ReadMoneyTest, RefusesWhatDoesNotFit) {
  EXPECT_EQ(Money("9223372036854775807"), "9223372036854775807/0");
  EXPECT_EQ(Money("9223372036854775808"), "none");
  EXPECT_EQ(Money("-9223372036854775808"), "-9223372036854775808/0");
  EXPECT_EQ(Money("0.0000000000000000001"), "none");
  EXPECT_EQ(Money("1", 19), "none");
  EXPECT_EQ(Money("1e308"), "none");
  EXPECT_EQ(Money("1e99999999999999999999"), "none");
  EXPECT_EQ(Money("1e-99999999999999999999"), "none");
  for (const char* text : {"", "-", "01", "1.", ".5", "1e", "1e+", "+1", "1 ", "0x1", "NaN"}) {
    EXPECT_EQ(Money(text), "none") << text;
  }
}

TEST(ReadSecondsTest, CutsAFractionTowardsThePast) {
  EXPECT_EQ(ReadSeconds("1706700000.999"), 1706700000);
  EXPECT_EQ(ReadSeconds("1706700000.12345678901234567890"), 1706700000);
  EXPECT_EQ(ReadSeconds("1.7067e9"), 1706700000);
  EXPECT_EQ(ReadSeconds("1e-30"), 0);
  EXPECT_EQ(ReadSeconds("-0.5"), -1);
  EXPECT_EQ(ReadSeconds("-2.0"), -2);
  EXPECT_EQ(ReadSeconds("-0.0"), 0);
  EXPECT_EQ(ReadSeconds("9223372036854775807.5"), kMax);
  EXPECT_EQ(ReadSeconds("9223372036854775808"), std::nullopt);
  EXPECT_EQ(ReadSeconds("1e30"), std::nullopt);
}

TEST(StripeDigitsTest, AreThoseOfItsDocumentation) {
  EXPECT_EQ(StripeDigits("USD"), 2);
  EXPECT_EQ(StripeDigits("JPY"), 0);
  EXPECT_EQ(StripeDigits("KWD"), 3);
  // No minor unit in ISO 4217, and hundredths at Stripe.
  EXPECT_EQ(StripeDigits("UGX"), 2);
  EXPECT_EQ(StripeDigits("ISK"), 2);
  for (const char* unknown : {"", "XTS", "IF ", "JPYX", "F CLP"}) EXPECT_EQ(StripeDigits(unknown), 2) << unknown;
}

}  // namespace
}  // namespace harness
