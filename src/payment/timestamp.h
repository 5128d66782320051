// Points in time as people write them, as epoch seconds. Called by the record decoder, and by the client for what other
// servers send. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pipeline {

// The years 0 to 9999, which a date of four digits can say.
inline constexpr int64_t kCalendarBeginS = -62'167'219'200;
inline constexpr int64_t kCalendarEndS = 253'402'300'800;

// `count` is seconds where these are in the calendar, else milliseconds, else microseconds, else nanoseconds: the
// largest unit in which it is a time that a calendar has. Rounded down; always within the calendar.
int64_t EpochSeconds(int64_t count);

// A JSON number (its whole part, as above), or a date and time of RFC 3339 ("2026-01-31T10:00:00.5+01:00"), whose
// fraction is cut off towards the past and whose leap second is the next second. nullopt: neither, or out of range.
std::optional<int64_t> ParseTimestamp(std::string_view text);

}  // namespace pipeline
