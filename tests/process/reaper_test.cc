// What the reaper holds is gone when its owner is, however the owner ended; nothing else ends it.
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

#include "harness/process/process_info.h"
#include "harness/process/supervisor.h"
#include "tests/process/process_testing.h"

namespace harness {
namespace {

using ::testing::HasSubstr;

// Runs this program as an owner of processes and reads their pids.
struct Owner {
  Owner() {
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, output.writer(), 1);
    std::string argument = kOwnerArgument;
    std::string name = "owner";
    char* argv[] = {name.data(), argument.data(), nullptr};
    EXPECT_EQ(posix_spawn(&pid, "/proc/self/exe", &files, nullptr, argv, environ), 0);
    posix_spawn_file_actions_destroy(&files);
    output.CloseWriter();
    // 5 children, 4 grandchildren, and word that the trap is set.
    for (bool armed = false; pids.size() < 9 || !armed;) {
      const std::string line = output.ReadLine();
      if (line.empty()) break;
      armed = armed || line == "armed";
      if (line.starts_with("pid ")) pids.push_back(std::stoll(line.substr(4)));
    }
    for (const int64_t child : ChildrenOf(pid)) reapers.push_back(child);
  }
  Pipe output;
  pid_t pid = 0;
  std::vector<int64_t> pids;
  std::vector<int64_t> reapers;
};

TEST(ReaperTest, NothingOutlivesAnOwnerThatIsKilled) {
  Owner owner;
  ASSERT_EQ(owner.pids.size(), 9u);
  ASSERT_EQ(owner.reapers.size(), 1u);
  for (const int64_t pid : owner.pids) EXPECT_FALSE(IsGone(pid)) << pid;
  ASSERT_EQ(kill(owner.pid, SIGKILL), 0);
  ASSERT_EQ(waitpid(owner.pid, nullptr, 0), owner.pid);
  for (const int64_t pid : owner.pids) {
    EXPECT_TRUE(Eventually([&] { return ProcessState(pid) == std::nullopt; })) << pid;
  }
  EXPECT_TRUE(Eventually([&] { return IsGone(owner.reapers.front()); }));
}

TEST(ReaperTest, DoesNotEndByTheSignalsOfATerminal) {
  Supervisor supervisor;
  const int64_t pid = supervisor.Start(Shell("exec sleep 1000"));
  // The reaper is the sleeper's parent.
  std::vector<int64_t> reapers = ChildrenOf(getpid());
  std::erase_if(reapers, [&](int64_t reaper) {
    const std::vector<int64_t> children = ChildrenOf(reaper);
    return std::find(children.begin(), children.end(), pid) == children.end();
  });
  ASSERT_EQ(reapers.size(), 1u);
  const auto reaper = static_cast<pid_t>(reapers.front());
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ASSERT_EQ(kill(reaper, number), 0);
  EXPECT_TRUE(supervisor.WaitExit(supervisor.Start(Shell("exit 0")), Soon()));
  EXPECT_TRUE(supervisor.IsRunning(pid));

  // Not even the reaper's own death leaves anything behind, or anybody waiting.
  ASSERT_EQ(kill(reaper, SIGKILL), 0);
  const auto exit = supervisor.WaitExit(pid, Soon());
  ASSERT_TRUE(exit);
  EXPECT_THAT(DescribeExit(*exit), ::testing::StartsWith("signal 9 "));
  EXPECT_TRUE(Eventually([&] { return IsGone(pid); }));
  EXPECT_THAT(StartErrorOf(&supervisor, Shell("exit 0")), HasSubstr("the reaper has ended"));
  EXPECT_FALSE(supervisor.Signal(pid, SIGKILL));
}

TEST(ReaperTest, AProgramThatForgetsToAskIsRefused) {
  setenv("HARNESS_REAPER", "1", 1);
  EXPECT_THROW(Supervisor(), std::system_error);
  unsetenv("HARNESS_REAPER");
}

}  // namespace
}  // namespace harness
