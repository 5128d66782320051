#include "text/decimal.h"

#include <charconv>
#include <cstddef>

namespace pipeline {
namespace {

constexpr size_t kWholeDigitsMax = 15;
constexpr size_t kFractionDigitsMax = 9;

// Digits from the front of `text`, which it shortens; their number, 0 when there are none or more than `digits_max`.
size_t TakeDigits(std::string_view* text, size_t digits_max, int64_t* value) {
  size_t digits = 0;
  while (digits < text->size() && (*text)[digits] >= '0' && (*text)[digits] <= '9') ++digits;
  if (digits > digits_max) return 0;
  std::from_chars(text->data(), text->data() + digits, *value);
  text->remove_prefix(digits);
  return digits;
}

}  // namespace

std::optional<Decimal> TakeDecimal(std::string_view* text) {
  Decimal decimal;
  if (TakeDigits(text, kWholeDigitsMax, &decimal.whole) == 0) return std::nullopt;
  if (!text->starts_with('.')) return decimal;
  text->remove_prefix(1);
  size_t digits = TakeDigits(text, kFractionDigitsMax, &decimal.billionths);
  if (digits == 0) return std::nullopt;
  for (; digits < kFractionDigitsMax; ++digits) decimal.billionths *= 10;
  return decimal;
}

}  // namespace pipeline
