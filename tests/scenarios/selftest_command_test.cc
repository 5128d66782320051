// `harness selftest` runs real programs with seeded bugs, each once (in a build for a sanitizer, those that being slow
// can't hide), and the unbroken system; it says what it was given wrongly; and it is not taken in by a bug that is
// none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "common/sanitized.h"
#include "harness_process.h"

namespace harness {
namespace {

using ::testing::HasSubstr;

TEST(SelftestCommandTest, CatchesEachBugAndRaisesNoAlarm) {
  const TemporaryFolder folder;
  std::vector<std::string> arguments = {
      "selftest", "--seeds", "1", "--legal", "3", "--jobs", "3", "--out", folder.path() + "/selftest"};
  if (pipeline::kSanitized) {
    arguments.emplace_back("--bugs");
    for (const char* bug : {"server/skip-on-resume", "server/live-on-resume", "server/reorder-on-resume",
                            "server/contents", "server/metadata", "server/kind", "server/leak", "client/storm",
                            "client/swap", "client/partition", "producer/twice", "producer/late", "producer/silent"}) {
      arguments.emplace_back(bug);
    }
  }
  const HarnessResult run = RunHarness(arguments, folder);
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_THAT(run.output, HasSubstr("3 runs, 0 false alarms"));
  // What went as expected is removed.
  EXPECT_TRUE(std::filesystem::is_empty(folder.path() + "/selftest"));
}

TEST(SelftestCommandTest, AnUnknownBugIsRefusedWithThoseThereAre) {
  const TemporaryFolder folder;
  const HarnessResult run = RunHarness({"selftest", "--bugs", "server/none"}, folder);
  EXPECT_EQ(run.exit_code, 2) << run.output;
  EXPECT_THAT(run.output, HasSubstr("no seeded bug is called \"server/none\"; there are: server/drop-one"));
}

TEST(SelftestCommandTest, WithoutTheSeededProgramsItSaysHowToBuildThem) {
  const TemporaryFolder folder;
  const HarnessResult run = RunHarness({"selftest", "--programs", folder.path()}, folder);
  EXPECT_EQ(run.exit_code, 3) << run.output;
  EXPECT_THAT(run.output, HasSubstr("never installed"));
}

}  // namespace
}  // namespace harness
