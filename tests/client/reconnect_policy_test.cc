// Every status leads to what the table of stream ends says, and every wait lies between the policy's minimum and
// maximum, whatever attempt and chance.
#include "client/reconnect_policy.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace pipeline {
namespace {

TEST(ReconnectPolicyTest, EveryStatusHasItsAction) {
  const std::map<int, AfterEnd> expected = {
      {0, AfterEnd::kReconnect}, {1, AfterEnd::kReconnect},  {2, AfterEnd::kReconnect},  {3, AfterEnd::kFatal},
      {4, AfterEnd::kReconnect}, {5, AfterEnd::kFatal},      {6, AfterEnd::kFatal},      {7, AfterEnd::kFatal},
      {8, AfterEnd::kReconnect}, {9, AfterEnd::kGap},        {10, AfterEnd::kReconnect}, {11, AfterEnd::kGap},
      {12, AfterEnd::kFatal},    {13, AfterEnd::kReconnect}, {14, AfterEnd::kReconnect}, {15, AfterEnd::kFatal},
      {16, AfterEnd::kFatal},    {99, AfterEnd::kFatal},     {-1, AfterEnd::kFatal}};
  for (const auto& [code, action] : expected) EXPECT_EQ(ActionAfter(code), action) << "code " << code;
}

TEST(ReconnectPolicyTest, TheDefaultIsTheTutorials) {
  const ReconnectOptions options;
  EXPECT_FALSE(options.exponential());
  EXPECT_EQ(options.attempts_max, 10);
  for (int attempt = 1; attempt <= 10; ++attempt) EXPECT_EQ(ReconnectDelayNs(options, attempt, 0.7), 3'000'000'000);
}

TEST(ReconnectPolicyTest, TheCeilingDoublesUpToTheMaximum) {
  const ReconnectOptions options{.attempts_max = 0, .delay_min_ns = 100, .delay_max_ns = 900};
  const double almost_one = 1 - 1e-12;
  EXPECT_EQ(ReconnectDelayNs(options, 1, 0), 100);
  EXPECT_EQ(ReconnectDelayNs(options, 1, almost_one), 199);
  EXPECT_EQ(ReconnectDelayNs(options, 2, almost_one), 399);
  EXPECT_EQ(ReconnectDelayNs(options, 3, almost_one), 799);
  EXPECT_EQ(ReconnectDelayNs(options, 4, almost_one), 899);
  EXPECT_EQ(ReconnectDelayNs(options, 4, 0), 100);
}

RC_GTEST_PROP(ReconnectPolicyProperty, WaitsStayInTheirRangeAndTheirCeilingNeverFalls,
              (uint32_t min, uint32_t more, uint32_t chance)) {
  // Up to 24 h on both sides, so that a ceiling that overflowed would show.
  const int64_t min_ns = 1 + int64_t{min} % 1000 * 86'400'000'000;
  const ReconnectOptions options{
      .attempts_max = 0, .delay_min_ns = min_ns, .delay_max_ns = min_ns + int64_t{more} * 20'000};
  const double random = chance / 4294967296.0;
  int64_t before_ns = 0;
  for (int attempt = 1; attempt <= 200; ++attempt) {
    const int64_t wait_ns = ReconnectDelayNs(options, attempt, random);
    RC_ASSERT(wait_ns >= options.delay_min_ns);
    RC_ASSERT(wait_ns <= options.delay_max_ns);
    RC_ASSERT(wait_ns >= before_ns);
    before_ns = wait_ns;
  }
}

}  // namespace
}  // namespace pipeline
