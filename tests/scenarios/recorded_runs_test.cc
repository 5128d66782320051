// What a run left behind tells the same again: `harness check` gives its verdict, `harness history` every hop of a
// record.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "harness_process.h"

namespace harness {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

// From the verdict on: what comes before is what the run said while it went on.
std::string SummaryIn(const std::string& output) {
  const size_t begin = output.find("PASS  ");
  return begin == std::string::npos ? output : output.substr(begin);
}

TEST(RecordedRunsTest, ASmokeRunIsCheckedAndLookedAtOffline) {
  const TemporaryFolder folder;
  const HarnessResult run = RunHarness({"run", ScenarioPath("smoke")}, folder);
  ASSERT_EQ(run.exit_code, 0) << run.output;
  EXPECT_EQ(run.result["run"]["thresholds"], "report");

  const TemporaryFolder checked;
  const HarnessResult check = RunHarness({"check", run.run_dir, "--out", checked.path() + "/runs/again"}, checked);
  EXPECT_EQ(check.exit_code, 0) << check.output;
  EXPECT_THAT(check.output, HasSubstr(SummaryIn(run.output)));
  EXPECT_EQ(check.result, run.result);  // to the last figure

  const TemporaryFolder looked;
  const HarnessResult history = RunHarness({"history", run.run_dir, "--record", "load.150"}, looked);
  EXPECT_EQ(history.exit_code, 0) << history.output;
  for (const char* hop : {".load.150, payment pay_", "planned  ", "sent  ", "acknowledged            ok, partition ",
                          "in the topic            partition ", "client watcher          new, partition "}) {
    EXPECT_THAT(history.output, HasSubstr(hop));
  }
  EXPECT_THAT(history.output, AnyOf(HasSubstr("client stripe-only      new, partition "),
                                    HasSubstr("client stripe-only      not asked for by its filter")));

  // Somebody who has read enough.
  const std::string code_file = looked.path() + "/code";
  const std::string command =
      fmt::format("(timeout 60 '{}' history '{}' --format csv; echo $? >'{}') 2>&1 | head -n 1 >'{}'",
                  ProgramPath("harness"), run.run_dir, code_file, looked.path() + "/head");
  ASSERT_EQ(std::system(command.c_str()), 0);
  const auto read = [](const std::string& path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_EQ(read(code_file), "0\n");
  EXPECT_THAT(read(looked.path() + "/head"), HasSubstr("time_ns,since_load_ns,event"));
}

// Without a journal a run is judged as ever; and who wants to read it again is told why that can't be.
TEST(RecordedRunsTest, ARunThatKeptNoJournalIsJudgedOnceAndSaysSo) {
  const TemporaryFolder folder;
  const HarnessResult run =
      RunHarness({"run", ScenarioPath("smoke"), "--history=off", "--set", "/phases/1/duration=1s"}, folder);
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_EQ(run.result["run"]["overrides"].back(), "--history=off");
  EXPECT_FALSE(std::ifstream(run.run_dir + "/history/run.journal").good());
  const TemporaryFolder checked;
  const HarnessResult check = RunHarness({"check", run.run_dir}, checked);
  EXPECT_EQ(check.exit_code, 2);
  EXPECT_THAT(check.output, HasSubstr("its run kept no journal (--history=off)"));
}

}  // namespace
}  // namespace harness
