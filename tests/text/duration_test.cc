// A duration needs its unit, is taken exactly, and reads back from its text.
#include "text/duration.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>

namespace pipeline {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kS = 1000 * kMs;

TEST(ParseDurationNs, TakesNumbersWithUnits) {
  EXPECT_EQ(ParseDurationNs("500ms"), 500 * kMs);
  EXPECT_EQ(ParseDurationNs("1.5s"), 1500 * kMs);
  EXPECT_EQ(ParseDurationNs("2m"), 120 * kS);
  EXPECT_EQ(ParseDurationNs("0.5h"), 1800 * kS);
  EXPECT_EQ(ParseDurationNs("7us"), 7000);
  EXPECT_EQ(ParseDurationNs("7ns"), 7);
  EXPECT_EQ(ParseDurationNs("0s"), 0);
  EXPECT_EQ(ParseDurationNs("0.000000001s"), 1);
  EXPECT_EQ(ParseDurationNs("24h"), kDurationNsMax);
  EXPECT_EQ(ParseDurationNs("86400000000000ns"), kDurationNsMax);
}

TEST(ParseDurationNs, RefusesTheRest) {
  for (const char* text : {"",
                           "5",
                           "0",
                           "ms",
                           "-1s",
                           "+1s",
                           "1 s",
                           " 1s",
                           "1s ",
                           "1.s",
                           ".5s",
                           "1.5.5s",
                           "1e3s",
                           "1S",
                           "1min",
                           "24.000000001h",
                           "25h",
                           "1441m",
                           "86400000000001ns",
                           "0.0000000001s",
                           "99999999999999999999s",
                           "1s2",
                           "1m30s"}) {
    EXPECT_EQ(ParseDurationNs(text), std::nullopt) << text;
  }
}

TEST(DurationText, IsWhatPeopleWrite) {
  EXPECT_EQ(DurationText(0), "0s");
  EXPECT_EQ(DurationText(500 * kMs), "500ms");
  EXPECT_EQ(DurationText(1500 * kMs), "1.5s");
  EXPECT_EQ(DurationText(3 * kS), "3s");
  EXPECT_EQ(DurationText(90 * kS), "90s");
  EXPECT_EQ(DurationText(120 * kS), "2m");
  EXPECT_EQ(DurationText(5400 * kS), "90m");
  EXPECT_EQ(DurationText(7200 * kS), "2h");
  EXPECT_EQ(DurationText(1), "1ns");
  EXPECT_EQ(DurationText(1'020), "1.02us");
  EXPECT_EQ(DurationText(1'000'000'001), "1.000000001s");
  EXPECT_EQ(DurationText(-1500 * kMs), "-1.5s");
}

RC_GTEST_PROP(DurationText, ReadsBack, ()) {
  const auto digits = *rc::gen::inRange<int64_t>(0, 100'000);
  const auto unit = *rc::gen::element<int64_t>(1, 1000, kMs, 10 * kMs, kS, 60 * kS, 3600 * kS);
  const int64_t duration_ns = std::min(digits * unit + *rc::gen::element<int64_t>(0, 0, 1, 999), kDurationNsMax);
  RC_ASSERT(ParseDurationNs(DurationText(duration_ns)) == duration_ns);
}

}  // namespace
}  // namespace pipeline
