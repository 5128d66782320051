#include "payment/money.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "payment/json_token.h"

namespace pipeline {
namespace {

constexpr std::array<uint64_t, 20> kPowersOf10 = [] {
  std::array<uint64_t, 20> powers{};
  uint64_t power = 1;
  for (uint64_t& entry : powers) {
    entry = power;
    power *= 10;  // the last product overflows and is not used
  }
  return powers;
}();

// Far beyond any count of digits that fits a record; arithmetic on it stays within int64.
constexpr int64_t kScaleMax = int64_t{1} << 40;

// A number of so many digits and one more fits uint64.
constexpr int64_t kDigitsThatFit = 18;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// "e-2", "E+7", or nothing.
int64_t ParseScale(std::string_view text) {
  if (text.empty()) return 0;
  text.remove_prefix(1);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int64_t scale = 0;
  for (const char c : text) scale = std::min(scale * 10 + (c - '0'), kScaleMax);
  return negative ? -scale : scale;
}

uint64_t Magnitude(int64_t units) {
  return units < 0 ? ~static_cast<uint64_t>(units) + 1 : static_cast<uint64_t>(units);
}

// A decimal number as digits * 10^scale; digits without trailing zeros, which are counted apart.
class Decimal {
 public:
  // False when `text` is not exactly a JSON number, or has too many digits for int64.
  bool Parse(std::string_view text) {
    negative_ = text.starts_with('-');
    size_t at = negative_ ? 1 : 0;
    const size_t whole = at;
    while (at < text.size() && IsDigit(text[at])) AddDigit(text[at++]);
    if (at == whole || (text[whole] == '0' && at > whole + 1)) return false;
    if (at < text.size() && text[at] == '.') {
      const size_t fraction = ++at;
      while (at < text.size() && IsDigit(text[at])) AddDigit(text[at++]);
      if (at == fraction) return false;
      scale_ -= static_cast<int64_t>(at - fraction);
    }
    if (at < text.size() && (text[at] | 0x20) == 'e' && !ParseExponent(text, &at)) return false;
    return at == text.size() && !too_long_;
  }

  std::optional<Money> ToMoney(uint32_t shift) const {
    const int64_t scale = scale_ - shift;
    // The exponent as written, less where units would not fit: then trailing zeros are given up.
    int64_t exponent = std::clamp<int64_t>(-scale, 0, kMoneyExponentMax);
    if (digits_ == 0) return Money{0, static_cast<uint32_t>(exponent)};
    const uint64_t limit = static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) + (negative_ ? 1 : 0);
    for (; exponent >= 0; --exponent) {
      const int64_t zeros = scale + trailing_zeros_ + exponent;
      if (zeros < 0) break;
      if (zeros >= static_cast<int64_t>(kPowersOf10.size()) || digits_ > limit / kPowersOf10[zeros]) continue;
      const uint64_t magnitude = digits_ * kPowersOf10[zeros];
      return Money{static_cast<int64_t>(negative_ ? ~magnitude + 1 : magnitude), static_cast<uint32_t>(exponent)};
    }
    return std::nullopt;
  }

 private:
  void AddDigit(char c) {
    if (c == '0') {
      if (digits_ != 0) ++trailing_zeros_;
      return;
    }
    const auto digit = static_cast<uint64_t>(c - '0');
    if (significant_ + trailing_zeros_ < kDigitsThatFit) {
      digits_ = digits_ * kPowersOf10[trailing_zeros_ + 1] + digit;
      significant_ += trailing_zeros_ + 1;
      trailing_zeros_ = 0;
      return;
    }
    const uint64_t room = std::numeric_limits<uint64_t>::max() - digit;
    if (trailing_zeros_ + 1 >= static_cast<int64_t>(kPowersOf10.size()) ||
        digits_ > room / kPowersOf10[trailing_zeros_ + 1]) {
      too_long_ = true;
      return;
    }
    digits_ = digits_ * kPowersOf10[trailing_zeros_ + 1] + digit;
    significant_ += trailing_zeros_ + 1;
    trailing_zeros_ = 0;
  }

  bool ParseExponent(std::string_view text, size_t* at) {
    ++*at;
    bool negative = false;
    if (*at < text.size() && (text[*at] == '+' || text[*at] == '-')) negative = text[(*at)++] == '-';
    const size_t begin = *at;
    int64_t exponent = 0;
    for (; *at < text.size() && IsDigit(text[*at]); ++*at) {
      exponent = std::min(exponent * 10 + (text[*at] - '0'), kScaleMax);
    }
    scale_ += negative ? -exponent : exponent;
    return *at > begin;
  }

  bool negative_ = false;
  bool too_long_ = false;
  uint64_t digits_ = 0;
  int64_t significant_ = 0;  // how many digits_ has, zeros within them included
  int64_t trailing_zeros_ = 0;
  int64_t scale_ = 0;
};

template <size_t kSize>
bool Contains(const std::array<std::string_view, kSize>& currencies, std::string_view currency) {
  return std::find(currencies.begin(), currencies.end(), currency) != currencies.end();
}

std::string_view Symbol(std::string_view currency) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kSymbols = {
      {{"USD", "$"}, {"EUR", "€"}, {"GBP", "£"}, {"INR", "₹"}, {"JPY", "¥"}}};
  for (const auto& [code, symbol] : kSymbols) {
    if (code == currency) return symbol;
  }
  return {};
}

}  // namespace

bool operator==(const Money& a, const Money& b) {
  if (a.exponent == b.exponent) return a.units == b.units;
  const Money left = Canonical(a);
  const Money right = Canonical(b);
  return left.units == right.units && left.exponent == right.exponent;
}

std::optional<Money> ParseMoney(std::string_view number_text, uint32_t shift) {
  Decimal decimal;
  if (!decimal.Parse(number_text)) return std::nullopt;
  return decimal.ToMoney(shift);
}

std::optional<int64_t> ParseFloor(std::string_view number_text) {
  if (!IsJsonNumber(number_text)) return std::nullopt;
  const bool negative = number_text.starts_with('-');
  if (negative) number_text.remove_prefix(1);
  const size_t e = std::min(number_text.find_first_of("eE"), number_text.size());
  const std::string_view digits = number_text.substr(0, e);
  // How many of the digits, or of zeros behind them, stand before the point.
  int64_t before_point =
      static_cast<int64_t>(std::min(digits.find('.'), digits.size())) + ParseScale(number_text.substr(e));
  const uint64_t limit = static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) + (negative ? 1 : 0);
  uint64_t whole = 0;
  bool fraction = false;
  const auto add = [&](uint64_t digit) {
    const bool fits = whole <= (limit - digit) / 10;
    whole = whole * 10 + digit;
    return fits;
  };
  for (const char c : digits) {
    if (c == '.') continue;
    if (before_point-- <= 0) {
      fraction = fraction || c != '0';
    } else if (!add(static_cast<uint64_t>(c - '0'))) {
      return std::nullopt;
    }
  }
  for (; before_point > 0 && whole > 0; --before_point) {
    if (!add(0)) return std::nullopt;
  }
  if (!negative) return static_cast<int64_t>(whole);
  if (fraction && whole == limit) return std::nullopt;
  return static_cast<int64_t>(~(whole + (fraction ? 1 : 0)) + 1);
}

// ISO 4217, List One, column "Minor unit". Compared with tables in public sources, not with the maintenance agency's
// own list. Where that says N.A. (gold, XTS) it counts as not known. MGA and MRU have 2 there, though five of their
// parts are one.
uint32_t IsoDigits(std::string_view currency) {
  constexpr std::array<std::string_view, 17> kNone = {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG",
                                                      "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"};
  constexpr std::array<std::string_view, 7> kThree = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"};
  constexpr std::array<std::string_view, 2> kFour = {"CLF", "UYW"};
  if (Contains(kNone, currency)) return 0;
  if (Contains(kThree, currency)) return 3;
  return Contains(kFour, currency) ? 4 : 2;
}

// docs.stripe.com/currencies: "zero-decimal" and "three-decimal" currencies. Under its "special cases": ISK and UGX
// have lost their minor unit and are given in hundredths; HUF and TWD have 2 digits in charges.
uint32_t StripeDigits(std::string_view currency) {
  constexpr std::array<std::string_view, 15> kNone = {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA",
                                                      "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"};
  constexpr std::array<std::string_view, 5> kThree = {"BHD", "JOD", "KWD", "OMR", "TND"};
  if (Contains(kNone, currency)) return 0;
  return Contains(kThree, currency) ? 3 : 2;
}

double ToDouble(const Money& money) {
  constexpr uint64_t kExactMax = uint64_t{1} << 53;
  // Both operands are exact doubles, so that the one division rounds correctly.
  if (Magnitude(money.units) <= kExactMax && money.exponent <= kMoneyExponentMax) {
    return static_cast<double>(money.units) / static_cast<double>(kPowersOf10[money.exponent]);
  }
  const std::string text = ToText(money, 0);
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string ToText(const Money& money, uint32_t digits_min) {
  const uint32_t exponent = std::min(money.exponent, kMoneyExponentMax);
  const uint64_t magnitude = Magnitude(money.units);
  std::string text = money.units < 0 ? "-" : "";
  text += std::to_string(magnitude / kPowersOf10[exponent]);
  std::string fraction = std::to_string(magnitude % kPowersOf10[exponent]);
  fraction = exponent == 0 ? "" : std::string(exponent - fraction.size(), '0') + fraction;
  while (fraction.size() > digits_min && fraction.back() == '0') fraction.pop_back();
  if (fraction.size() < digits_min) fraction.append(digits_min - fraction.size(), '0');
  return fraction.empty() ? text : text + '.' + fraction;
}

std::string Display(const Money& money, std::string_view currency) {
  std::string text = ToText(money, IsoDigits(currency));
  text.insert(money.units < 0 ? 1 : 0, Symbol(currency));
  return currency.empty() ? text : text + ' ' + std::string(currency);
}

Money Canonical(const Money& money) {
  Money canonical = money;
  if (canonical.units == 0) canonical.exponent = 0;
  while (canonical.exponent > 0 && canonical.units % 10 == 0) {
    canonical.units /= 10;
    --canonical.exponent;
  }
  return canonical;
}

}  // namespace pipeline
