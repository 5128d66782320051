// Of a program that was not ready the end of its log is shown: short, whatever it printed, and without waiting for
// anybody.
#include "harness/run/log_excerpt.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace harness {
namespace {

class LogExcerptTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "log_excerpt.XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    path_ = folder_ + "/server-1.log";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Of(const std::string& text) {
    std::ofstream(path_, std::ios::binary) << text;
    return LogExcerpt(path_);
  }

  std::string folder_, path_;
};

TEST_F(LogExcerptTest, TheLastLinesAreShown) {
  EXPECT_EQ(Of("1\n2\n3\n4\n5\n\n6\nno newline"),
            "\n  " + path_ + ", its last lines:\n    | 3\n    | 4\n    | 5\n    | 6\n    | no newline");
  EXPECT_EQ(Of("only one\n"), "\n  " + path_ + ", its last lines:\n    | only one");
}

TEST_F(LogExcerptTest, ItIsShortAndPlainWhateverWasPrinted) {
  const std::string excerpt = Of(std::string(1'000'000, 'x') + "\x1b[2J\x07\xff\n");
  EXPECT_LT(excerpt.size(), path_.size() + 300);
  EXPECT_EQ(std::count_if(excerpt.begin(), excerpt.end(), [](char c) { return c != '\n' && (c & 0xE0) == 0; }), 0);
}

TEST_F(LogExcerptTest, NothingIsSaidAsSuchAndAPipeIsNotWaitedFor) {
  EXPECT_EQ(LogExcerpt(path_), "\n  " + path_ + " is empty");
  EXPECT_EQ(Of("\n \n"), "\n  " + path_ + " is empty");
  std::filesystem::remove(path_);
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(LogExcerpt(path_), "\n  " + path_ + " is empty");
}

}  // namespace
}  // namespace harness
