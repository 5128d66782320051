#include "client/terminal_text.h"

#include <absl/strings/ascii.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "text/utf8.h"

namespace pipeline {
namespace {

std::string Escape(const Utf8Character& character) {
  if (!character.valid || character.code < 0x80) return fmt::format("\\x{:02x}", static_cast<uint32_t>(character.code));
  if (character.code <= 0xFFFF) return fmt::format("\\u{:04x}", static_cast<uint32_t>(character.code));
  return fmt::format("\\U{:08x}", static_cast<uint32_t>(character.code));
}

}  // namespace

bool SpeaksUtf8(std::string_view lc_all, std::string_view lc_ctype, std::string_view lang) {
  std::string_view locale = !lc_all.empty() ? lc_all : !lc_ctype.empty() ? lc_ctype : lang;
  if (locale.empty()) return true;
  const std::string lower = absl::AsciiStrToLower(std::string(locale.substr(0, locale.find('@'))));
  return lower.ends_with("utf-8") || lower.ends_with("utf8");
}

std::string Printable(std::string_view text, bool utf8, int columns_max) {
  constexpr std::string_view kCut = "...";
  std::string out;
  int columns = 0;
  size_t room_for_cut = 0;  // where to cut when it turns out to be too long
  while (!text.empty()) {
    const Utf8Character character = FirstCharacter(text);
    std::string shown;
    if (!character.valid || IsUnsafe(character.code)) {
      shown = Escape(character);
    } else if (!utf8 && character.code >= 0x80) {
      shown = ColumnsOf(character.code) == 0 ? "" : "?";
    } else {
      shown = text.substr(0, character.bytes);
    }
    const int width = ColumnsOf(shown);
    if (columns + width > columns_max) {
      out.resize(room_for_cut);
      return out.append(kCut);
    }
    columns += width;
    out += shown;
    if (columns + static_cast<int>(kCut.size()) <= columns_max) room_for_cut = out.size();
    text.remove_prefix(character.bytes);
  }
  return out;
}

std::string PrintableJson(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    const Utf8Character character = FirstCharacter(json);
    if (character.code < 0x7F || !character.valid || !IsUnsafe(character.code)) {
      out += json.substr(0, character.bytes);
    } else if (character.code <= 0xFFFF) {
      out += fmt::format("\\u{:04x}", static_cast<uint32_t>(character.code));
    } else {
      const auto low = static_cast<uint32_t>(character.code) - 0x10000;
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (low >> 10), 0xDC00 + (low & 0x3FF));
    }
    json.remove_prefix(character.bytes);
  }
  return out;
}

int ColumnsOf(std::string_view printable) {
  int columns = 0;
  while (!printable.empty()) {
    const Utf8Character character = FirstCharacter(printable);
    columns += ColumnsOf(character.code);
    printable.remove_prefix(character.bytes);
  }
  return columns;
}

std::string JoinWrapped(const std::vector<Piece>& pieces, int indent, const TerminalStyle& style) {
  const int limit = style.columns <= 0 ? 0 : std::max(style.columns, indent + 10);
  std::string out;
  int column = 0;
  const auto break_line = [&] {
    out += '\n';
    out.append(static_cast<size_t>(indent), ' ');
    column = indent;
  };
  const auto append = [&](std::string_view text) {
    while (!text.empty()) {
      const Utf8Character character = FirstCharacter(text);
      const int width = ColumnsOf(character.code);
      if (limit > 0 && column + width > limit) break_line();
      out += text.substr(0, character.bytes);
      column += width;
      text.remove_prefix(character.bytes);
    }
  };
  for (size_t i = 0; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    const bool fits = limit == 0 || column + ColumnsOf(piece.separator) + ColumnsOf(piece.text) <= limit;
    if (i > 0 && !fits) {
      break_line();
    } else if (i > 0) {
      append(piece.separator);
    }
    append(piece.text);
  }
  return out;
}

}  // namespace pipeline
