#include "payment/canonical.h"

#include <xxhash.h>

#include <string_view>

namespace pipeline {
namespace {

void AppendNumber(int64_t number, std::string* out) {
  *out += std::to_string(number);
  *out += ';';
}

void AppendText(std::string_view text, std::string* out) {
  *out += std::to_string(text.size());
  *out += ':';
  *out += text;
}

}  // namespace

std::string CanonicalContent(const Payment& payment) {
  const Money amount = Canonical(payment.amount);
  std::string content;
  content.reserve(256);
  AppendText(payment.id, &content);
  AppendNumber(static_cast<int64_t>(payment.provider), &content);
  AppendNumber(amount.units, &content);
  AppendNumber(amount.exponent, &content);
  AppendText(payment.currency, &content);
  AppendNumber(static_cast<int64_t>(payment.status), &content);
  AppendText(payment.customer_email, &content);
  AppendNumber(payment.created_at_s, &content);
  for (const auto& [key, value] : payment.metadata) {
    AppendText(key, &content);
    AppendText(value, &content);
  }
  return content;
}

uint64_t CanonicalHash(const Payment& payment) {
  const std::string content = CanonicalContent(payment);
  const uint64_t hash = XXH3_64bits(content.data(), content.size());
  return hash == 0 ? 1 : hash;
}

}  // namespace pipeline
