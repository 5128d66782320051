#include "payment/json_token.h"

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

}  // namespace pipeline
