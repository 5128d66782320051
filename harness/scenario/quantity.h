// Rates, sizes and moments as scenarios write them, never a bare number (durations: text/duration.h). Used by the
// parser of scenarios and by the runner (ParseMoment, for a producer's start). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace harness {

// "500/s", "0.5/s"; nullopt for anything else and above 10,000,000/s.
std::optional<double> ParseRatePerS(std::string_view text);
inline constexpr double kRatePerSMax = 10'000'000;

// "64MiB", "1GiB", "512KiB"; nullopt for anything else and above 1 TiB.
std::optional<int64_t> ParseBytes(std::string_view text);

// "steady", "steady+1s": a time after the beginning of a phase; nullopt for anything else.
struct Moment {
  std::string phase;
  int64_t after_ns = 0;
};
std::optional<Moment> ParseMoment(std::string_view text);

}  // namespace harness
