#include "harness/contract/decimal.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

namespace harness {
namespace {

constexpr int64_t kPlacesMax = 18;
// Beyond any number of digits that a record can have.
constexpr int64_t kPowerMax = int64_t{1} << 40;

// value = digits * 10^power, where digits neither begins nor ends with a zero and is empty for zero.
struct Digits {
  bool negative = false;
  std::string digits;
  int64_t power = 0;
};

std::string_view TakeDigits(std::string_view* text) {
  const size_t end = std::min(text->find_first_not_of("0123456789"), text->size());
  const std::string_view taken = text->substr(0, end);
  text->remove_prefix(end);
  return taken;
}

int64_t PowerOf(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int64_t power = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), power);
  if (error != std::errc()) power = kPowerMax;
  power = std::min(power, kPowerMax);
  return negative ? -power : power;
}

std::optional<Digits> Split(std::string_view text) {
  if (!IsNumber(text)) return std::nullopt;
  Digits number;
  number.negative = text.starts_with('-');
  if (number.negative) text.remove_prefix(1);
  number.digits = TakeDigits(&text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::string_view fraction = TakeDigits(&text);
    number.digits += fraction;
    number.power = -static_cast<int64_t>(fraction.size());
  }
  if (!text.empty()) number.power += PowerOf(text.substr(1));
  const size_t last = number.digits.find_last_not_of('0');
  if (last == std::string::npos) return Digits{.negative = false, .digits = {}, .power = 0};
  number.power += static_cast<int64_t>(number.digits.size() - 1 - last);
  number.digits.resize(last + 1);
  number.digits.erase(0, number.digits.find_first_not_of('0'));
  return number;
}

// With the sign, and `zeros` more digits; nullopt when that is no int64.
std::optional<int64_t> ToInt64(bool negative, std::string digits, int64_t zeros) {
  if (digits.empty()) return 0;
  if (zeros > std::numeric_limits<int64_t>::digits10) return std::nullopt;
  digits.insert(0, negative ? "-" : "");
  digits.append(static_cast<size_t>(zeros), '0');
  int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<pipeline::Money> ReadMoney(std::string_view number_text, int shift) {
  const auto number = Split(number_text);
  if (!number) return std::nullopt;
  if (number->digits.empty()) return pipeline::Money{};
  const int64_t power = number->power - shift;
  if (power < -kPlacesMax) return std::nullopt;
  const auto units = ToInt64(number->negative, number->digits, std::max<int64_t>(power, 0));
  if (!units) return std::nullopt;
  return pipeline::Money{*units, static_cast<uint32_t>(std::max<int64_t>(-power, 0))};
}

std::optional<int64_t> ReadSeconds(std::string_view number_text) {
  const auto number = Split(number_text);
  if (!number) return std::nullopt;
  if (number->power >= 0) return ToInt64(number->negative, number->digits, number->power);
  const auto size = static_cast<int64_t>(number->digits.size());
  const auto whole = static_cast<size_t>(std::max<int64_t>(size + number->power, 0));
  const auto seconds = ToInt64(number->negative, number->digits.substr(0, whole), 0);
  if (!seconds || !number->negative) return seconds;
  if (*seconds == std::numeric_limits<int64_t>::min()) return std::nullopt;
  return *seconds - 1;
}

double NearestDouble(const pipeline::Money& money) {
  const std::string text = std::to_string(money.units) + "e-" + std::to_string(money.exponent);
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

int StripeDigits(std::string_view currency) {
  // docs.stripe.com/currencies: "zero-decimal" and "three-decimal". ISK and UGX, which have no minor unit any more, are
  // given in hundredths there.
  static constexpr std::string_view kNone = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF";
  static constexpr std::string_view kThree = "BHD JOD KWD OMR TND";
  if (currency.size() != 3 || currency.find(' ') != std::string_view::npos) return 2;
  if (kNone.find(currency) != std::string_view::npos) return 0;
  return kThree.find(currency) != std::string_view::npos ? 3 : 2;
}

bool IsNumber(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::string_view whole = TakeDigits(&text);
  if (whole.empty() || (whole.size() > 1 && whole.front() == '0')) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (TakeDigits(&text).empty()) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(text.size() > 1 && (text[1] == '+' || text[1] == '-') ? 2 : 1);
    if (TakeDigits(&text).empty()) return false;
  }
  return text.empty();
}

}  // namespace harness
