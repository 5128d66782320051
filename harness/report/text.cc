#include "harness/report/text.h"

#include <absl/strings/ascii.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "text/utf8.h"

namespace harness {
namespace {

constexpr size_t kColumnsWithoutTerminal = 100;
constexpr size_t kColumnsMin = 20;

// The bytes that fit into `columns`.
size_t BytesOf(std::string_view text, size_t columns) {
  size_t at = 0;
  while (at < text.size()) {
    const pipeline::Utf8Character character = pipeline::FirstCharacter(text.substr(at));
    const auto width = static_cast<size_t>(pipeline::ColumnsOf(character.code));
    if (width > columns) break;
    columns -= width;
    at += character.bytes;
  }
  return at;
}

std::string ThreeDigits(double value, std::string_view unit) {
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", value, decimals, unit);
}

std::string NarrowTable(const Table& table, size_t columns) {
  std::string text;
  for (const auto& row : table.rows) {
    text += Clipped("  " + table.header[0] + " " + row[0], columns) + "\n";
    for (size_t i = 1; i < row.size(); ++i) text += Clipped("    " + table.header[i] + " " + row[i], columns) + "\n";
  }
  return text;
}

}  // namespace

std::string CountText(int64_t count) {
  std::string digits = std::to_string(count);
  const size_t first = count < 0 ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string DurationText(int64_t duration_ns) {
  if (duration_ns == INT64_MAX) return "never";
  if (duration_ns < 0) return "-" + DurationText(duration_ns == INT64_MIN ? INT64_MAX : -duration_ns);
  const auto ns = static_cast<double>(duration_ns);
  if (duration_ns < 1000) return fmt::format("{} ns", duration_ns);
  if (ns < 999.5e3) return ThreeDigits(ns / 1e3, "µs");
  if (ns < 999.5e6) return ThreeDigits(ns / 1e6, "ms");
  if (ns < 99.95e9) return ThreeDigits(ns / 1e9, "s");
  const int64_t seconds = (duration_ns + 500'000'000) / 1'000'000'000;
  return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
}

std::string RateText(double per_s) {
  if (per_s < 9.95) return fmt::format("{:.1f}/s", per_s);
  return CountText(std::llround(per_s)) + "/s";
}

int64_t Since(int64_t time_ns, int64_t origin_ns) {
  int64_t since_ns = 0;
  if (!__builtin_sub_overflow(time_ns, origin_ns, &since_ns)) return since_ns;
  return time_ns < origin_ns ? INT64_MIN : INT64_MAX;
}

std::string MomentText(int64_t time_ns, int64_t origin_ns) {
  const int64_t after_us = Since(time_ns, origin_ns) / 1000;
  return fmt::format("{}{}.{:06} s", after_us < 0 ? '-' : '+', std::abs(after_us) / 1'000'000,
                     std::abs(after_us) % 1'000'000);
}

std::string Counted(int64_t count, std::string_view singular) {
  return CountText(count) + " " + std::string(singular) + (count == 1 ? "" : "s");
}

std::string Printable(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const pipeline::Utf8Character character = pipeline::FirstCharacter(text);
    // C0, DEL, and C1 (U+0080 to U+009F), which terminals obey too.
    const bool control = character.code < 0x20 || (character.code >= 0x7F && character.code < 0xA0);
    if (!character.valid || control) {
      clean += '?';
    } else {
      clean += text.substr(0, character.bytes);
    }
    text.remove_prefix(character.bytes);
  }
  return clean;
}

std::string XmlEscaped(std::string_view text) {
  std::string escaped;
  // Control characters are not allowed in XML 1.0 even when escaped: Printable takes them out.
  for (const char c : Printable(text)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&apos;";
        break;
      default:
        escaped += c;
    }
  }
  // U+FFFE and U+FFFF are valid UTF-8 and not XML.
  for (const std::string_view bad : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"}) {
    for (size_t at = escaped.find(bad); at != std::string::npos; at = escaped.find(bad)) {
      escaped.replace(at, bad.size(), "?");
    }
  }
  return escaped;
}

size_t Columns(std::string_view text) {
  size_t columns = 0;
  while (!text.empty()) {
    const pipeline::Utf8Character character = pipeline::FirstCharacter(text);
    columns += static_cast<size_t>(pipeline::ColumnsOf(character.code));
    text.remove_prefix(character.bytes);
  }
  return columns;
}

std::string Clipped(std::string_view text, size_t columns) {
  if (Columns(text) <= columns) return std::string(text);
  if (columns == 0) return "";
  return std::string(text.substr(0, BytesOf(text, columns - 1))) + "…";
}

std::vector<std::string> Wrapped(std::string_view text, size_t columns) {
  std::vector<std::string> lines;
  std::string line;
  const auto end_line = [&] { lines.push_back(std::exchange(line, "")); };
  while (!text.empty()) {
    std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (!line.empty() && Columns(line) + 1 + Columns(word) > columns) end_line();
    if (!line.empty()) line += ' ';
    while (Columns(word) > columns) {
      // One character at least, however narrow the line.
      const size_t bytes = std::max(BytesOf(word, columns), pipeline::FirstCharacter(word).bytes);
      line += word.substr(0, bytes);
      word.remove_prefix(bytes);
      end_line();
    }
    line += word;
  }
  if (!line.empty() || lines.empty()) end_line();
  return lines;
}

std::string PadRight(std::string_view text, size_t columns) {
  return std::string(text) + std::string(columns - std::min(columns, Columns(text)), ' ');
}

std::string PadLeft(std::string_view text, size_t columns) {
  return std::string(columns - std::min(columns, Columns(text)), ' ') + std::string(text);
}

std::string Paragraph(std::string_view first, std::string_view text, size_t columns) {
  // Where next to nothing is left beside a long `first`, the text starts below it.
  size_t indent = Columns(first);
  std::string all(first);
  if (columns < indent + 16) {
    all = Clipped(first, columns);
    while (all.ends_with(' ')) all.pop_back();
    all += "\n    ";
    indent = 4;
  }
  bool first_line = true;
  for (const std::string& line : Wrapped(text, columns - indent)) {
    if (!first_line) all += std::string(indent, ' ');
    all += line + "\n";
    first_line = false;
  }
  return all;
}

std::string Ascii(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, char>, 12> kSubstitutes{{{"µ", 'u'},
                                                                                   {"…", '~'},
                                                                                   {"·", '|'},
                                                                                   {"✓", '+'},
                                                                                   {"✗", 'x'},
                                                                                   {"–", '-'},
                                                                                   {"─", '-'},
                                                                                   {"→", '>'},
                                                                                   {"▶", '>'},
                                                                                   {"█", '#'},
                                                                                   {"░", '.'},
                                                                                   {"±", '~'}}};
  std::string plain;
  while (!text.empty()) {
    const pipeline::Utf8Character character = pipeline::FirstCharacter(text);
    const std::string_view symbol = text.substr(0, character.bytes);
    if (character.code < 0x80) {
      plain += symbol;
    } else {
      const auto* found = std::find_if(kSubstitutes.begin(), kSubstitutes.end(),
                                       [&](const auto& substitute) { return substitute.first == symbol; });
      plain.append(static_cast<size_t>(pipeline::ColumnsOf(character.code)),
                   found == kSubstitutes.end() ? '?' : found->second);
    }
    text.remove_prefix(character.bytes);
  }
  return plain;
}

std::string Painted(const ConsoleStyle& style, Color color, std::string_view text) {
  if (!style.color) return std::string(text);
  static constexpr std::array<std::string_view, 5> kCodes{"31", "32", "33", "1", "2"};
  return fmt::format("\x1b[{}m{}\x1b[0m", kCodes[static_cast<size_t>(color)], text);
}

std::string TableText(const Table& table, size_t columns) {
  std::vector<size_t> widths;
  widths.reserve(table.header.size());
  for (const std::string& title : table.header) widths.push_back(Columns(title));
  for (const auto& row : table.rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Columns(row[i]));
  }
  size_t others = 2;
  for (size_t i = 1; i < widths.size(); ++i) others += 2 + widths[i];
  constexpr size_t kFirstMin = 10;
  if (columns < others + std::min(widths[0], kFirstMin)) return NarrowTable(table, columns);
  widths[0] = std::min(widths[0], columns - others);

  std::string text;
  const auto add_row = [&](const std::vector<std::string>& row) {
    std::string line = "  " + PadRight(Clipped(row[0], widths[0]), widths[0]);
    for (size_t i = 1; i < row.size(); ++i) {
      line += "  " + (i < table.name_columns ? PadRight(row[i], widths[i]) : PadLeft(row[i], widths[i]));
    }
    text += line + "\n";
  };
  add_row(table.header);
  for (const auto& row : table.rows) add_row(row);
  return text;
}

size_t TextColumns(const ConsoleStyle& style) {
  if (style.width_columns <= 0) return kColumnsWithoutTerminal;
  return std::max(static_cast<size_t>(style.width_columns), kColumnsMin);
}

ConsoleStyle DetectConsoleStyle(int fd) {
  ConsoleStyle style;
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  std::string locale;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (locale.empty()) locale = variable(name);
  }
  absl::AsciiStrToLower(&locale);
  style.utf8 = locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
  if (isatty(fd) == 1) {
    winsize size{};
    style.width_columns = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    const std::string terminal = variable("TERM");
    style.redraws = !terminal.empty() && terminal != "dumb";
    style.color = style.redraws && variable("NO_COLOR").empty();
  }
  return style;
}

}  // namespace harness
