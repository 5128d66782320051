// The raw topic's JSON, written: see codec.h.
#include <absl/strings/str_cat.h>

#include "payment/codec.h"

namespace pipeline {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool IsPlain(unsigned char c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

void AppendEscaped(unsigned char c, std::string* out) {
  switch (c) {
    case '"':
      *out += "\\\"";
      return;
    case '\\':
      *out += "\\\\";
      return;
    case '\b':
      *out += "\\b";
      return;
    case '\f':
      *out += "\\f";
      return;
    case '\n':
      *out += "\\n";
      return;
    case '\r':
      *out += "\\r";
      return;
    case '\t':
      *out += "\\t";
      return;
    default:
      break;
  }
  absl::StrAppend(out, "\\u", absl::Hex(c, absl::kZeroPad4));
}

struct Sequence {
  size_t size = 1;
  bool valid = false;
};

// The UTF-8 sequence at the front of `text` (Unicode standard, table 3-7); an invalid one has the size of its longest
// valid beginning, which is what one U+FFFD stands for and utf8proc does not tell.
Sequence FirstSequence(std::string_view text) {
  const auto byte = [&](size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {1, true};
  const size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4) return {1, false};
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (first == 0xE0) low = 0xA0;
  if (first == 0xED) high = 0x9F;  // no surrogates
  if (first == 0xF0) low = 0x90;
  if (first == 0xF4) high = 0x8F;
  for (size_t i = 1; i < size; ++i) {
    if (i == text.size() || byte(i) < low || byte(i) > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {size, true};
}

void AppendMember(std::string_view name_and_colon, std::string_view text, std::string* out) {
  *out += name_and_colon;
  AppendJsonString(text, out);
}

}  // namespace

void AppendJsonString(std::string_view text, std::string* out) {
  *out += '"';
  while (!text.empty()) {
    size_t plain = 0;
    while (plain < text.size() && IsPlain(static_cast<unsigned char>(text[plain]))) ++plain;
    *out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    size_t used = 1;
    if (static_cast<unsigned char>(text[0]) < 0x80) {
      AppendEscaped(static_cast<unsigned char>(text[0]), out);
    } else {
      const Sequence sequence = FirstSequence(text);
      used = sequence.size;
      *out += sequence.valid ? text.substr(0, used) : kReplacement;
    }
    text.remove_prefix(used);
  }
  *out += '"';
}

void AppendRawJson(const RawPayment& raw, const std::vector<std::pair<std::string, std::string>>& metadata,
                   std::string* out) {
  AppendMember("{\"id\":", raw.id, out);
  AppendMember(",\"provider\":", raw.provider, out);
  *out += ",\"amount\":";
  *out += raw.amount_text;
  AppendMember(",\"currency\":", raw.currency, out);
  AppendMember(",\"status\":", raw.status, out);
  AppendMember(",\"customer_email\":", raw.customer_email, out);
  *out += ",\"metadata\":{";
  for (size_t i = 0; i < metadata.size(); ++i) {
    if (i > 0) *out += ',';
    AppendJsonString(metadata[i].first, out);
    AppendMember(":", metadata[i].second, out);
  }
  *out += "},\"timestamp\":";
  absl::StrAppend(out, raw.timestamp_s, "}");
}

}  // namespace pipeline
