#include "text/duration.h"

#include <array>
#include <utility>

#include "text/decimal.h"

namespace pipeline {
namespace {

constexpr int64_t kBillion = 1'000'000'000;
// Largest first.
constexpr std::array<std::pair<std::string_view, int64_t>, 6> kUnits = {
    {{"h", 3600 * kBillion}, {"m", 60 * kBillion}, {"s", kBillion}, {"ms", 1'000'000}, {"us", 1'000}, {"ns", 1}}};
// A unit in which only whole numbers are written: the fractions of the others are finite in decimal.
constexpr int64_t kWholeUnitNs = 60 * kBillion;

}  // namespace

std::optional<int64_t> ParseDurationNs(std::string_view text) {
  const std::optional<Decimal> decimal = TakeDecimal(&text);
  if (!decimal) return std::nullopt;
  for (const auto& [unit, unit_ns] : kUnits) {
    if (text != unit) continue;
    if (decimal->whole > kDurationNsMax / unit_ns) return std::nullopt;
    // Below a second the product stays under 10^15; from a second on, the unit is a multiple of 10^9.
    const int64_t fraction_ns =
        unit_ns < kBillion ? decimal->billionths * unit_ns / kBillion : decimal->billionths * (unit_ns / kBillion);
    const int64_t total = decimal->whole * unit_ns + fraction_ns;
    return total <= kDurationNsMax ? std::optional(total) : std::nullopt;
  }
  return std::nullopt;
}

std::string DurationText(int64_t duration_ns) {
  if (duration_ns == 0) return "0s";
  // The magnitude as unsigned: the smallest int64 has no positive twin.
  const bool negative = duration_ns < 0;
  const uint64_t magnitude = negative ? ~static_cast<uint64_t>(duration_ns) + 1 : static_cast<uint64_t>(duration_ns);
  for (const auto& [unit, signed_unit_ns] : kUnits) {
    const auto unit_ns = static_cast<uint64_t>(signed_unit_ns);
    const uint64_t rest = magnitude % unit_ns;
    if (magnitude < unit_ns || (signed_unit_ns >= kWholeUnitNs && rest != 0)) continue;
    std::string text = (negative ? "-" : "") + std::to_string(magnitude / unit_ns);
    if (rest != 0) {
      // 1 before the digits keeps their leading zeros; it becomes the point.
      std::string fraction = std::to_string(unit_ns + rest);
      fraction.front() = '.';
      fraction.erase(fraction.find_last_not_of('0') + 1);
      text += fraction;
    }
    return text + std::string(unit);
  }
  return {};  // not reached: everything is a multiple of 1 ns
}

}  // namespace pipeline
