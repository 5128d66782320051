// Points in time in records, as epoch seconds: the harness's own reading, which shares nothing with the server's
// (src/payment/timestamp.h). Called by the record reader. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace harness {

// A JSON number of seconds, or of milli-, micro- or nanoseconds where it would else be no time of the years 0 to 9999;
// or a date and time of RFC 3339. A fraction is cut off towards the past. nullopt: none of these.
std::optional<int64_t> ReadTimestamp(std::string_view text);

}  // namespace harness
