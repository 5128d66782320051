// Words and figures as people read them, and how they are fitted to a console: used by the summary, the live view and
// the witness. Called from any thread; pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report/report.h"

namespace harness {

// "1,234,567".
std::string CountText(int64_t count);
// Three digits that matter and the unit that fits: "850 ns", "12.4 µs", "1.25 ms", "3.02 s", "2 min 05 s"; "never" of
// the greatest value.
std::string DurationText(int64_t duration_ns);
// "498/s"; below 10 with one decimal.
std::string RateText(double per_s);
// Attribute values and text of XML 1.0.
std::string XmlEscaped(std::string_view text);
// A moment on the run's own time line: "+3.412 s" after `origin_ns`, "-0.020 s" before it.
std::string MomentText(int64_t time_ns, int64_t origin_ns);
// From `origin_ns` to `time_ns`; what a foreign log says may be any number: the nearest that there is.
int64_t Since(int64_t time_ns, int64_t origin_ns);
// "1 record", "2 records".
std::string Counted(int64_t count, std::string_view singular);

// Without control characters (which could drive a terminal) and without bytes that are not UTF-8: '?' stands for each.
std::string Printable(std::string_view text);
// Columns that a terminal gives it: wide characters two, combining ones none.
size_t Columns(std::string_view text);
// At most `columns` wide, the end cut off with "…".
std::string Clipped(std::string_view text, size_t columns);
// Lines of at most `columns` columns, cut at spaces; a longer word is cut where the line ends.
std::vector<std::string> Wrapped(std::string_view text, size_t columns);
std::string PadRight(std::string_view text, size_t columns);
std::string PadLeft(std::string_view text, size_t columns);
// `text` wrapped into what is left of `columns` beside `first`, further lines indented to the same column.
std::string Paragraph(std::string_view first, std::string_view text, size_t columns);

// What is shown where only ASCII is: a character for each column, so that columns stay where they are ("µ" u, "…" ~,
// "✓" +).
std::string Ascii(std::string_view text);

enum class Color : uint8_t { kRed, kGreen, kYellow, kBold, kDim };
// `text` in `color` when the style has colours.
std::string Painted(const ConsoleStyle& style, Color color, std::string_view text);

// Names to the left, figures to the right. Where the console is too narrow for a row, each cell gets a line of its own.
struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  // each as long as the header
  size_t name_columns = 1;                     // so many are left-aligned; only the first is ever clipped
};
std::string TableText(const Table& table, size_t columns);

// How wide text is made: the terminal, at least 20 columns; 100 where there is no terminal.
size_t TextColumns(const ConsoleStyle& style);

// The style that fits file descriptor `fd`: width and colour only on a terminal, no colour with NO_COLOR or TERM=dumb,
// UTF-8 as LC_ALL, LC_CTYPE, LANG (the first that is set) say.
ConsoleStyle DetectConsoleStyle(int fd);

}  // namespace harness
