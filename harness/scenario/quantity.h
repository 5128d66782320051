// Times, rates and moments as scenarios write them: a decimal number and a unit, never a bare number. Used by the
// parser of scenarios and by the runner (ParseMoment, for a producer's start). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace harness {

// "500ms", "1.5s", "2m" (ns, us, ms, s, m, h) in ns, exact to the ns; nullopt for anything else and above 24 h.
std::optional<int64_t> ParseDurationNs(std::string_view text);
inline constexpr int64_t kDurationNsMax = int64_t{24} * 3600 * 1'000'000'000;

// "500/s", "0.5/s"; nullopt for anything else and above 10,000,000/s.
std::optional<double> ParseRatePerS(std::string_view text);
inline constexpr double kRatePerSMax = 10'000'000;

// "steady", "steady+1s": a time after the beginning of a phase; nullopt for anything else.
struct Moment {
  std::string phase;
  int64_t after_ns = 0;
};
std::optional<Moment> ParseMoment(std::string_view text);

}  // namespace harness
