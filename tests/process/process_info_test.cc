// A process's state and parent are read right whatever the process calls itself, and a stop counts when it has reached
// every thread.
#include "harness/process/process_info.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <csignal>

#include "tests/process/process_testing.h"

namespace harness {
namespace {

RC_GTEST_PROP(ProcessStatTest, ReadsStateAndParentWhateverTheName, (const std::string& name)) {
  const char state = *rc::gen::element('R', 'S', 'D', 'T', 'Z');
  const auto parent = *rc::gen::inRange<int64_t>(0, 4'194'304);
  const auto stat = ParseProcessStat("4711 (" + name + ") " + state + " " + std::to_string(parent) + " 1 1 0 -1\n");
  RC_ASSERT(stat.has_value());
  RC_ASSERT(stat->state == state);
  RC_ASSERT(stat->parent == parent);
  RC_ASSERT(stat->group == 1);
}

TEST(ProcessStatTest, RefusesWhatIsNoSuchLine) {
  for (const char* line : {"", "4711", "4711 (a)", "4711 (a) ", "4711 (a) S", "4711 (a) S x", "4711 (a) SS 1",
                           "4711 (a) S 1", "4711 (a) S 1 x"}) {
    EXPECT_FALSE(ParseProcessStat(line)) << line;
  }
}

TEST(ProcessInfoTest, KnowsItself) {
  EXPECT_EQ(ProcessState(getpid()).has_value(), true);
  EXPECT_EQ(ProcessState(0), std::nullopt);
  EXPECT_FALSE(AllThreadsStopped(getpid()));
  EXPECT_FALSE(AllThreadsStopped(0));
}

TEST(ProcessInfoTest, KnowsHowMuchMemoryIsTouched) {
  EXPECT_EQ(ResidentBytes(0), 0);
  const int64_t before_bytes = ResidentBytes(getpid());
  EXPECT_GT(before_bytes, 0);
  constexpr size_t kBytes = size_t{64} << 20;
  std::vector<char> memory(kBytes, 1);
  EXPECT_GT(ResidentBytes(getpid()), before_bytes + static_cast<int64_t>(kBytes) / 2) << memory.back();
}

TEST(ProcessInfoTest, SeesAStopAndItsEnd) {
  Supervisor supervisor;
  const int64_t pid = supervisor.Start(Shell("exec sleep 1000"));
  EXPECT_FALSE(AllThreadsStopped(pid));
  ASSERT_TRUE(supervisor.Signal(pid, SIGSTOP));
  EXPECT_TRUE(Eventually([&] { return AllThreadsStopped(pid); }));
  EXPECT_EQ(ProcessState(pid), 'T');
  EXPECT_TRUE(supervisor.IsRunning(pid));
  ASSERT_TRUE(supervisor.Signal(pid, SIGCONT));
  EXPECT_TRUE(Eventually([&] { return !AllThreadsStopped(pid) && ProcessState(pid) != 'T'; }));
}

TEST(ProcessInfoTest, KnowsWhetherASignalIsTaken) {
  Supervisor supervisor;
  const int64_t pid = supervisor.Start(Shell("exec sleep 1000"));
  EXPECT_FALSE(HasPending(pid, SIGTERM));
  ASSERT_TRUE(supervisor.Signal(pid, SIGSTOP));
  ASSERT_TRUE(Eventually([&] { return AllThreadsStopped(pid); }));
  ASSERT_EQ(kill(static_cast<pid_t>(pid), SIGTERM), 0);
  EXPECT_TRUE(HasPending(pid, SIGTERM));
  EXPECT_FALSE(HasPending(pid, SIGUSR1));
  ASSERT_TRUE(supervisor.Signal(pid, SIGCONT));
  EXPECT_TRUE(Eventually([&] { return !HasPending(pid, SIGTERM); }));
  EXPECT_FALSE(HasPending(0, SIGTERM));
}

}  // namespace
}  // namespace harness
