#include "harness/scenario/quantity.h"

#include <array>
#include <charconv>
#include <utility>

#include "text/decimal.h"
#include "text/duration.h"

namespace harness {

std::optional<double> ParseRatePerS(std::string_view text) {
  const auto decimal = pipeline::TakeDecimal(&text);
  if (!decimal || text != "/s") return std::nullopt;
  const double rate = static_cast<double>(decimal->whole) + static_cast<double>(decimal->billionths) / 1e9;
  return rate <= kRatePerSMax ? std::optional(rate) : std::nullopt;
}

std::optional<int64_t> ParseBytes(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, int>, 3> kUnits = {{{"KiB", 10}, {"MiB", 20}, {"GiB", 30}}};
  constexpr int64_t kBytesMax = int64_t{1} << 40;
  for (const auto& [unit, shift] : kUnits) {
    if (!text.ends_with(unit)) continue;
    const std::string_view digits = text.substr(0, text.size() - unit.size());
    int64_t count = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
    if (error != std::errc() || end != digits.data() + digits.size() || digits.front() == '-') return std::nullopt;
    return count <= kBytesMax >> shift ? std::optional(count << shift) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<Moment> ParseMoment(std::string_view text) {
  const size_t plus = text.find('+');
  Moment moment{std::string(text.substr(0, plus)), 0};
  if (moment.phase.empty()) return std::nullopt;
  if (plus != std::string_view::npos) {
    const auto after_ns = pipeline::ParseDurationNs(text.substr(plus + 1));
    if (!after_ns) return std::nullopt;
    moment.after_ns = *after_ns;
  }
  return moment;
}

}  // namespace harness
