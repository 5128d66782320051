// A log keeps the first and the last that a process prints and says what is between; the process is never held up, and
// whatever it leaves behind goes on.
#include "harness/process/capped_log.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/process/process_testing.h"

namespace harness {
namespace {

using ::testing::HasSubstr;

std::string FileText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class CappedLogTest : public ::testing::Test {
 protected:
  CappedLogTest() : path_(::testing::TempDir() + "capped." + std::to_string(getpid()) + ".log") {
    unlink(path_.c_str());
  }
  ~CappedLogTest() override { unlink(path_.c_str()); }

  ProcessExit RunToEnd(const std::string& script) {
    ProcessSpec spec = Shell(script);
    spec.log_path = path_;
    const auto exit = supervisor_.WaitExit(supervisor_.Start(spec), pipeline::MonotonicNs() + 120 * kSecondNs);
    EXPECT_TRUE(exit) << script;
    return exit.value_or(ProcessExit{});
  }

  const std::string path_;
  Supervisor supervisor_;
};

TEST_F(CappedLogTest, WhatIsNotMuchIsKeptWholeAndIsThereWhenTheProcessHasEnded) {
  const ProcessExit exit = RunToEnd("echo out; echo err >&2; head -c 3000000 /dev/zero | tr '\\0' x; exit 3");
  EXPECT_EQ(DescribeExit(exit), "exit 3");
  EXPECT_EQ(exit.log_bytes_dropped, 0);
  EXPECT_EQ(FileText(path_), "out\nerr\n" + std::string(3'000'000, 'x'));
  EXPECT_EQ(RunToEnd("echo again").log_bytes_dropped, 0);
  EXPECT_TRUE(FileText(path_).ends_with("xagain\n"));
}

TEST_F(CappedLogTest, OfMuchTheFirstAndTheLastAreKeptAndTheRestIsCounted) {
  const int64_t printed = 2 * kLogBytesMax;
  const ProcessExit exit =
      RunToEnd("echo first; head -c " + std::to_string(printed) + " /dev/zero | tr '\\0' x; echo last");
  EXPECT_EQ(DescribeExit(exit), "exit 0");
  const int64_t all = printed + 11;
  EXPECT_EQ(exit.log_bytes_dropped, all - kLogBytesMax);
  const std::string text = FileText(path_);
  const std::string count = std::to_string(exit.log_bytes_dropped) + " bytes of this output are left out ";
  EXPECT_TRUE(text.starts_with("first\nxxx"));
  const std::string end = text.substr(text.size() - 200);
  EXPECT_THAT(end, HasSubstr("xlast\n\n[harness] " + count + "above: a log keeps about "));
  EXPECT_NE(text.find("\n[harness] " + count + "here\nx"), std::string::npos);
  EXPECT_LT(text.size(), static_cast<size_t>(kLogBytesMax) + 400);
  // The next process finds the log full; its last words are kept all the same.
  EXPECT_EQ(RunToEnd("echo from the next").log_bytes_dropped, 0);
  EXPECT_TRUE(FileText(path_).ends_with("from the next\n"));
}

TEST_F(CappedLogTest, WhatAProgramThatWentIntoTheBackgroundPrintsIsItsOwn) {
  const ProcessExit exit = RunToEnd("setsid sh -c 'head -c 1000000 /dev/zero' & echo parent");
  EXPECT_EQ(DescribeExit(exit), "exit 0");
  EXPECT_EQ(FileText(path_).size(), 1'000'000 + std::string("parent\n").size());
}

TEST_F(CappedLogTest, ALogThatCantBeWrittenCountsAllOfIt) {
  ProcessSpec spec = Shell("echo one; echo two");
  spec.log_path = "/dev/full";
  const auto exit = supervisor_.WaitExit(supervisor_.Start(spec), Soon());
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->log_bytes_dropped, 8);
}

}  // namespace
}  // namespace harness
