// What a server says about another try arrives as it was sent, is what googleapis' own code writes and reads, and bytes
// that are none of it say nothing.
#include "payment/retry_info.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace pipeline {
namespace {

using std::string_literals::operator""s;

constexpr int kResourceExhausted = 8;
constexpr int64_t kSecondNs = 1'000'000'000;

// As status.WithDetails(&errdetails.RetryInfo{2.5 s}) of grpc-go marshals it.
const std::string kOfGo =
    "\b\b\x12\x04"
    "busy\x1a\x36\n(type.googleapis.com/google.rpc.RetryInfo\x12\n\n\b\b\x02\x10\x80\xca\xb5\xee\x01"s;
// The same with &errdetails.ErrorInfo{"TOO_BIG", "x"}.
const std::string kOfGoWithoutTime =
    "\b\b\x12\x05never\x1a\x38\n(type.googleapis.com/google.rpc.ErrorInfo\x12\f\n\aTOO_BIG\x12\x01x"s;

TEST(RetryInfoTest, WritesAndReadsWhatGoDoes) {
  EXPECT_EQ(EncodeStatusDetails(kResourceExhausted, "busy", 2'500'000'000), kOfGo);
  const auto details = DecodeStatusDetails(kResourceExhausted, kOfGo);
  ASSERT_TRUE(details);
  EXPECT_EQ(details->retry_delay_ns, 2'500'000'000);
}

TEST(RetryInfoTest, DetailsWithoutATimeAreDetails) {
  const auto details = DecodeStatusDetails(kResourceExhausted, kOfGoWithoutTime);
  ASSERT_TRUE(details);
  EXPECT_EQ(details->retry_delay_ns, std::nullopt);
  const auto ours = DecodeStatusDetails(kResourceExhausted, EncodeStatusDetails(kResourceExhausted, "", std::nullopt));
  ASSERT_TRUE(ours);
  EXPECT_EQ(ours->retry_delay_ns, std::nullopt);
}

// The details carry the status once more; where the two differ, a proxy has changed one of them.
TEST(RetryInfoTest, DetailsOfAnotherStatusSayNothing) {
  EXPECT_FALSE(DecodeStatusDetails(14, kOfGo));
  EXPECT_FALSE(DecodeStatusDetails(0, ""));
}

TEST(RetryInfoTest, ATimeThatIsNoneSaysNothing) {
  const auto with = [](std::string_view duration) {
    std::string info = "\n" + std::string(1, static_cast<char>(duration.size())) + std::string(duration);
    std::string any = "\n(type.googleapis.com/google.rpc.RetryInfo\x12";
    any += static_cast<char>(info.size());
    any += info;
    return "\b\b\x1a" + std::string(1, static_cast<char>(any.size())) + any;
  };
  EXPECT_EQ(DecodeStatusDetails(8, with("\b\x05"))->retry_delay_ns, 5 * kSecondNs);
  EXPECT_EQ(DecodeStatusDetails(8, with(""))->retry_delay_ns, 0);
  EXPECT_FALSE(DecodeStatusDetails(8, with("\b\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))) << "-1 s";
  EXPECT_FALSE(DecodeStatusDetails(8, with("\x10\x80\x94\xeb\xdc\x03"))) << "1,000,000,000 ns";
  EXPECT_FALSE(DecodeStatusDetails(8, with("\b\xff\xff\xff\xff\xff\xff\xff\xff\x7f"))) << "2^63 - 1 s";
  EXPECT_FALSE(DecodeStatusDetails(8, with("\x0f")));
  // The longest that a Duration may be is more than an int64 of ns holds.
  EXPECT_EQ(DecodeStatusDetails(8, with("\b\x80\xbc\xae\xce\x97\t"))->retry_delay_ns, 9'000'000'000 * kSecondNs);
}

TEST(RetryInfoTest, TooMuchSaysNothing) {
  EXPECT_TRUE(DecodeStatusDetails(8, EncodeStatusDetails(8, std::string(60'000, 'x'), 1)));
  EXPECT_FALSE(DecodeStatusDetails(8, EncodeStatusDetails(8, std::string(70'000, 'x'), 1)));
}

RC_GTEST_PROP(RetryInfoProperty, ArrivesAsItWasSent, (const std::string& message, int64_t delay_ns)) {
  const int code = *rc::gen::inRange(1, 17);
  const auto details = DecodeStatusDetails(code, EncodeStatusDetails(code, message, delay_ns));
  RC_ASSERT(details.has_value());
  RC_ASSERT(details->retry_delay_ns == std::max<int64_t>(delay_ns, 0));
}

RC_GTEST_PROP(RetryInfoProperty, DamagedBytesAreReadSafely, (const std::string& noise)) {
  std::string bytes = *rc::gen::arbitrary<bool>() ? kOfGo : kOfGoWithoutTime;
  const auto at = *rc::gen::inRange<size_t>(0, bytes.size());
  bytes.replace(at, std::min(noise.size(), bytes.size() - at), noise);
  const auto details = DecodeStatusDetails(8, bytes);
  RC_ASSERT((!details || details->retry_delay_ns.value_or(0) >= 0));
}

}  // namespace
}  // namespace pipeline
