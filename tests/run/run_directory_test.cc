// Every run gets a folder of its own with the effective scenario in it, or a sentence that says why it can't.
#include "harness/run/run_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace harness {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr int64_t kWallNs = 1'769'853'600'000'000'000;  // 2026-01-31T10:00:00Z

class RunDirectoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "run_directory.XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    scenario_.name = "restart";
    scenario_.seed = 7;
    scenario_.effective_json = "{}";
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Problem(const std::string& out_dir) {
    try {
      MakeRunDirectory(out_dir, scenario_, kWallNs);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "none";
  }

  std::string folder_;
  Scenario scenario_;
};

TEST_F(RunDirectoryTest, IsNamedByTimeScenarioAndSeedAndHoldsTheScenario) {
  const RunDirectory directory = MakeRunDirectory(folder_ + "/deep/er", scenario_, kWallNs);
  EXPECT_THAT(directory.path, EndsWith("/deep/er/20260131-100000-restart-7"));
  EXPECT_TRUE(fs::is_directory(directory.history()));
  EXPECT_TRUE(fs::is_directory(directory.path + "/logs"));
  std::ifstream file(directory.path + "/scenario.json");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "{}\n");
}

TEST_F(RunDirectoryTest, TwoRunsOfOneSecondDoNotShareOne) {
  const RunDirectory first = MakeRunDirectory(folder_, scenario_, kWallNs);
  const RunDirectory second = MakeRunDirectory(folder_, scenario_, kWallNs);
  EXPECT_EQ(second.path, first.path + "-2");
}

TEST_F(RunDirectoryTest, AFileInTheWayIsNamed) {
  std::ofstream(folder_ + "/file") << "x";
  EXPECT_THAT(Problem(folder_ + "/file"), HasSubstr(folder_ + "/file"));
  EXPECT_THAT(Problem(folder_ + "/file/below"), HasSubstr("--out DIR"));
}

TEST_F(RunDirectoryTest, AFolderThatCantBeWrittenIsNamed) {
  // Holds for root too, who may write into folders without write permission.
  EXPECT_THAT(Problem("/proc/runs"), HasSubstr("can't write the run directory /proc/runs"));
}

TEST_F(RunDirectoryTest, ADiskWithoutRoomIsRefused) {
  PhasePlan phase;
  phase.rate_max = true;
  phase.count = 100'000'000;
  scenario_.phases.assign(50'000, phase);
  scenario_.clients.resize(2);
  EXPECT_THAT(Problem(folder_), HasSubstr("MiB free and this run may need"));
  EXPECT_TRUE(fs::is_empty(folder_));
}

}  // namespace
}  // namespace harness
