// A point in time is read as the seconds that it says, in whichever unit or form it is written, or refused.
#include "payment/timestamp.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <cstdlib>
#include <limits>
#include <string>

namespace pipeline {
namespace {

TEST(EpochSeconds, TakesTheLargestUnitThatACalendarHas) {
  EXPECT_EQ(EpochSeconds(0), 0);
  EXPECT_EQ(EpochSeconds(-1), -1);
  EXPECT_EQ(EpochSeconds(1'769'853'600), 1'769'853'600);
  EXPECT_EQ(EpochSeconds(1'769'853'600'123), 1'769'853'600);
  EXPECT_EQ(EpochSeconds(1'769'853'600'123'456), 1'769'853'600);
  EXPECT_EQ(EpochSeconds(1'769'853'600'123'456'789), 1'769'853'600);
  EXPECT_EQ(EpochSeconds(kCalendarEndS - 1), kCalendarEndS - 1);
  EXPECT_EQ(EpochSeconds(kCalendarEndS), kCalendarEndS / 1000);
  EXPECT_EQ(EpochSeconds(kCalendarBeginS), kCalendarBeginS);
  EXPECT_EQ(EpochSeconds(kCalendarBeginS - 1), kCalendarBeginS / 1000 - 1);  // rounded down
  EXPECT_EQ(EpochSeconds(kCalendarBeginS * 1000), kCalendarBeginS);
}

// What Go writes for "no time".
TEST(EpochSeconds, KnowsTheYear1InEveryUnit) {
  for (const int64_t unit : {1, 1000, 1'000'000}) EXPECT_EQ(EpochSeconds(-62'135'596'800 * unit), -62'135'596'800);
}

RC_GTEST_PROP(EpochSeconds, IsAlwaysInTheCalendar, (int64_t count)) {
  for (const int64_t any :
       {count, count >> 20, count >> 40, std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()}) {
    const int64_t seconds = EpochSeconds(any);
    RC_ASSERT(seconds >= kCalendarBeginS && seconds < kCalendarEndS);
    RC_ASSERT((any < 0) == (seconds < 0));
  }
}

TEST(ParseTimestamp, ReadsNumbersAndDates) {
  constexpr int64_t kTime = 1'769'853'600;  // 2026-01-31T10:00:00Z
  EXPECT_EQ(ParseTimestamp("1769853600.9"), kTime);
  EXPECT_EQ(ParseTimestamp("1769853600123.9"), kTime);
  EXPECT_EQ(ParseTimestamp("-0.5"), -1);
  EXPECT_EQ(ParseTimestamp("2026-01-31T10:00:00Z"), kTime);
  EXPECT_EQ(ParseTimestamp("2026-01-31t10:00:00.999999999999z"), kTime);
  EXPECT_EQ(ParseTimestamp("2026-01-31T11:30:00+01:30"), kTime);
  EXPECT_EQ(ParseTimestamp("2026-01-30T23:00:00-11:00"), kTime);
  EXPECT_EQ(ParseTimestamp("2016-12-31T23:59:60Z"), 1'483'228'800);  // a leap second
  EXPECT_EQ(ParseTimestamp("2024-02-29T00:00:00Z"), 1'709'164'800);
  EXPECT_EQ(ParseTimestamp("1969-12-31T23:59:59Z"), -1);
  EXPECT_EQ(ParseTimestamp("0000-01-01T00:00:00Z"), kCalendarBeginS);
  EXPECT_EQ(ParseTimestamp("9999-12-31T23:59:59Z"), kCalendarEndS - 1);
}

TEST(ParseTimestamp, RefusesEverythingElse) {
  for (const char* text : {"",
                           "1769853600 ",
                           "0x1",
                           "1e30",
                           "9223372036854775808",
                           "2026-01-31",
                           "2026-01-31T10:00:00",
                           "2026-01-31 10:00:00Z",
                           "2026-1-31T10:00:00Z",
                           "2026-01-31T10:00Z",
                           "2026-01-31T10:00:00.Z",
                           "2026-01-31T10:00:00+01",
                           "2026-01-31T10:00:00+0100",
                           "2026-01-31T10:00:00+24:00",
                           "2026-01-31T10:00:00+00:60",
                           "2026-01-31T10:00:00ZZ",
                           "2026-01-31T24:00:00Z",
                           "2026-01-31T10:60:00Z",
                           "2026-01-31T10:00:61Z",
                           "2026-00-31T10:00:00Z",
                           "2026-13-31T10:00:00Z",
                           "2026-02-29T10:00:00Z",
                           "2100-02-29T10:00:00Z",
                           "2026-01-00T10:00:00Z",
                           "2026-01-32T10:00:00Z",
                           "-026-01-31T10:00:00Z",
                           "02026-01-31T10:00:00Z",
                           "2026-01-31T10:00:00,5Z",
                           "0000-01-01T00:00:00+00:01",
                           "9999-12-31T23:59:60Z",
                           "2026-01-31T10:00:0\xD9\xA0Z"}) {
    EXPECT_EQ(ParseTimestamp(text), std::nullopt) << text;
  }
}

// Against the standard library's calendar.
RC_GTEST_PROP(ParseTimestamp, GivesBackWhatADateSays, ()) {
  const int64_t seconds = *rc::gen::inRange<int64_t>(kCalendarBeginS, kCalendarEndS);
  const int64_t ahead_min = *rc::gen::inRange<int64_t>(-23 * 60 - 59, 23 * 60 + 60);
  const std::chrono::sys_seconds local{std::chrono::seconds(seconds + ahead_min * 60)};
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(local - day);
  RC_PRE(int{date.year()} >= 0 && int{date.year()} <= 9999);
  const std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.5{}{:02}:{:02}", int{date.year()}, unsigned{date.month()},
                  unsigned{date.day()}, time.hours().count(), time.minutes().count(), time.seconds().count(),
                  ahead_min < 0 ? '-' : '+', std::abs(ahead_min) / 60, std::abs(ahead_min) % 60);
  RC_ASSERT(ParseTimestamp(text) == seconds);
}

}  // namespace
}  // namespace pipeline
