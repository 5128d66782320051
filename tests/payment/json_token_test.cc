// A token is a number exactly when the grammar of RFC 8259, section 6, says so.
#include "payment/json_token.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <regex>
#include <string>

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

}  // namespace
}  // namespace pipeline
