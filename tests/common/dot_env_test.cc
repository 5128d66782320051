// A .env file says what people mean by it: comments, quotes, spaces, Windows line ends; what it can't mean is an error
// that names the line and keeps the value to itself. The environment goes before the file.
#include "common/dot_env.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace pipeline {
namespace {

namespace fs = std::filesystem;
using Pairs = std::vector<std::pair<std::string, std::string>>;

DotEnv ParseAll(std::string_view text) {
  return ParseDotEnv(".env", text, [](const std::string& name) {
    return name == "OUTSIDE" ? std::optional<std::string>("from outside") : std::nullopt;
  });
}

Pairs Parse(std::string_view text) { return ParseAll(text).pairs; }

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

TEST(ParseDotEnv, QuotesGoOverLines) {
  EXPECT_EQ(Parse("A='one\ntwo'\nB=2"), (Pairs{{"A", "one\ntwo"}, {"B", "2"}}));
  EXPECT_EQ(Parse("A=\"one\r\n\r\ntwo\" # end\r\nB=2"), (Pairs{{"A", "one\n\ntwo"}, {"B", "2"}}));
  EXPECT_EQ(Parse("KAFKA_PROPERTIES=\"\nacks=all\nlinger.ms=5\n\""),
            (Pairs{{"KAFKA_PROPERTIES", "\nacks=all\nlinger.ms=5\n"}}));
  EXPECT_EQ(ParseAll("A='one\ntwo'\n?\n").passed_over.at(0).substr(0, 7), ".env:3:");  // lines go on being counted
}

TEST(ParseDotEnv, ExpandsWhatStandsInBraces) {
  EXPECT_EQ(Parse("A=1\nB=${A}2\nC=\"<${B}>\""), (Pairs{{"A", "1"}, {"B", "12"}, {"C", "<12>"}}));
  EXPECT_EQ(Parse("A=1\nA=2\nB=${A}"), (Pairs{{"A", "1"}, {"A", "2"}, {"B", "2"}}));
  EXPECT_EQ(Parse("OUTSIDE=1\nB=${OUTSIDE}"), (Pairs{{"OUTSIDE", "1"}, {"B", "from outside"}}));  // as the programs do
  EXPECT_EQ(Parse("A=${NOT_SET:-otherwise}\nB=${OUTSIDE:-x}\nC=${NOT_SET:-}"),
            (Pairs{{"A", "otherwise"}, {"B", "from outside"}, {"C", ""}}));
  EXPECT_EQ(Parse(R"(A='${B}')"), (Pairs{{"A", "${B}"}}));
  EXPECT_EQ(Parse(R"(A="\${B}")"), (Pairs{{"A", "${B}"}}));
  EXPECT_EQ(Parse("A=pa$word$$"), (Pairs{{"A", "pa$word$$"}}));
  EXPECT_EQ(Parse("A='${B}'\nC=${A}").back().second, "${B}");  // once
}

TEST(ParseDotEnv, RefusesWhatItCantExpandOfOursAndPassesOverTheRest) {
  EXPECT_EQ(ErrorOf("KAFKA_TOPIC=${NOT_SET}"),
            ".env:1: ${NOT_SET} is not set; allowed: a name that is, or ${NAME:-otherwise}");
  EXPECT_EQ(ErrorOf("KAFKA_TOPIC=\"${secret"), ".env:1: \"${\" without \"}\"; in single quotes it is itself");
  EXPECT_EQ(ErrorOf("KAFKA_TOPIC=\"${secret\"}"), ".env:1: \"${\" without \"}\"; in single quotes it is itself");
  EXPECT_EQ(ErrorOf("KAFKA_TOPIC=${secret.x}"),
            ".env:1: found \"${...}\" around what is no name; allowed: ${NAME} and ${NAME:-otherwise}");
  EXPECT_EQ(Parse("A=${NOT_SET}\nB=2"), (Pairs{{"B", "2"}}));
}

// The file is shared with other programs: what concerns them alone is no error here.
TEST(ParseDotEnv, PassesOverWhatIsForOthersWithAWord) {
  const auto passed_over = [](std::string_view text) {
    const DotEnv all = ParseAll(text);
    EXPECT_EQ(all.pairs, (Pairs{{"KAFKA_TOPIC", "t"}})) << text;
    return all.passed_over.size() == 1 ? all.passed_over[0] : std::to_string(all.passed_over.size()) + " entries";
  };
  EXPECT_EQ(passed_over("spring.name-of.it=secret\nKAFKA_TOPIC=t"),
            ".env:1: a name that no variable has; allowed: NAME=value, of letters, digits and underscores");
  EXPECT_EQ(passed_over("KAFKA_TOPIC=t\n1A=secret"),
            ".env:2: a name that no variable has; allowed: NAME=value, of letters, digits and underscores");
  EXPECT_EQ(passed_over("KAFKA_TOPIC=t\nexport secret"),
            ".env:2: \"export\" of a name without a value says nothing here");
  EXPECT_EQ(passed_over("export KAFKA_BROKERS\nKAFKA_TOPIC=t"),
            ".env:1: \"export\" of a name without a value says nothing here");
  EXPECT_EQ(passed_over("secret\nKAFKA_TOPIC=t"), ".env:1: no \"=\" after the name; allowed: NAME=value");
  EXPECT_EQ(passed_over("=secret\nKAFKA_TOPIC=t"),
            ".env:1: no name at the beginning; allowed: NAME=value, of letters, digits and underscores");
  EXPECT_EQ(passed_over("A='secret\nKAFKA_TOPIC=t"), ".env:1: a single quote that is not closed");
  EXPECT_EQ(passed_over("A=\"secret\nKAFKA_TOPIC=t"), ".env:1: a double quote that is not closed");
  EXPECT_EQ(passed_over("A=\"x\" secret\nKAFKA_TOPIC=t"),
            ".env:1: found text after the closing quote; allowed: a # comment");
  EXPECT_EQ(passed_over(std::string_view("A=x\0secret\nKAFKA_TOPIC=t", 24)), ".env:1: found a NUL byte; allowed: text");
}

TEST(ParseDotEnv, NamesTheLineOfAnErrorInOursAndNotTheValue) {
  EXPECT_EQ(ErrorOf("A=1\r\nKAFKA_TOPIC secret"), ".env:2: no \"=\" after the name; allowed: NAME=value");
  EXPECT_EQ(ErrorOf("KAFKA_SASL_PASSWORD='secret"), ".env:1: a single quote that is not closed");
  EXPECT_EQ(ErrorOf("KAFKA_SASL_PASSWORD=\"secret\\\""), ".env:1: a double quote that is not closed");
  EXPECT_EQ(ErrorOf("GRPC_PORT=\"x\" secret"), ".env:1: found text after the closing quote; allowed: a # comment");
  EXPECT_EQ(ErrorOf(std::string_view("PIPELINE_A=x\0secret", 19)), ".env:1: found a NUL byte; allowed: text");
}

// However often a value repeats the one before, and however the text is made, the work and the memory stay bounded.
TEST(ParseDotEnv, HostileTextsEndSoonAndSmall) {
  std::string doubling = "A0=aaaaaaaaaaaaaaaa\n";
  for (int i = 1; i < 64; ++i) {
    const std::string before = "${A" + std::to_string(i - 1) + "}";
    doubling += "A" + std::to_string(i) + "=" + before + before + "\n";
  }
  size_t bytes = 0;
  for (const auto& [name, value] : Parse(doubling)) bytes += value.size();
  EXPECT_LE(bytes, static_cast<size_t>(kDotEnvBytesMax));
  const auto repeated = [](const std::string& text) {
    std::string all;
    while (all.size() + text.size() < static_cast<size_t>(kDotEnvBytesMax) / 8) all += text;
    return all;
  };
  for (const char* text :
       {"A=\"\n", "A='\n", "A=\"\\\"\n", "A=\"${B\n", "A=${\n", "${A", "\\", "A=1\nB=${A}\n", "\""}) {
    EXPECT_NO_THROW(Parse(repeated(text))) << text;
    EXPECT_NO_THROW(Parse("A=\"" + repeated(text))) << text;
  }
}

RC_GTEST_PROP(ParseDotEnv, GivesBackWhatWasQuoted, ()) {
  const auto characters = rc::gen::elementOf(std::string("ab =#'\"\\\n\t\x80\xff$"));
  const auto value = *rc::gen::container<std::string>(characters);
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '\n') {
      quoted += "\\n";
    } else {
      if (c == '"' || c == '\\' || c == '$') quoted += '\\';
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
      rc::gen::oneOf(rc::gen::elementOf(std::string("A=\"'\\ #\r\n\t${}:-\xEF\xBB\xBF")), rc::gen::arbitrary<char>()));
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
  EXPECT_THROW(LoadDotEnv(Write("DOT_ENV_TEST_A=1\nGRPC_PORT\n")), SettingsError);
  EXPECT_EQ(Value("DOT_ENV_TEST_A"), "not set");
}

TEST_F(LoadDotEnvTest, TakesAnAbsentFileButNoUnreadableOne) {
  EXPECT_NO_THROW(LoadDotEnv((folder_ / "absent").string()));
  EXPECT_NO_THROW(LoadDotEnv(folder_.string()));  // a Python environment is often called so
  EXPECT_THROW(LoadDotEnv(Write(std::string(static_cast<size_t>(kDotEnvBytesMax) + 1, '\n'))), SettingsError);
  EXPECT_NO_THROW(LoadDotEnv(Write(std::string(static_cast<size_t>(kDotEnvBytesMax), '\n'))));
}

// Opening it would wait for whoever writes to it.
TEST_F(LoadDotEnvTest, RefusesAFifo) {
  const std::string fifo = (folder_ / "fifo").string();
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  fs::create_symlink("fifo", folder_ / "link");
  for (const std::string& path : {fifo, (folder_ / "link").string(), std::string("/dev/zero")}) {
    try {
      LoadDotEnv(path);
      ADD_FAILURE() << path;
    } catch (const SettingsError& error) {
      EXPECT_NE(std::string(error.what()).find("; allowed: a regular file"), std::string::npos) << error.what();
    }
  }
}

TEST_F(LoadDotEnvTest, TellsWhatItPassesOverAndTakesTheRest) {
  ::testing::internal::CaptureStderr();
  LoadDotEnv(Write("a.b=1\na-b=2\nexport X\nDOT_ENV_TEST_A=1\nsecret\nc.d=5\ne.f=6\ng.h=7\n"));
  const std::string told = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(Value("DOT_ENV_TEST_A"), "1");
  EXPECT_NE(told.find(":5: no \"=\" after the name; allowed: NAME=value (passed over)"), std::string::npos) << told;
  EXPECT_NE(told.find(": 2 more entries are passed over"), std::string::npos) << told;
  EXPECT_EQ(told.find("secret"), std::string::npos) << told;
}

}  // namespace
}  // namespace pipeline
