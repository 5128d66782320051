// Text that was split is whole again when its pieces are joined, and stripping takes space from the ends alone.
#include "text/words.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace pipeline {
namespace {

TEST(WordsTest, StripsTheEndsAlone) {
  EXPECT_EQ(Stripped(" \ta b\t "), "a b");
  EXPECT_EQ(Stripped("a"), "a");
  EXPECT_EQ(Stripped(" \t "), "");
  EXPECT_EQ(Stripped(""), "");
  EXPECT_EQ(Stripped("\na\n"), "\na\n");
  EXPECT_EQ(Stripped("\na\n", "\n"), "a");
}

TEST(WordsTest, SplitsIntoOnePieceMoreThanSeparators) {
  EXPECT_EQ(Split("", ','), (std::vector<std::string_view>{""}));
  EXPECT_EQ(Split("a", ','), (std::vector<std::string_view>{"a"}));
  EXPECT_EQ(Split(",a,,b,", ','), (std::vector<std::string_view>{"", "a", "", "b", ""}));
}

RC_GTEST_PROP(WordsProperty, PiecesJoinedAreTheText, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::element('a', ',', ' '));
  std::string joined;
  for (const std::string_view piece : Split(text, ',')) {
    RC_ASSERT(piece.find(',') == std::string_view::npos);
    joined += std::string(piece) + ",";
  }
  RC_ASSERT(joined == text + ",");
}

}  // namespace
}  // namespace pipeline
