#include "client/terminal_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdint>

namespace pipeline {
namespace {

struct Character {
  char32_t code = 0;
  size_t bytes = 1;
  bool valid = true;
};

// The character that `text` (not empty) begins with; an invalid one is one byte long.
Character First(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  const Character invalid{lead, 1, false};
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return invalid;
  char32_t code = lead & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0u) != 0x80) return invalid;
    code = (code << 6) | (byte(i) & 0x3Fu);
  }
  static constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return invalid;
  return {code, length, true};
}

bool In(char32_t code, char32_t first, char32_t last) { return code >= first && code <= last; }

// Obeyed, reordering or invisible.
bool IsUnsafe(char32_t code) {
  return code < 0x20 || In(code, 0x7F, 0x9F) || code == 0xAD || code == 0x61C || In(code, 0x200B, 0x200F) ||
         In(code, 0x2028, 0x202E) || In(code, 0x2060, 0x206F) || code == 0xFEFF || In(code, 0xFFF9, 0xFFFB) ||
         In(code, 0xE0000, 0xE007F);
}

bool IsCombining(char32_t code) {
  return In(code, 0x300, 0x36F) || In(code, 0xFE00, 0xFE0F) || In(code, 0x20D0, 0x20FF);
}

// The East Asian Width ranges that terminals draw two columns wide, and emoji.
bool IsWide(char32_t code) {
  return In(code, 0x1100, 0x115F) || In(code, 0x2E80, 0x303E) || In(code, 0x3041, 0xA4CF) || In(code, 0xAC00, 0xD7A3) ||
         In(code, 0xF900, 0xFAFF) || In(code, 0xFE30, 0xFE6F) || In(code, 0xFF00, 0xFF60) || In(code, 0xFFE0, 0xFFE6) ||
         In(code, 0x1F100, 0x1F2FF) || In(code, 0x1F300, 0x1FAFF) || In(code, 0x20000, 0x3FFFD);
}

int Width(char32_t code) {
  if (IsCombining(code)) return 0;
  return IsWide(code) ? 2 : 1;
}

std::string Escape(const Character& character) {
  if (!character.valid || character.code < 0x80) return fmt::format("\\x{:02x}", static_cast<uint32_t>(character.code));
  if (character.code <= 0xFFFF) return fmt::format("\\u{:04x}", static_cast<uint32_t>(character.code));
  return fmt::format("\\U{:08x}", static_cast<uint32_t>(character.code));
}

bool EndsWithIgnoringCase(std::string_view text, std::string_view end) {
  if (text.size() < end.size()) return false;
  return std::equal(end.begin(), end.end(), text.end() - static_cast<ptrdiff_t>(end.size()),
                    [](char a, char b) { return std::tolower(static_cast<unsigned char>(b)) == a; });
}

}  // namespace

bool SpeaksUtf8(std::string_view lc_all, std::string_view lc_ctype, std::string_view lang) {
  std::string_view locale = !lc_all.empty() ? lc_all : !lc_ctype.empty() ? lc_ctype : lang;
  if (locale.empty()) return true;
  locale = locale.substr(0, locale.find('@'));
  return EndsWithIgnoringCase(locale, "utf-8") || EndsWithIgnoringCase(locale, "utf8");
}

std::string Printable(std::string_view text, bool utf8, int columns_max) {
  constexpr std::string_view kCut = "...";
  std::string out;
  int columns = 0;
  size_t room_for_cut = 0;  // where to cut when it turns out to be too long
  while (!text.empty()) {
    const Character character = First(text);
    std::string shown;
    if (!character.valid || IsUnsafe(character.code)) {
      shown = Escape(character);
    } else if (!utf8 && character.code >= 0x80) {
      shown = IsCombining(character.code) ? "" : "?";
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
    const Character character = First(json);
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
    const Character character = First(printable);
    columns += Width(character.code);
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
      const Character character = First(text);
      const int width = Width(character.code);
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
