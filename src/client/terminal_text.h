// Text for a terminal that may be narrow, may not know UTF-8, and must not obey what a payment's fields say. Called by
// the Display. Pure, thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pipeline {

struct TerminalStyle {
  int columns = 0;  // 0: no limit
  bool utf8 = true;
};

// What the environment's LC_ALL, LC_CTYPE and LANG (empty: not set) say about the terminal. Nothing said: UTF-8.
bool SpeaksUtf8(std::string_view lc_all, std::string_view lc_ctype, std::string_view lang);

// `text` without anything that a terminal would obey: control characters, and those that reorder or hide text, become
// \x1b or \u202e; bytes that are no UTF-8 become \xff. Cut to `columns_max` columns, then with "..." at the end.
// Without utf8 every other character becomes "?".
std::string Printable(std::string_view text, bool utf8, int columns_max);

// `json` (one line of JSON) with the same characters as \u escapes: they can only stand in strings.
std::string PrintableJson(std::string_view json);

// Columns that printable text takes: wide characters count two.
int ColumnsOf(std::string_view printable);

struct Piece {
  std::string_view separator;  // between the piece before and this one, when they are on one line
  std::string text;
};
// Joins pieces. Where that is wider than the terminal, the line is broken between pieces and goes on indented by
// `indent`; a piece wider than a line is broken within. No newline at the end.
std::string JoinWrapped(const std::vector<Piece>& pieces, int indent, const TerminalStyle& style);

}  // namespace pipeline
