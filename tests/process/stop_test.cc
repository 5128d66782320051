// A stop lets a process end by itself and kills it when it does not, paused ones included.
#include "harness/process/stop.h"

#include <gtest/gtest.h>

#include <csignal>

#include "tests/process/process_testing.h"

namespace harness {
namespace {

// Starts `script`, which says a line when it is ready to be signalled.
int64_t StartAndHear(Supervisor* supervisor, const std::string& script) {
  Pipe output;
  ProcessSpec spec = Shell(script);
  spec.stdout_fd = output.writer();
  const int64_t pid = supervisor->Start(spec);
  EXPECT_EQ(output.ReadLine(), "ready");
  return pid;
}

constexpr char kEndsOrderly[] = "trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done";

TEST(StopTest, AnOrderlyEndIsNotAKill) {
  Supervisor supervisor;
  const StopResult result = StopProcess(&supervisor, StartAndHear(&supervisor, kEndsOrderly), Soon());
  ASSERT_TRUE(result.exit);
  EXPECT_EQ(DescribeExit(*result.exit), "exit 5");
  EXPECT_FALSE(result.killed);
}

TEST(StopTest, APausedProcessHearsIt) {
  Supervisor supervisor;
  const int64_t pid = StartAndHear(&supervisor, kEndsOrderly);
  ASSERT_TRUE(supervisor.Signal(pid, SIGSTOP));
  const StopResult result = StopProcess(&supervisor, pid, Soon());
  ASSERT_TRUE(result.exit);
  EXPECT_EQ(DescribeExit(*result.exit), "exit 5");
}

// Whoever sends it, a fault too.
TEST(StopTest, SigtermWakesAPausedProcess) {
  Supervisor supervisor;
  const int64_t pid = StartAndHear(&supervisor, kEndsOrderly);
  // A shell that waits in vfork() for a child that was stopped is not stopped itself, and never will be.
  ASSERT_TRUE(Eventually([&] {
    if (ProcessState(pid) == 'T') return true;
    supervisor.Signal(pid, SIGCONT);
    supervisor.Signal(pid, SIGSTOP);
    return false;
  }));
  ASSERT_TRUE(supervisor.Signal(pid, SIGTERM));
  const auto exit = supervisor.WaitExit(pid, Soon());
  ASSERT_TRUE(exit);
  EXPECT_EQ(DescribeExit(*exit), "exit 5");
}

TEST(StopTest, WhoIgnoresItIsKilledAndNobodyElse) {
  Supervisor supervisor;
  const int64_t deaf = StartAndHear(&supervisor, "trap '' TERM; echo ready; while :; do sleep 0.01; done");
  const int64_t orderly = StartAndHear(&supervisor, kEndsOrderly);
  ASSERT_TRUE(StopProcess(&supervisor, orderly, Soon()).exit);
  const std::vector<StopResult> results =
      StopProcesses(&supervisor, {deaf, orderly}, pipeline::MonotonicNs() + 100'000'000);
  ASSERT_EQ(results.size(), 2u);
  ASSERT_TRUE(results[0].exit);
  EXPECT_THAT(DescribeExit(*results[0].exit), ::testing::StartsWith("signal 9 "));
  EXPECT_TRUE(results[0].killed);
  ASSERT_TRUE(results[1].exit);
  EXPECT_FALSE(results[1].killed);
}

}  // namespace
}  // namespace harness
