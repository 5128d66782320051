#include "harness/scenario/quantity.h"

#include <array>
#include <charconv>
#include <utility>

namespace harness {
namespace {

constexpr int64_t kBillion = 1'000'000'000;
constexpr std::array<std::pair<std::string_view, int64_t>, 6> kUnits = {{{"ns", 1},
                                                                         {"us", 1'000},
                                                                         {"ms", 1'000'000},
                                                                         {"s", 1'000'000'000},
                                                                         {"m", int64_t{60} * 1'000'000'000},
                                                                         {"h", int64_t{3600} * 1'000'000'000}}};

// Digits from the front of `text`, which it shortens; nullopt without any, or above 15 of them.
std::optional<int64_t> TakeDigits(std::string_view* text, size_t* count) {
  size_t digits = 0;
  while (digits < text->size() && (*text)[digits] >= '0' && (*text)[digits] <= '9') ++digits;
  if (digits == 0 || digits > 15) return std::nullopt;
  int64_t value = 0;
  std::from_chars(text->data(), text->data() + digits, value);
  text->remove_prefix(digits);
  *count = digits;
  return value;
}

struct Decimal {
  int64_t whole = 0;
  int64_t billionths = 0;
};

std::optional<Decimal> TakeDecimal(std::string_view* text) {
  size_t digits = 0;
  Decimal decimal;
  const auto whole = TakeDigits(text, &digits);
  if (!whole) return std::nullopt;
  decimal.whole = *whole;
  if (text->starts_with('.')) {
    text->remove_prefix(1);
    const auto fraction = TakeDigits(text, &digits);
    if (!fraction || digits > 9) return std::nullopt;
    decimal.billionths = *fraction;
    for (size_t i = digits; i < 9; ++i) decimal.billionths *= 10;
  }
  return decimal;
}

}  // namespace

std::optional<int64_t> ParseDurationNs(std::string_view text) {
  const auto decimal = TakeDecimal(&text);
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

std::optional<double> ParseRatePerS(std::string_view text) {
  const auto decimal = TakeDecimal(&text);
  if (!decimal || text != "/s") return std::nullopt;
  const double rate = static_cast<double>(decimal->whole) + static_cast<double>(decimal->billionths) / 1e9;
  return rate <= kRatePerSMax ? std::optional(rate) : std::nullopt;
}

std::optional<Moment> ParseMoment(std::string_view text) {
  const size_t plus = text.find('+');
  Moment moment{std::string(text.substr(0, plus)), 0};
  if (moment.phase.empty()) return std::nullopt;
  if (plus != std::string_view::npos) {
    const auto after = ParseDurationNs(text.substr(plus + 1));
    if (!after) return std::nullopt;
    moment.after_ns = *after;
  }
  return moment;
}

}  // namespace harness
