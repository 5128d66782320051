// A flag's values are found in whichever form they are given, and nothing else is taken for one.
#include "harness/plan/program_args.h"

#include <gtest/gtest.h>

#include <utility>

namespace harness {
namespace {

using Values = std::vector<std::pair<std::string, size_t>>;

Values Of(const std::vector<std::string>& args) {
  Values values;
  for (const FlagValue& value : ValuesOfFlag(args, "--backoff")) values.emplace_back(value.text, value.word);
  return values;
}

TEST(ProgramArgsTest, AValueIsTheNextWordOrBehindAnEqualsSign) {
  EXPECT_EQ(Of({"--backoff", "1s..2s"}), (Values{{"1s..2s", 1}}));
  EXPECT_EQ(Of({"-v", "--backoff=1s..2s"}), (Values{{"1s..2s", 1}}));
  EXPECT_EQ(Of({"--backoff=", "--backoff", "a", "--backoff=b"}), (Values{{"", 0}, {"a", 2}, {"b", 3}}));
}

TEST(ProgramArgsTest, AFlagWithoutAValueGivesItself) { EXPECT_EQ(Of({"--backoff"}), (Values{{"--backoff", 0}})); }

TEST(ProgramArgsTest, AnotherFlagIsNone) {
  EXPECT_EQ(Of({}), Values());
  EXPECT_EQ(Of({"--backoff-max=3s", "backoff", "-backoff=1s"}), Values());
  EXPECT_EQ(Of({"--backoff", "--backoff=1s"}), (Values{{"--backoff=1s", 1}}));  // a value, whatever it looks like
}

}  // namespace
}  // namespace harness
