// A .env file says what people mean by it: comments, quotes, spaces, Windows line ends; what it can't mean is an error
// that names the line and keeps the value to itself. The environment goes before the file.
#include "common/dot_env.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace pipeline {
namespace {

namespace fs = std::filesystem;
using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs Parse(std::string_view text) { return ParseDotEnv(".env", text); }

std::string ErrorOf(std::string_view text) {
  try {
    Parse(text);
  } catch (const SettingsError& error) {
    return error.what();
  }
  return "none";
}

TEST(ParseDotEnv, ReadsNamesAndValues) {
  EXPECT_EQ(Parse(""), Pairs{});
  EXPECT_EQ(Parse("A=1"), (Pairs{{"A", "1"}}));
  EXPECT_EQ(Parse("A=1\nB=2\n"), (Pairs{{"A", "1"}, {"B", "2"}}));
  EXPECT_EQ(Parse("  A  =  two words \t\n"), (Pairs{{"A", "two words"}}));
  EXPECT_EQ(Parse("A="), (Pairs{{"A", ""}}));
  EXPECT_EQ(Parse("A=b=c"), (Pairs{{"A", "b=c"}}));
  EXPECT_EQ(Parse("_a1=x"), (Pairs{{"_a1", "x"}}));
  EXPECT_EQ(Parse("A=1\nA=2"), (Pairs{{"A", "1"}, {"A", "2"}}));
}

TEST(ParseDotEnv, SkipsCommentsAndBlankLines) {
  EXPECT_EQ(Parse("# A=1\n\n   \n  # x\nB=2 # two\nC=a#b\nD=# nothing\nE='x'# y"),
            (Pairs{{"B", "2"}, {"C", "a#b"}, {"D", ""}, {"E", "x"}}));
}

TEST(ParseDotEnv, AcceptsExport) {
  EXPECT_EQ(Parse("export A=1\n export\tB=2\nexport=3\nexport =4\nexported=5"),
            (Pairs{{"A", "1"}, {"B", "2"}, {"export", "3"}, {"export", "4"}, {"exported", "5"}}));
}

TEST(ParseDotEnv, ReadsQuotes) {
  EXPECT_EQ(Parse(R"(A=' a # \n "b" ')"), (Pairs{{"A", R"( a # \n "b" )"}}));
  EXPECT_EQ(Parse(R"(A=" a # 'b' \"c\" \\ \n \t ")"), (Pairs{{"A", " a # 'b' \"c\" \\ \n \\t "}}));
  EXPECT_EQ(Parse(R"(A="" # empty)"), (Pairs{{"A", ""}}));
  EXPECT_EQ(Parse(R"(A=it's "so")"), (Pairs{{"A", R"(it's "so")"}}));  // quotes inside are themselves
}

TEST(ParseDotEnv, TakesWindowsFiles) {
  EXPECT_EQ(Parse("\xEF\xBB\xBF"
                  "A=1\r\nB=\"2\"\r\n\r\n# c\r\nC=3"),
            (Pairs{{"A", "1"}, {"B", "2"}, {"C", "3"}}));
}

TEST(ParseDotEnv, NamesTheLineOfAnErrorAndNotTheValue) {
  EXPECT_EQ(ErrorOf("A=1\r\nsecret"), ".env:2: no \"=\" after the name; allowed: NAME=value");
  EXPECT_EQ(ErrorOf("=secret"),
            ".env:1: no name at the beginning; allowed: NAME=value, of letters, digits and underscores");
  EXPECT_EQ(ErrorOf("\n\n1A=secret"),
            ".env:3: no name at the beginning; allowed: NAME=value, of letters, digits and underscores");
  EXPECT_EQ(ErrorOf("A-B=secret"), ".env:1: no \"=\" after the name; allowed: NAME=value");
  EXPECT_EQ(ErrorOf("A='secret"), ".env:1: a single quote is not closed on its line");
  EXPECT_EQ(ErrorOf("A=\"secret\\\""), ".env:1: a double quote is not closed on its line");
  EXPECT_EQ(ErrorOf("A=\"secret\nB=\""), ".env:1: a double quote is not closed on its line");
  EXPECT_EQ(ErrorOf("A=\"x\" secret"), ".env:1: found text after the closing quote; allowed: a # comment");
  EXPECT_EQ(ErrorOf(std::string_view("A=x\0secret", 10)), ".env:1: found a NUL byte; allowed: text");
}

RC_GTEST_PROP(ParseDotEnv, GivesBackWhatWasQuoted, ()) {
  const auto characters = rc::gen::elementOf(std::string("ab =#'\"\\\n\t\x80\xff$"));
  const auto value = *rc::gen::container<std::string>(characters);
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '\n') {
      quoted += "\\n";
    } else {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
  }
  quoted += '"';
  const std::string end = *rc::gen::element<std::string>("", "\n", "\r\n", " # comment\n");
  RC_ASSERT(Parse("NAME = " + quoted + end) == (Pairs{{"NAME", value}}));
  if (value.find_first_of("'\n") == std::string::npos) {
    RC_ASSERT(Parse("export NAME='" + value + "'" + end) == (Pairs{{"NAME", value}}));
  }
}

RC_GTEST_PROP(ParseDotEnv, TakesAnyTextWithoutACrash, ()) {
  const auto text = *rc::gen::container<std::string>(
      rc::gen::oneOf(rc::gen::elementOf(std::string("A=\"'\\ #\r\n\t\xEF\xBB\xBF")), rc::gen::arbitrary<char>()));
  try {
    for (const auto& [name, value] : Parse(text)) RC_ASSERT(!name.empty());
  } catch (const SettingsError& error) {
    RC_ASSERT(std::string(error.what()).starts_with(".env:"));
  }
}

class LoadDotEnvTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "dot_env_test.XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    for (const char* variable : kVariables) unsetenv(variable);
  }
  void TearDown() override {
    fs::remove_all(folder_);
    for (const char* variable : kVariables) unsetenv(variable);
  }
  std::string Write(const std::string& text) {
    std::ofstream(folder_ / ".env", std::ios::binary) << text;
    return (folder_ / ".env").string();
  }
  static std::string Value(const char* variable) {
    const char* value = std::getenv(variable);
    return value == nullptr ? "not set" : value;
  }

  static constexpr const char* kVariables[] = {"DOT_ENV_TEST_A", "DOT_ENV_TEST_B", "DOT_ENV_TEST_C"};
  fs::path folder_;
};

TEST_F(LoadDotEnvTest, SetsWhatIsNotSet) {
  setenv("DOT_ENV_TEST_A", "from outside", 1);
  setenv("DOT_ENV_TEST_C", "", 1);
  LoadDotEnv(Write("DOT_ENV_TEST_A=1\nDOT_ENV_TEST_B=2\nDOT_ENV_TEST_C=3\nDOT_ENV_TEST_B='last one'\n"));
  EXPECT_EQ(Value("DOT_ENV_TEST_A"), "from outside");
  EXPECT_EQ(Value("DOT_ENV_TEST_B"), "last one");
  EXPECT_EQ(Value("DOT_ENV_TEST_C"), "");
}

TEST_F(LoadDotEnvTest, SetsNothingFromAFileWithAnError) {
  EXPECT_THROW(LoadDotEnv(Write("DOT_ENV_TEST_A=1\n?\n")), SettingsError);
  EXPECT_EQ(Value("DOT_ENV_TEST_A"), "not set");
}

TEST_F(LoadDotEnvTest, TakesAnAbsentFileButNoUnreadableOne) {
  EXPECT_NO_THROW(LoadDotEnv((folder_ / "absent").string()));
  EXPECT_THROW(LoadDotEnv(folder_.string()), SettingsError);
  EXPECT_THROW(LoadDotEnv(Write(std::string(static_cast<size_t>(kDotEnvBytesMax) + 1, '\n'))), SettingsError);
  EXPECT_NO_THROW(LoadDotEnv(Write(std::string(static_cast<size_t>(kDotEnvBytesMax), '\n'))));
}

}  // namespace
}  // namespace pipeline
