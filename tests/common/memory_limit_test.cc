// The memory there is: the machine's, or the least that a control group of this process allows.
#include "common/memory_limit.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace pipeline {
namespace {

namespace fs = std::filesystem;

class MemoryLimitTest : public ::testing::Test {
 protected:
  MemoryLimitTest() : root_((fs::temp_directory_path() / "memory_limit_test.XXXXXX").string()) {
    EXPECT_NE(mkdtemp(root_.data()), nullptr);
    Write("/proc/meminfo", "MemTotal:        1000 kB\nMemFree:          10 kB\n");
  }
  ~MemoryLimitTest() override { fs::remove_all(root_); }
  void Write(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  std::string root_;
};

TEST_F(MemoryLimitTest, IsTheMachinesWithoutAGroup) { EXPECT_EQ(MemoryBytes(root_), 1'024'000); }

TEST_F(MemoryLimitTest, IsTheLeastOfTheGroupsAboveThisProcess) {
  Write("/proc/self/cgroup", "0::/kube/pod/container\n");
  Write("/sys/fs/cgroup/kube/memory.max", "max\n");
  Write("/sys/fs/cgroup/kube/pod/memory.max", "600000\n");
  Write("/sys/fs/cgroup/kube/pod/container/memory.max", "700000\n");
  EXPECT_EQ(MemoryBytes(root_), 600'000);
}

// Within a container its own group is the root of what it sees.
TEST_F(MemoryLimitTest, IsTheContainersWhoseGroupIsNotVisible) {
  Write("/proc/self/cgroup", "0::/../../elsewhere\n");
  Write("/sys/fs/cgroup/memory.max", "500000\n");
  EXPECT_EQ(MemoryBytes(root_), 500'000);
}

TEST_F(MemoryLimitTest, KnowsTheFirstVersionOfControlGroups) {
  Write("/proc/self/cgroup", "5:cpu,cpuacct:/docker/1\n4:memory:/docker/1\nno colons\n");
  Write("/sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes", "400000\n");
  EXPECT_EQ(MemoryBytes(root_), 400'000);
}

TEST_F(MemoryLimitTest, OfThisProcessIsSome) { EXPECT_GT(MemoryBytes(), 0); }

TEST(DefaultStoreBytesTest, IsHalfOfWhatTheWindowLeaves) {
  EXPECT_EQ(DefaultStoreBytes(int64_t{1} << 32, int64_t{1} << 30), (int64_t{1} << 31) - (int64_t{1} << 29));
  EXPECT_EQ(DefaultStoreBytes(1000, 2000), 16LL * 1024 * 1024);
}

}  // namespace
}  // namespace pipeline
