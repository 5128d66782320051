#include "harness/scenario/quantity.h"

#include "text/decimal.h"
#include "text/duration.h"

namespace harness {

std::optional<double> ParseRatePerS(std::string_view text) {
  const auto decimal = pipeline::TakeDecimal(&text);
  if (!decimal || text != "/s") return std::nullopt;
  const double rate = static_cast<double>(decimal->whole) + static_cast<double>(decimal->billionths) / 1e9;
  return rate <= kRatePerSMax ? std::optional(rate) : std::nullopt;
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
