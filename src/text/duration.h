// Durations as flags, scenarios and logs spell them. Called from any thread. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pipeline {

inline constexpr int64_t kDurationNsMax = int64_t{24} * 3600 * 1'000'000'000;

// "500ms", "1.5s", "2m" in ns (units ns, us, ms, s, m, h; at most 9 digits of fraction, what is below 1 ns is cut off);
// bare numbers, negative values and anything above 24 h are refused (nullopt).
std::optional<int64_t> ParseDurationNs(std::string_view text);

// As people read it: "500ms", "1.5s", "2m". Exact: ParseDurationNs gives `duration_ns` back for 0 to 24 h.
std::string DurationText(int64_t duration_ns);

}  // namespace pipeline
