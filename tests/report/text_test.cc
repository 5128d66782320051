// Figures and text fit a console: never wider than they may be, never a control character or a broken UTF-8 sequence,
// and readable by people.
#include "harness/report/text.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

namespace harness {
namespace {

TEST(TextTest, FiguresReadAsPeopleWriteThem) {
  EXPECT_EQ(CountText(0), "0");
  EXPECT_EQ(CountText(999), "999");
  EXPECT_EQ(CountText(1000), "1,000");
  EXPECT_EQ(CountText(-1234567), "-1,234,567");
  EXPECT_EQ(DurationText(0), "0 ns");
  EXPECT_EQ(DurationText(999), "999 ns");
  EXPECT_EQ(DurationText(12'345), "12.3 µs");
  EXPECT_EQ(DurationText(999'600), "1.00 ms");
  EXPECT_EQ(DurationText(1'250'000), "1.25 ms");
  EXPECT_EQ(DurationText(3'020'000'000), "3.02 s");
  EXPECT_EQ(DurationText(125'000'000'000), "2 min 05 s");
  EXPECT_EQ(DurationText(-1'250'000), "-1.25 ms");
  EXPECT_EQ(RateText(0.5), "0.5/s");
  EXPECT_EQ(RateText(12'345.4), "12,345/s");
  EXPECT_EQ(MomentText(3'500'000'000, 1'000'000'000), "+2.500000 s");
  EXPECT_EQ(MomentText(1'000'000'000, 3'500'000'000), "-2.500000 s");
  EXPECT_EQ(Counted(1, "record"), "1 record");
  EXPECT_EQ(Counted(2, "record"), "2 records");
}

TEST(TextTest, WhatDrivesATerminalIsTakenOut) {
  EXPECT_EQ(Printable("a\x1b[31mb\nc\x7f"), "a?[31mb?c?");
  EXPECT_EQ(Printable("\xC2\x9B"
                      "31m"),
            "?31m");  // C1's CSI
  EXPECT_EQ(Printable("₹ µ 😀"), "₹ µ 😀");
  EXPECT_EQ(Printable("\xFF\xC3"), "??");
  EXPECT_EQ(Printable("\xED\xA0\x80"), "???");  // a surrogate
  EXPECT_EQ(Printable("\xE0\x80\x80"), "???");  // overlong
}

RC_GTEST_PROP(TextTest, PrintableIsPrintableAndStaysSo, (const std::string& text)) {
  const std::string clean = Printable(text);
  RC_ASSERT(std::none_of(clean.begin(), clean.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }));
  RC_ASSERT(Printable(clean) == clean);
}

RC_GTEST_PROP(TextTest, AsciiKeepsTheColumns, ()) {
  const auto parts = *rc::gen::container<std::vector<std::string>>(
      rc::gen::element<std::string>("µ", "…", "·", "✓", "✗", "–", "█", "░", "₹", "😀", "a", " "));
  std::string text;
  for (const std::string& part : parts) text += part;
  const std::string ascii = Ascii(text);
  RC_ASSERT(ascii.size() == Columns(text));
  RC_ASSERT(std::all_of(ascii.begin(), ascii.end(), [](unsigned char c) { return c < 0x80; }));
}

RC_GTEST_PROP(TextTest, WrappingKeepsEveryWordAndTheWidth, ()) {
  const auto columns = *rc::gen::inRange<size_t>(1, 30);
  const auto words = *rc::gen::container<std::vector<std::string>>(
      rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('a', 'f'))));
  std::string text;
  std::string letters;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : " ") + word;
    letters += word;
  }
  std::string kept;
  for (const std::string& line : Wrapped(text, columns)) {
    RC_ASSERT(Columns(line) <= columns);
    for (const char c : line) kept += c == ' ' ? std::string() : std::string(1, c);
  }
  RC_ASSERT(kept == letters);
}

TEST(TextTest, ColumnsAreThoseOfATerminal) {
  EXPECT_EQ(Columns("中文"), 4u);
  EXPECT_EQ(Columns("e\u0301"), 1u);
  EXPECT_EQ(Clipped("中文字", 4), "中…");
  EXPECT_EQ(PadRight("中", 3), "中 ");
  EXPECT_EQ(Ascii("中"), "??");
  EXPECT_EQ(Wrapped("中文", 1), (std::vector<std::string>{"中", "文"})) << "a line is never without a character";
}

TEST(TextTest, WrappingCutsAtSpaces) {
  EXPECT_EQ(Wrapped("one two three", 7), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(Wrapped("", 7), (std::vector<std::string>{""}));
  EXPECT_EQ(Wrapped("µµµµµ", 2), (std::vector<std::string>{"µµ", "µµ", "µ"}));
  EXPECT_EQ(Paragraph("  a: ", "one two three", 22), "  a: one two three\n");
  EXPECT_EQ(Paragraph("  a: ", "one two three four five", 22), "  a: one two three\n     four five\n");
  EXPECT_EQ(Paragraph("  a long name first  ", "one two three", 22), "  a long name first\n    one two three\n");
}

TEST(TextTest, ATableTooWideForTheConsoleBecomesLines) {
  const Table table{{"Client", "server", "delivered"}, {{"fast", "s1", "12"}, {"tutorial", "server-2", "1,234"}}, 2};
  EXPECT_EQ(TableText(table, 40),
            "  Client    server    delivered\n"
            "  fast      s1               12\n"
            "  tutorial  server-2      1,234\n");
  EXPECT_EQ(TableText(table, 20),
            "  Client fast\n"
            "    server s1\n"
            "    delivered 12\n"
            "  Client tutorial\n"
            "    server server-2\n"
            "    delivered 1,234\n");
  EXPECT_EQ(TableText({{"Name", "n"}, {{"a-very-long-name-indeed", "1"}}}, 20),
            "  Name             n\n  a-very-long-na…  1\n");
}

TEST(TextTest, ColoursAreWrittenOnlyWhereTheyAreWanted) {
  EXPECT_EQ(Painted({80, false, true}, Color::kRed, "x"), "x");
  EXPECT_EQ(Painted({80, true, true}, Color::kRed, "x"), "\x1b[31mx\x1b[0m");
}

// A foreign program's clock may say anything.
TEST(TextTest, MomentsThatNoClockHasAreTheLastThatThereAre) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(MomentText(kMax, -5), "+9223372036.854775 s");
  EXPECT_EQ(MomentText(kMin, 5), "-9223372036.854775 s");
  EXPECT_EQ(MomentText(kMin, 0), "-9223372036.854775 s");
  EXPECT_EQ(MomentText(kMax, kMax), "+0.000000 s");
  EXPECT_EQ(Since(kMax, kMin), kMax);
  EXPECT_EQ(Since(kMin, kMax), kMin);
  EXPECT_EQ(Since(7, 5), 2);
}

class StyleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) unsetenv(name);
  }
};

TEST_F(StyleTest, WhatIsNotATerminalGetsNeitherColoursNorAWidth) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  const ConsoleStyle style = DetectConsoleStyle(fds[1]);
  EXPECT_EQ(style.width_columns, 0);
  EXPECT_FALSE(style.color);
  close(fds[0]);
  close(fds[1]);
}

// There lines can't be drawn again: each is a line of its own.
TEST_F(StyleTest, ADumbTerminalIsNotDrawnOn) {
  const int master = posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(master, 0);
  ASSERT_EQ(grantpt(master), 0);
  ASSERT_EQ(unlockpt(master), 0);
  const int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
  ASSERT_GE(terminal, 0);
  unsetenv("NO_COLOR");
  setenv("TERM", "xterm", 1);
  EXPECT_TRUE(DetectConsoleStyle(terminal).redraws);
  EXPECT_TRUE(DetectConsoleStyle(terminal).color);
  for (const char* name : {"dumb", ""}) {
    setenv("TERM", name, 1);
    const ConsoleStyle style = DetectConsoleStyle(terminal);
    EXPECT_FALSE(style.redraws) << name;
    EXPECT_FALSE(style.color) << name;
    EXPECT_GT(style.width_columns, 0) << name;
  }
  close(terminal);
  close(master);
}

TEST_F(StyleTest, TheLocaleDecidesOnSymbols) {
  EXPECT_FALSE(DetectConsoleStyle(-1).utf8);
  setenv("LANG", "en_GB.UTF-8", 1);
  EXPECT_TRUE(DetectConsoleStyle(-1).utf8);
  setenv("LC_ALL", "C", 1);
  EXPECT_FALSE(DetectConsoleStyle(-1).utf8);
  setenv("LC_ALL", "C.utf8", 1);
  EXPECT_TRUE(DetectConsoleStyle(-1).utf8);
  unsetenv("LC_ALL");
}

}  // namespace
}  // namespace harness
