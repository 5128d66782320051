#include "text/utf8.h"

#include <utf8proc.h>

#include <array>

namespace pipeline {
namespace {

// Unassigned, and reserved by Unicode for characters without a shape (Default_Ignorable_Code_Point); utf8proc 2.8 does
// not tell them from other unassigned ones.
bool IsReservedInvisible(char32_t code) { return code == 0x2065 || (code >= 0xE0000 && code <= 0xE0FFF); }

}  // namespace

Utf8Character FirstCharacter(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1, true};
  utf8proc_int32_t code = 0;
  const utf8proc_ssize_t bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                                  static_cast<utf8proc_ssize_t>(text.size()), &code);
  if (bytes <= 0) return {lead, 1, false};
  return {static_cast<char32_t>(code), static_cast<size_t>(bytes), true};
}

int ColumnsOf(char32_t code) {
  if (code < 0x80) return 1;
  const auto point = static_cast<utf8proc_int32_t>(code);
  const utf8proc_category_t category = utf8proc_category(point);
  if (category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME) return 0;
  return utf8proc_charwidth(point) == 2 ? 2 : 1;
}

bool IsUnsafe(char32_t code) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return true;
    case UTF8PROC_CATEGORY_CN:
      return IsReservedInvisible(code);
    default:
      return false;
  }
}

void AppendUtf8(char32_t code, std::string* out) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const utf8proc_ssize_t size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code), bytes.data());
  out->append(reinterpret_cast<const char*>(bytes.data()), static_cast<size_t>(size));
}

}  // namespace pipeline
