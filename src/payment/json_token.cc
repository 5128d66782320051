#include "payment/json_token.h"

#include <charconv>
#include <cstdint>

#include "text/utf8.h"

namespace pipeline {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// One digit at least, from the front.
bool TakeDigits(std::string_view* text) {
  size_t count = 0;
  while (count < text->size() && IsDigit((*text)[count])) ++count;
  text->remove_prefix(count);
  return count > 0;
}

// The four digits of a \\u escape.
std::optional<uint32_t> HexAt(std::string_view text, size_t at) {
  constexpr size_t kDigits = 4;
  if (text.size() < at + kDigits) return std::nullopt;
  uint32_t code = 0;
  const char* const begin = text.data() + at;
  const auto [end, error] = std::from_chars(begin, begin + kDigits, code, 16);
  if (error != std::errc() || end != begin + kDigits) return std::nullopt;
  return code;
}

bool IsHighHalf(uint32_t code) { return code >= 0xD800 && code <= 0xDBFF; }
bool IsLowHalf(uint32_t code) { return code >= 0xDC00 && code <= 0xDFFF; }

// The \\u escapes of one character, behind their first backslash and u. How many bytes they have; 0: no hex digits.
size_t AppendCodePoint(std::string_view text, std::string* out) {
  constexpr uint32_t kReplacement = 0xFFFD;
  const auto code = HexAt(text, 0);
  if (!code) return 0;
  if (IsHighHalf(*code) && text.substr(4).starts_with("\\u")) {
    const auto low = HexAt(text, 6);
    if (low && IsLowHalf(*low)) {
      AppendUtf8(0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00), out);
      return 10;
    }
  }
  AppendUtf8(IsHighHalf(*code) || IsLowHalf(*code) ? kReplacement : *code, out);
  return 4;
}

}  // namespace

std::string_view TrimJsonSpace(std::string_view token) {
  return token.substr(0, token.find_last_not_of(" \t\n\r") + 1);  // npos + 1 is 0
}

bool IsJsonNumber(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.starts_with('0')) {
    text.remove_prefix(1);
  } else if (!TakeDigits(&text)) {
    return false;
  }
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!TakeDigits(&text)) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (!TakeDigits(&text)) return false;
  }
  return text.empty();
}

bool AppendUnescaped(std::string_view quoted, std::string* out) {
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  for (;;) {
    const size_t plain = quoted.find_first_of("\"\\");
    if (plain == std::string_view::npos) return false;
    out->append(quoted.substr(0, plain));
    if (quoted[plain] == '"') return true;
    quoted.remove_prefix(plain + 1);
    if (quoted.empty()) return false;
    const char letter = quoted.front();
    quoted.remove_prefix(1);
    if (letter == 'u') {
      const size_t used = AppendCodePoint(quoted, out);
      if (used == 0) return false;
      quoted.remove_prefix(used);
    } else {
      const size_t index = kLetters.find(letter);
      if (index == std::string_view::npos) return false;
      out->push_back(kMeanings[index]);
    }
  }
}

}  // namespace pipeline
