// What was sealed is known to be whole; every change of one byte shows. After a torn write, exactly the whole lines
// stay; damage before the end is never cut away silently.
#include "common/line_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace pipeline {
namespace {

namespace fs = std::filesystem;

std::string WithoutNewline(std::string line) {
  line.pop_back();
  return line;
}

TEST(SealLine, IsWhatTheFormatSays) {
  // The checksum of `{"a":1` by an independent implementation of CRC-32C.
  EXPECT_EQ(SealLine(R"({"a":1})"), "{\"a\":1,\"crc\":\"149cdbb2\"}\n");
}

TEST(SealLine, RefusesWhatIsNotOneObjectOnOneLine) {
  for (const char* text :
       {"", "{", "{}", "1", "[1]", "{\"a\":1", "\"a\":1}", "{\"a\":1}\n", "{\"a\":\n1}", " {\"a\":1}"}) {
    EXPECT_THROW(SealLine(text), std::invalid_argument) << text;
  }
}

TEST(CheckLine, TellsSealedFromForeignFromBroken) {
  EXPECT_EQ(CheckLine(WithoutNewline(SealLine(R"({"a":1})"))), LineState::kSealed);
  EXPECT_EQ(CheckLine(R"({"a":1})"), LineState::kUnsealed);
  EXPECT_EQ(CheckLine("{}"), LineState::kUnsealed);
  EXPECT_EQ(CheckLine(" {\"a\": 1} \r"), LineState::kUnsealed);
  // Another member of a foreign program that looks like a seal, but has no checksum of this line in it.
  EXPECT_EQ(CheckLine(R"({"a":1,"src":"deadbeef"})"), LineState::kUnsealed);
  EXPECT_EQ(CheckLine(R"({"a":1,"crc":"00000000"})"), LineState::kBroken);
  EXPECT_EQ(CheckLine(R"({"a":1,"crc":"149CDBB2"})"), LineState::kBroken);
  EXPECT_EQ(CheckLine(""), LineState::kBroken);
  EXPECT_EQ(CheckLine("{"), LineState::kBroken);
  EXPECT_EQ(CheckLine("}"), LineState::kBroken);
  EXPECT_EQ(CheckLine("\"a\":1}"), LineState::kBroken);
  EXPECT_EQ(CheckLine("{\"a\":1"), LineState::kBroken);
}

std::string AnyObject() {
  const auto body = *rc::gen::container<std::string>(rc::gen::suchThat<char>([](char c) { return c != '\n'; }));
  return "{\"x\":\"" + body + "\"}";
}

RC_GTEST_PROP(CheckLine, SeesEveryChangeOfOneByte, ()) {
  const std::string line = WithoutNewline(SealLine(AnyObject()));
  RC_ASSERT(CheckLine(line) == LineState::kSealed);
  const auto change = *rc::gen::inRange(1, 256);
  for (size_t i = 0; i < line.size(); ++i) {
    std::string changed = line;
    changed[i] = static_cast<char>(changed[i] ^ change);
    RC_ASSERT(CheckLine(changed) == LineState::kBroken);
  }
}

RC_GTEST_PROP(CheckLine, SeesEveryTornLine, ()) {
  const std::string line = WithoutNewline(SealLine(AnyObject()));
  for (size_t size = 0; size < line.size(); ++size) RC_ASSERT(CheckLine(line.substr(0, size)) != LineState::kSealed);
}

class LineFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "line_file_test.XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    path_ = (folder_ / "log").string();
  }
  void TearDown() override { fs::remove_all(folder_); }

  void Write(const std::string& text) const { std::ofstream(path_, std::ios::binary | std::ios::trunc) << text; }
  std::string Read() const {
    std::ostringstream text;
    text << std::ifstream(path_, std::ios::binary).rdbuf();
    return text.str();
  }

  fs::path folder_;
  std::string path_;
};

TEST_F(LineFileTest, AppendsAcrossOpenings) {
  {
    LineFile file = LineFile::OpenForAppend(path_);
    EXPECT_TRUE(file.is_open());
    file.Append(R"({"a":1})");
    LineFile moved = std::move(file);
    moved.Append(R"({"a":2})");
    moved.Close();
    EXPECT_FALSE(moved.is_open());
  }
  LineFile file;
  file = LineFile::OpenForAppend(path_);
  file.AppendSealed(SealLine(R"({"a":3})") + SealLine(R"({"a":4})"));
  EXPECT_EQ(Read(), SealLine(R"({"a":1})") + SealLine(R"({"a":2})") + SealLine(R"({"a":3})") + SealLine(R"({"a":4})"));
}

// It holds payments and addresses; a file that its owner has opened to others stays as it is.
TEST_F(LineFileTest, ANewFileIsItsOwnersAlone) {
  const mode_t before = umask(0);
  LineFile::OpenForAppend(path_);
  umask(before);
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  fs::permissions(path_, fs::perms::group_read, fs::perm_options::add);
  LineFile::OpenForAppend(path_);
  EXPECT_NE(fs::status(path_).permissions() & fs::perms::group_read, fs::perms::none);
}

TEST_F(LineFileTest, LinesSurviveTheDeathOfTheProcess) {
  const pid_t pid = fork();
  if (pid == 0) {
    LineFile file = LineFile::OpenForAppend(path_);
    file.Append(R"({"a":1})");
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(Read(), SealLine(R"({"a":1})"));
}

TEST_F(LineFileTest, ErrorsNameThePath) {
  const auto error_of = [](const auto& action) -> std::string {
    try {
      action();
    } catch (const std::system_error& error) {
      return error.what();
    }
    return "none";
  };
  EXPECT_NE(error_of([&] { LineFile::OpenForAppend(folder_.string()); }).find(folder_.string()), std::string::npos);
  EXPECT_NE(error_of([&] { LineFile::OpenForAppend(path_ + "/absent/log"); }).find(path_), std::string::npos);
  LineFile closed = LineFile::OpenForAppend(path_);
  closed.Close();
  EXPECT_NE(error_of([&] { closed.Append(R"({"a":1})"); }).find(path_), std::string::npos);
  Write("torn");
  EXPECT_NE(error_of([&] { LineFile::OpenForAppend(path_); }).find("torn"), std::string::npos);
}

// A full disk, by the limit on a file's size: half a line fits.
TEST_F(LineFileTest, ALineThatDoesNotFitLeavesTheFileWhole) {
  const std::string line = SealLine(R"({"a":1})");
  const pid_t pid = fork();
  if (pid == 0) {
    const rlimit limit{line.size() * 5 / 2, line.size() * 5 / 2};
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_IGN);
    LineFile file = LineFile::OpenForAppend(path_);
    file.Append(R"({"a":1})");
    file.Append(R"({"a":1})");
    try {
      file.Append(R"({"a":1})");
    } catch (const std::system_error& error) {
      _exit(error.code() == std::errc::file_too_large ? 0 : 2);
    }
    _exit(1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(Read(), line + line);
  EXPECT_EQ(CutTornTail(path_), 0);
}

TEST_F(LineFileTest, CutTornTailLeavesTheWholeLinesAtEveryLength) {
  const std::vector<std::string> lines = {SealLine(R"({"a":1})"), SealLine(R"({"b":"two"})"), "{\"foreign\":1}\n",
                                          SealLine(R"({"c":[3,3]})")};
  std::string all;
  for (const std::string& line : lines) all += line;
  for (size_t size = 0; size <= all.size(); ++size) {
    std::string whole;
    for (const std::string& line : lines) {
      if (whole.size() + line.size() > size) break;
      whole += line;
    }
    Write(all.substr(0, size));
    EXPECT_EQ(CutTornTail(path_), static_cast<int64_t>(size - whole.size())) << size;
    EXPECT_EQ(Read(), whole) << size;
    LineFile::OpenForAppend(path_).Append(R"({"d":4})");
    EXPECT_EQ(CutTornTail(path_), 0);
  }
}

TEST_F(LineFileTest, CutTornTailCutsSeveralBrokenLines) {
  const std::string whole = SealLine(R"({"a":1})");
  Write(whole + "{\"x\":1,\"crc\":\"00000000\"}\n\ngarbage\n{\"y");
  EXPECT_GT(CutTornTail(path_), 0);
  EXPECT_EQ(Read(), whole);
  Write("garbage");
  EXPECT_EQ(CutTornTail(path_), 7);
  EXPECT_EQ(Read(), "");
}

TEST_F(LineFileTest, CutTornTailTakesAnAbsentFile) { EXPECT_EQ(CutTornTail(path_), 0); }

TEST_F(LineFileTest, CutTornTailRefusesDamageBeforeWholeLines) {
  std::string damaged = SealLine(R"({"a":1})");
  damaged[5] ^= 1;
  const std::string text = SealLine(R"({"b":1})") + damaged + SealLine(R"({"c":1})") + "{\"to";
  Write(text);
  try {
    CutTornTail(path_);
    FAIL() << "not refused";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find(path_ + ":2:"), std::string::npos) << error.what();
  }
  EXPECT_EQ(Read(), text);
}

// The newline before, at and behind the end of a piece in which the file is read (256 KiB), and lines of several
// pieces.
TEST_F(LineFileTest, CutTornTailReadsLongLines) {
  constexpr size_t kPiece = size_t{256} * 1024;
  const std::string shortest = SealLine("{\"x\":\"\"}");
  for (const size_t size : {kPiece - 1, kPiece, kPiece + 1, kPiece + 2, 3 * kPiece + 1}) {
    std::string whole = SealLine("{\"x\":\"" + std::string(size - shortest.size(), 'x') + "\"}");
    ASSERT_EQ(whole.size(), size);
    whole += SealLine(R"({"a":1})");
    const std::string torn = "{\"x\":\"" + std::string(2 * kPiece, 'y');
    Write(whole + torn);
    EXPECT_EQ(CutTornTail(path_), static_cast<int64_t>(torn.size())) << size;
    EXPECT_EQ(Read(), whole) << size;
  }
}

}  // namespace
}  // namespace pipeline
