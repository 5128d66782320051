// A token is a number exactly when the grammar of RFC 8259, section 6, says so; a string's escapes are what they stand
// for, and half a surrogate pair is U+FFFD.
#include "payment/json_token.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace pipeline {
namespace {

TEST(IsJsonNumber, FollowsTheGrammar) {
  for (const char* text : {"0", "-0", "10", "1.5", "-1.50", "1e5", "1E+05", "0.0e-0", "1e999999"}) {
    EXPECT_TRUE(IsJsonNumber(text)) << text;
  }
  for (const char* text : {"", "-", "01", "-01", "1.", "1.e5", ".5", "1e", "1e+", "+1", "1 ", "1x", "--1", "1.5.5"}) {
    EXPECT_FALSE(IsJsonNumber(text)) << text;
  }
}

RC_GTEST_PROP(IsJsonNumber, IsTheRegularExpression, ()) {
  static const std::regex number("-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][-+]?[0-9]+)?");
  const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("001-+.eE")));
  RC_ASSERT(IsJsonNumber(text) == std::regex_match(text, number));
}

TEST(TrimJsonSpace, CutsWhatIsBehind) {
  EXPECT_EQ(TrimJsonSpace("1 \t\r\n"), "1");
  EXPECT_EQ(TrimJsonSpace(" 1"), " 1");
  EXPECT_EQ(TrimJsonSpace(" "), "");
}

std::string Unescaped(const std::string& quoted) {
  std::string text = "before ";
  return AppendUnescaped(quoted, &text) ? text.substr(7) : "refused";
}

TEST(AppendUnescaped, MendsHalvesAndRefusesWhatIsNoEscape) {
  EXPECT_EQ(Unescaped("\""), "");
  EXPECT_EQ(Unescaped("plain\" behind \\q"), "plain");
  EXPECT_EQ(Unescaped(R"(\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83d\ude00")"), "\"\\/\b\f\n\r\tAé€😀");
  EXPECT_EQ(Unescaped(R"(\u0000")"), std::string(1, '\0'));
  EXPECT_EQ(Unescaped(R"(\ud83d")"), "\uFFFD");
  EXPECT_EQ(Unescaped(R"(\udfff\udbff")"), "\uFFFD\uFFFD");
  EXPECT_EQ(Unescaped(R"(\ud83d\ud83d\ude00")"), "\uFFFD😀");
  for (const char* wrong : {"", "open", R"(\)", R"(\")", R"(\q")", R"(\u")", R"(\u12")", R"(\u12g4")", R"(\u-123")",
                            R"(\ud83d\")", R"(\ud83d\u")", R"(\ud83d\ude0)", R"(\U0041")"}) {
    EXPECT_EQ(Unescaped(wrong), "refused") << wrong;
  }
}

// Against another library, wherever that says anything: it refuses halves.
RC_GTEST_PROP(AppendUnescaped, SaysWhatAnotherLibrarySays, ()) {
  static const std::vector<std::string> pieces = {"a",       "é",       "\\q",     "\\u",     "u",
                                                  "00",      "e9",      "\\n",     "\\\\",    "\\\"",
                                                  "\\u00e9", "\\ud83d", "\\ude00", "\\uFFFF", "\\/"};
  std::string quoted;
  for (const auto& piece : *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(pieces))) quoted += piece;
  quoted += '"';
  nlohmann::json parsed;
  try {
    parsed = nlohmann::json::parse("\"" + quoted);
  } catch (const nlohmann::json::parse_error& error) {
    RC_PRE(std::string_view(error.what()).find("surrogate") == std::string_view::npos);
  }
  RC_CLASSIFY(parsed.is_string());
  if (parsed.is_string()) {
    RC_ASSERT(Unescaped(quoted) == parsed.get<std::string>());
  } else {
    RC_ASSERT(Unescaped(quoted) == "refused");
  }
}

}  // namespace
}  // namespace pipeline
