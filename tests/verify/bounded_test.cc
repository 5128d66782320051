// BOUNDED in both directions: a server's memory is held to the limit that the scenario gives, else to what it was, its
// log window and what the topic holds; and whoever no limit is known of is not judged.
#include "harness/verify/bounded.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/verify/mutation_testing.h"
#include "tests/verify/story.h"

namespace harness {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kReady = 40 * kMiB;
constexpr int64_t kLog = 100 * kMiB;
constexpr int64_t kDefaultLimit = kReady + kAllowanceFactor * (256 * kMiB + 64 * kMiB + 3 * kLog + 128 * kMiB);

// One life of a server that once had `peak_bytes`.
Story WithPeak(int64_t peak_bytes) {
  Story story;
  story.scenario.servers.resize(1);
  story.scenario.servers[0].name = "server-1";
  story.history.log_bytes = kLog;
  story.Deliver(0, 0, story.Write(0));
  story.End();
  ProcessSpan& life = story.history.processes[0];
  EXPECT_EQ(life.name, "server-1");
  life.rss_ready_bytes = kReady;
  life.rss_bytes_max = peak_bytes;
  return story;
}
CheckResult Bounded(const Story& story) { return Of(story.Judged(), "BOUNDED"); }

TEST(BoundedTest, ABuiltInServerMayHaveItsWindowAndThreeTimesTheTopic) {
  EXPECT_EQ(Bounded(WithPeak(kDefaultLimit)).state, CheckState::kPass);
  const CheckResult result = Bounded(WithPeak(kDefaultLimit + 1));
  EXPECT_EQ(result.state, CheckState::kViolated);
  ASSERT_EQ(result.violations.size(), 1);
  EXPECT_EQ(result.violations[0].causes, Cause::kServer);
  EXPECT_THAT(result.violations[0].sentence, HasSubstr("server server-1 (pid 7) had "));
}

TEST(BoundedTest, AnotherWindowIsAnotherLimit) {
  Story story = WithPeak(kDefaultLimit);
  for (const std::vector<std::string>& args :
       {std::vector<std::string>{"--window-bytes", "1048576"}, {"--window-bytes=1048576"}}) {
    story.scenario.servers[0].args = args;
    EXPECT_EQ(Bounded(story).state, CheckState::kViolated);
    story.history.processes[0].rss_bytes_max = kDefaultLimit - kAllowanceFactor * 255 * kMiB;
    EXPECT_EQ(Bounded(story).state, CheckState::kPass);
    story.history.processes[0].rss_bytes_max += 1;
    EXPECT_EQ(Bounded(story).state, CheckState::kViolated);
  }
}

TEST(BoundedTest, TheScenarioSaysWhatAnyServerMayHave) {
  Story story = WithPeak(200 * kMiB);
  story.scenario.servers[0].rss_bytes_max = 200 * kMiB;
  story.scenario.servers[0].command = {"relay"};
  EXPECT_EQ(Bounded(story).state, CheckState::kPass);
  story.scenario.servers[0].rss_bytes_max -= 1;
  EXPECT_EQ(Bounded(story).state, CheckState::kViolated);
  // It counts though the server was never ready, and for every life.
  story.history.processes[0].rss_ready_bytes = 0;
  story.AddProcess("server-1", story.now_ns, story.now_ns + 1)->rss_bytes_max = 300 * kMiB;
  EXPECT_EQ(Bounded(story).violation_count, 2);
}

TEST(BoundedTest, WhereNothingIsKnownNothingIsJudged) {
  Story story = WithPeak(1000 * kMiB);
  story.scenario.servers[0].command = {"relay"};
  EXPECT_EQ(Bounded(story).state, CheckState::kNotApplicable);
  EXPECT_THAT(Bounded(story).reason, HasSubstr("server-1 is a program that no rss_max is told of"));
  story = WithPeak(1000 * kMiB);
  story.history.processes[0].rss_ready_bytes = 0;
  EXPECT_EQ(Bounded(story).state, CheckState::kNotApplicable);
  story = WithPeak(0);
  EXPECT_EQ(Bounded(story).state, CheckState::kNotApplicable);
}

RC_GTEST_PROP(BoundedMutationTest, AServerThatGrowsBeyondAllItMayHaveIsNamed, ()) {
  ModelRun run = MakeRun(FullPlan());
  std::vector<ProcessSpan*> servers;
  for (ProcessSpan& span : run.history.processes) {
    if (span.name == "server-1" && span.rss_ready_bytes > 0) servers.push_back(&span);
  }
  RC_PRE(!servers.empty());
  ProcessSpan& grown = **rc::gen::elementOf(servers);
  grown.rss_bytes_max = grown.rss_ready_bytes + kAllowanceFactor * (448 * kMiB + 3 * run.history.log_bytes) + 1;
  ExpectVerdict(run, {{"BOUNDED"}, "BOUNDED", {Cause::kServer}, ""});
}

}  // namespace
}  // namespace harness
