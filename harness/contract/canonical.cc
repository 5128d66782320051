#include "harness/contract/canonical.h"

#include <xxhash.h>

#include <string_view>

namespace harness {
namespace {

using pipeline::Money;
using pipeline::Payment;

void AppendNumber(int64_t number, std::string* out) {
  *out += std::to_string(number);
  *out += ';';
}

void AppendText(std::string_view text, std::string* out) {
  *out += std::to_string(text.size());
  *out += ':';
  *out += text;
}

// All but the metadata.
void AppendFields(const Payment& payment, std::string* content) {
  const Money amount = Canonical(payment.amount);
  AppendText(payment.id, content);
  AppendNumber(static_cast<int64_t>(payment.provider), content);
  AppendNumber(amount.units, content);
  AppendNumber(amount.exponent, content);
  AppendText(payment.currency, content);
  AppendNumber(static_cast<int64_t>(payment.status), content);
  AppendText(payment.customer_email, content);
  AppendNumber(payment.created_at_s, content);
}

void AppendMetadata(const Payment& payment, std::string* content) {
  for (const auto& [key, value] : payment.metadata) {
    AppendText(key, content);
    AppendText(value, content);
  }
}

// Never 0.
uint64_t Half(std::string_view content) {
  const uint64_t half = XXH3_64bits(content.data(), content.size()) & 0xFFFF'FFFF;
  return half == 0 ? 1 : half;
}

}  // namespace

std::string CanonicalContent(const Payment& payment) {
  std::string content;
  content.reserve(256);
  AppendFields(payment, &content);
  AppendMetadata(payment, &content);
  return content;
}

uint64_t CanonicalHash(const Payment& payment) {
  std::string content;
  content.reserve(256);
  AppendFields(payment, &content);
  const size_t fields = content.size();
  AppendMetadata(payment, &content);
  const std::string_view view = content;
  return Half(view.substr(0, fields)) << 32 | (payment.metadata.empty() ? 0 : Half(view.substr(fields)));
}

}  // namespace harness
