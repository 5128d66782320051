#include "client/mask.h"

#include <utility>

#include "text/utf8.h"

namespace pipeline {
namespace {

constexpr std::string_view kStars = "***";

// Bytes of the first character of `text`; what is no UTF-8 counts one.
size_t FirstBytes(std::string_view text) { return text.empty() ? 0 : FirstCharacter(text).bytes; }

// What may stand in the part of an address before the "@", as far as people write it.
bool IsLocal(char c) {
  constexpr std::string_view kSeparators = " \t\r\n<>()[]{},;:\"'=&?/\\|@";
  return kSeparators.find(c) == std::string_view::npos;
}

}  // namespace

std::string MaskEmail(std::string_view email) {
  if (email.empty()) return {};
  const size_t at = email.rfind('@');
  const std::string_view who = email.substr(0, at);
  std::string masked(who.substr(0, FirstBytes(who)));
  masked += kStars;
  if (at != std::string_view::npos) masked += email.substr(at);
  return masked;
}

std::string MaskAddresses(std::string_view text) {
  std::string masked;
  for (;;) {
    const size_t at = text.find('@');
    if (at == std::string_view::npos) return masked += text;
    size_t begin = at;
    while (begin > 0 && IsLocal(text[begin - 1])) --begin;
    const std::string_view who = text.substr(begin, at - begin);
    masked += text.substr(0, begin);
    masked += who.substr(0, FirstBytes(who));
    if (!who.empty()) masked += kStars;
    masked += '@';
    text.remove_prefix(at + 1);
  }
}

Payment Masked(Payment payment) {
  payment.customer_email = MaskEmail(payment.customer_email);
  for (auto& [key, value] : payment.metadata) {
    key = MaskAddresses(key);
    value = MaskAddresses(value);
  }
  return payment;
}

}  // namespace pipeline
