// A decimal number at the front of a text, as settings and scenarios write it. Called by the readers of durations and
// rates, from any thread. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pipeline {

struct Decimal {
  int64_t whole = 0;       // at most 15 digits
  int64_t billionths = 0;  // of the fraction: 0 to 999,999,999
};

// "2", "1.5", "0.000000001" from the front of `text`, which it shortens by what it took. Digits on both sides of the
// point, at most 15 and 9; nullopt for anything else (no sign, no exponent), and `text` is then of no use any more.
std::optional<Decimal> TakeDecimal(std::string_view* text);

}  // namespace pipeline
