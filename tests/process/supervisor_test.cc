// What the supervisor starts runs as it was told, is heard of exactly once when it ends, can be signalled only while it
// is there, and is gone, with all that it started itself, when its owner is, however the owner ended.
#include "harness/process/supervisor.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <stdexcept>

#include "harness/process/process_info.h"
#include "tests/process/process_testing.h"

namespace harness {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string FileText(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(SupervisorTest, TellsHowAProcessEnded) {
  Supervisor supervisor;
  const int64_t before_ns = pipeline::MonotonicNs();
  const int64_t pid = supervisor.Start(Shell("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exit 7"));
  const auto exit = supervisor.WaitExit(pid, Soon());
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->pid, pid);
  EXPECT_EQ(DescribeExit(*exit), "exit 7");
  EXPECT_GT(exit->ended_ns, before_ns);
  EXPECT_LE(exit->ended_ns, pipeline::MonotonicNs());
  EXPECT_GT(exit->user_cpu_ns + exit->system_cpu_ns, 0);
  EXPECT_GT(exit->rss_bytes_max, 100'000);
  EXPECT_FALSE(supervisor.IsRunning(pid));
  EXPECT_FALSE(supervisor.Signal(pid, SIGTERM));
  EXPECT_TRUE(supervisor.WaitExit(pid, 0));  // kept for those who ask late
}

TEST(SupervisorTest, TellsTheSignalThatEndedAProcess) {
  Supervisor supervisor;
  const int64_t pid = supervisor.Start(Shell("exec sleep 1000"));
  EXPECT_TRUE(supervisor.IsRunning(pid));
  EXPECT_TRUE(supervisor.Signal(pid, SIGKILL));
  const auto exit = supervisor.WaitExit(pid, Soon());
  ASSERT_TRUE(exit);
  EXPECT_THAT(DescribeExit(*exit), StartsWith("signal 9 "));
  EXPECT_TRUE(WIFSIGNALED(exit->status));
}

TEST(SupervisorTest, WaitsNoLongerThanItsDeadline) {
  Supervisor supervisor;
  const int64_t pid = supervisor.Start(Shell("exec sleep 1000"));
  EXPECT_FALSE(supervisor.WaitExit(pid, pipeline::MonotonicNs() + 20'000'000));
  EXPECT_FALSE(supervisor.WaitExit(pid, 0));
  EXPECT_FALSE(supervisor.WaitExit(1, Soon()));  // never started here
  EXPECT_FALSE(supervisor.Signal(1, 0));
  EXPECT_FALSE(supervisor.Signal(getpid(), 0));
}

TEST(SupervisorTest, ConnectsStandardInputAndOutput) {
  Supervisor supervisor;
  Pipe input;
  Pipe output;
  ProcessSpec spec = Shell("cat; echo done");
  spec.stdin_fd = input.reader();
  spec.stdout_fd = output.writer();
  const int64_t pid = supervisor.Start(spec);
  input.CloseReader();
  ASSERT_EQ(write(input.writer(), "hello\n", 6), 6);
  input.CloseWriter();
  EXPECT_EQ(output.ReadAll(), "hello\ndone\n");
  const auto exit = supervisor.WaitExit(pid, Soon());
  ASSERT_TRUE(exit);
  EXPECT_EQ(DescribeExit(*exit), "exit 0");
}

TEST(SupervisorTest, PassesEachStreamAlone) {
  Supervisor supervisor;
  Pipe output;
  ProcessSpec writes = Shell("cat; echo out");  // its input is /dev/null
  writes.stdout_fd = output.writer();
  supervisor.Start(writes);
  EXPECT_EQ(output.ReadAll(), "out\n");

  TemporaryFolder folder;
  Pipe input;
  ProcessSpec reads = Shell("cat");
  reads.stdin_fd = input.reader();
  reads.log_path = folder / "log";
  const int64_t pid = supervisor.Start(reads);
  ASSERT_EQ(write(input.writer(), "in\n", 3), 3);
  input.CloseWriter();
  ASSERT_TRUE(supervisor.WaitExit(pid, Soon()));
  EXPECT_EQ(FileText(folder / "log"), "in\n");
}

TEST(SupervisorTest, GivesFolderEnvironmentAndLog) {
  TemporaryFolder folder;
  setenv("SUPERVISOR_TEST_KEPT", "kept", 1);
  setenv("SUPERVISOR_TEST_CHANGED", "old", 1);
  Supervisor supervisor;
  ProcessSpec spec = Shell("pwd; echo $SUPERVISOR_TEST_KEPT $SUPERVISOR_TEST_CHANGED \"$HARNESS_REAPER\" >&2");
  spec.cwd = folder.string();
  spec.env = {{"SUPERVISOR_TEST_CHANGED", "new=er value"}};
  spec.log_path = folder / "log";
  std::ofstream(spec.log_path) << "before\n";
  ASSERT_TRUE(supervisor.WaitExit(supervisor.Start(spec), Soon()));
  EXPECT_EQ(FileText(spec.log_path),
            "before\n" + std::filesystem::canonical(folder.string()).string() + "\nkept new=er value \n");
}

TEST(SupervisorTest, SaysWhyAProgramDoesNotStart) {
  const std::string absent = std::strerror(ENOENT);
  TemporaryFolder folder;
  Supervisor supervisor;
  ProcessSpec spec;
  spec.name = "server-1";
  EXPECT_EQ(StartErrorOf(&supervisor, spec), "can't start server-1: no program is given");
  spec.argv = {"no-such-program"};
  EXPECT_EQ(StartErrorOf(&supervisor, spec), "can't start server-1: program no-such-program is not in PATH");
  spec.argv = {folder / "absent"};
  EXPECT_THAT(StartErrorOf(&supervisor, spec), HasSubstr("absent can't be executed: " + absent));
  std::ofstream(folder / "plain") << "text";
  spec.argv = {folder / "plain"};
  EXPECT_THAT(StartErrorOf(&supervisor, spec),
              HasSubstr(std::string("plain can't be executed: ") + std::strerror(EACCES)));
  spec.argv = {"true"};
  spec.cwd = folder / "nowhere";
  EXPECT_THAT(StartErrorOf(&supervisor, spec), HasSubstr("nowhere can't be entered: " + absent));
  spec.cwd.clear();
  spec.log_path = folder / "nowhere/log";
  EXPECT_THAT(StartErrorOf(&supervisor, spec), HasSubstr("nowhere/log can't be opened: " + absent));
  spec.log_path.clear();
  EXPECT_EQ(StartErrorOf(&supervisor, spec), "started");
}

TEST(SupervisorTest, RefusesWhatCantBePassed) {
  Supervisor supervisor;
  ProcessSpec spec;
  spec.name = "server-1";
  spec.argv = {"true", std::string(200'000, 'x')};
  EXPECT_THAT(StartErrorOf(&supervisor, spec), HasSubstr("bytes; allowed: 131072"));
  spec.argv = {"true", std::string("a\0b", 3)};
  EXPECT_THAT(StartErrorOf(&supervisor, spec), HasSubstr("argument 1 holds a NUL byte"));
  spec.argv = {"true"};
  spec.env = {{"A=B", "c"}};
  EXPECT_THAT(StartErrorOf(&supervisor, spec), HasSubstr("environment variable \"A=B\" can't be set"));
  spec.env.clear();
  spec.argv = {"true", std::string(100'000, 'x')};
  EXPECT_EQ(StartErrorOf(&supervisor, spec), "started");
}

TEST(SupervisorTest, ChildrenInheritNoDescriptorsAndNoSignalState) {
  Pipe inherited;  // without CLOEXEC, as careless libraries open them
  fcntl(inherited.writer(), F_SETFD, 0);
  signal(SIGUSR1, SIG_IGN);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  Supervisor supervisor;
  Pipe output;
  ProcessSpec spec = Shell("ls /proc/self/fd | tr '\\n' ' '; echo; grep -E '^Sig(Blk|Ign)' /proc/self/status");
  spec.stdout_fd = output.writer();
  supervisor.Start(spec);
  EXPECT_EQ(output.ReadLine(), "0 1 2 3 ");  // 3 is the folder that ls reads
  // 32 and 33 are the C library's own; it does not let a program change them.
  constexpr uint64_t kReserved = uint64_t{3} << 31;
  for (const std::string name : {"SigBlk:\t", "SigIgn:\t"}) {
    const std::string line = output.ReadLine();
    ASSERT_TRUE(line.starts_with(name)) << line;
    EXPECT_EQ(std::stoull(line.substr(name.size()), nullptr, 16) & ~kReserved, 0u) << line;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  signal(SIGUSR1, SIG_DFL);
}

TEST(SupervisorTest, EachProcessLeadsAGroupOutsideTheTerminalsReach) {
  Supervisor supervisor;
  const int64_t pid = supervisor.Start(Shell("exec sleep 1000"));
  EXPECT_EQ(getpgid(static_cast<pid_t>(pid)), pid);
  EXPECT_NE(getsid(static_cast<pid_t>(pid)), getsid(0));
}

TEST(SupervisorTest, SignalsReachTheWholeGroup) {
  Supervisor supervisor;
  Pipe output;
  ProcessSpec spec = Shell("sh -c 'trap \"echo heard; exit\" TERM; echo $$; while :; do sleep 0.01; done' & wait");
  spec.stdout_fd = output.writer();
  const int64_t pid = supervisor.Start(spec);
  const int64_t grandchild = std::stoll(output.ReadLine());
  EXPECT_FALSE(IsGone(grandchild));
  EXPECT_TRUE(supervisor.Signal(pid, SIGTERM));
  const auto exit = supervisor.WaitExit(pid, Soon());
  ASSERT_TRUE(exit);
  EXPECT_THAT(DescribeExit(*exit), StartsWith("signal 15 "));
  EXPECT_EQ(output.ReadAll(), "heard\n");
  EXPECT_TRUE(IsGone(grandchild));  // an end is told when the group has ended
}

TEST(SupervisorTest, WhatIsLeftInAGroupMayFinishButNotStay) {
  Supervisor supervisor;
  Pipe output;
  Pipe input;
  ProcessSpec finishes = Shell("exec 3<&0; (read line; echo flushed) <&3 & exit 3");
  finishes.stdin_fd = input.reader();
  finishes.stdout_fd = output.writer();
  const int64_t first = supervisor.Start(finishes);
  ASSERT_TRUE(Eventually([&] { return ProcessState(first) == std::nullopt; }));
  EXPECT_TRUE(supervisor.IsRunning(first));
  ASSERT_EQ(write(input.writer(), "go\n", 3), 3);
  auto exit = supervisor.WaitExit(first, Soon());
  ASSERT_TRUE(exit);
  EXPECT_EQ(DescribeExit(*exit), "exit 3");
  EXPECT_EQ(output.ReadAll(), "flushed\n");

  Pipe pids;
  ProcessSpec stays = Shell("trap '' TERM; sleep 1000 & echo $!");
  stays.stdout_fd = pids.writer();
  const int64_t second = supervisor.Start(stays);
  const int64_t left = std::stoll(pids.ReadLine());
  exit = supervisor.WaitExit(second, Soon());
  ASSERT_TRUE(exit);
  EXPECT_EQ(DescribeExit(*exit), "exit 0");
  EXPECT_TRUE(IsGone(left));
}

TEST(SupervisorTest, QuickEndsAndSignalsInAnyOrderAreToldOnceEach) {
  constexpr int kChildren = 200;
  std::mutex mutex;
  std::map<int64_t, int> ends;
  {
    Supervisor supervisor;
    supervisor.OnExit([&](const ProcessExit& exit) {
      const std::lock_guard lock(mutex);
      ++ends[exit.pid];
    });
    std::vector<int64_t> pids;
    ProcessSpec quick;
    quick.name = "quick";
    quick.argv = {"true"};
    for (int i = 0; i < kChildren; ++i) {
      pids.push_back(supervisor.Start(quick));
      if (i % 2 == 0) supervisor.Signal(pids.back(), i % 4 == 0 ? SIGKILL : SIGTERM);
    }
    for (const int64_t pid : pids) {
      const auto exit = supervisor.WaitExit(pid, Soon());
      ASSERT_TRUE(exit);
      const std::string how = DescribeExit(*exit);
      EXPECT_THAT(how, AnyOf("exit 0", StartsWith("signal 9 "), StartsWith("signal 15 ")));
      EXPECT_FALSE(supervisor.Signal(pid, SIGKILL));
    }
    EXPECT_EQ(std::set<int64_t>(pids.begin(), pids.end()).size(), pids.size());
  }
  EXPECT_EQ(ends.size(), static_cast<size_t>(kChildren));
  for (const auto& [pid, times] : ends) EXPECT_EQ(times, 1) << pid;
}

TEST(SupervisorTest, ServesSeveralThreadsAtATime) {
  Supervisor supervisor;
  std::atomic<int> killed = 0;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 10; ++round) {
        const int64_t pid = supervisor.Start(Shell("exec sleep 1000"));
        if (!supervisor.IsRunning(pid) || !supervisor.Signal(pid, SIGKILL)) continue;
        const auto exit = supervisor.WaitExit(pid, Soon());
        if (exit && exit->pid == pid && WIFSIGNALED(exit->status)) ++killed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(killed, 40);
}

TEST(SupervisorTest, ACallbackThatCallsBackIsRefusedInsteadOfWaitingForItself) {
  std::atomic<int> refused = 0;
  {
    Supervisor supervisor;
    supervisor.OnExit([&](const ProcessExit&) {
      try {
        supervisor.Start(Shell("exit 0"));
      } catch (const std::logic_error&) {
        ++refused;
      }
    });
    ASSERT_TRUE(supervisor.WaitExit(supervisor.Start(Shell("exit 0")), Soon()));
  }
  EXPECT_EQ(refused, 1);
}

TEST(SupervisorTest, ItsEndIsTheEndOfItsProcesses) {
  std::vector<int64_t> pids;
  std::atomic<int> told = 0;
  {
    Supervisor supervisor;
    supervisor.OnExit([&](const ProcessExit&) { ++told; });
    pids.push_back(supervisor.Start(Shell("trap '' TERM; while :; do sleep 1000; done")));
    Pipe output;
    ProcessSpec spec = Shell("setsid sleep 1000 & echo $!; wait");
    spec.stdout_fd = output.writer();
    pids.push_back(supervisor.Start(spec));
    pids.push_back(std::stoll(output.ReadLine()));
    const int64_t paused = supervisor.Start(Shell("exec sleep 1000"));
    EXPECT_TRUE(supervisor.Signal(paused, SIGSTOP));
    pids.push_back(paused);
  }
  EXPECT_EQ(told, 3);
  for (const int64_t pid : pids) EXPECT_EQ(ProcessState(pid), std::nullopt) << pid;
}

// A subject starts what it likes, and that is the subject too: signals and stops reach it, an end is told when it has
// ended, and none of it is left behind.
class MembersTest : public ::testing::Test {
 protected:
  // Starts `script`, which prints the pids of what it starts, `lines` of them.
  int64_t Start(const std::string& script, int lines) {
    ProcessSpec spec = Shell(script);
    spec.stdout_fd = output_.writer();
    const int64_t pid = supervisor_.Start(spec);
    for (int i = 0; i < lines; ++i) told_.push_back(std::stoll(output_.ReadLine()));
    return pid;
  }
  bool HasMember(int64_t pid, int64_t member) {
    const auto members = supervisor_.Members(pid);
    return std::find(members.begin(), members.end(), member) != members.end();
  }

  Supervisor supervisor_;
  Pipe output_;
  std::vector<int64_t> told_;
};

TEST_F(MembersTest, ASessionOfItsOwnIsReached) {
  const int64_t pid = Start("setsid -w sh -c 'echo $$; exec sleep 1000'; true", 1);
  EXPECT_TRUE(HasMember(pid, pid));
  EXPECT_TRUE(HasMember(pid, told_[0]));
  ASSERT_TRUE(supervisor_.Signal(pid, SIGSTOP));
  EXPECT_TRUE(Eventually([&] { return AllThreadsStopped(told_[0]); }));
  ASSERT_TRUE(supervisor_.Signal(pid, SIGCONT));
  ASSERT_TRUE(supervisor_.Signal(pid, SIGKILL));
  ASSERT_TRUE(supervisor_.WaitExit(pid, Soon()));
  EXPECT_TRUE(IsGone(told_[0]));
}

TEST_F(MembersTest, AnOrphanOfAnotherSessionIsReached) {
  // The middle one ends at once; what it has started belongs to nobody but the subject's environment.
  const int64_t pid = Start("sh -c 'setsid sh -c \"echo \\$\\$; exec sleep 1000\" &'; echo $$; exec sleep 1000", 2);
  const int64_t orphan = told_[0] == pid ? told_[1] : told_[0];
  EXPECT_TRUE(Eventually([&] { return HasMember(pid, orphan); }));
  ASSERT_TRUE(supervisor_.Signal(pid, SIGTERM));
  ASSERT_TRUE(supervisor_.WaitExit(pid, Soon()));
  EXPECT_TRUE(IsGone(orphan));
}

TEST_F(MembersTest, ADaemonIsTheProcessThatWasStarted) {
  const int64_t pid = Start("setsid sh -c 'trap \"exit 5\" TERM; echo $$; while :; do sleep 0.01; done' & exit 0", 1);
  ASSERT_TRUE(Eventually([&] { return ProcessState(pid) == std::nullopt; }));
  EXPECT_TRUE(supervisor_.IsRunning(pid));
  EXPECT_TRUE(HasMember(pid, told_[0]));
  ASSERT_TRUE(supervisor_.Signal(pid, SIGTERM));
  const auto exit = supervisor_.WaitExit(pid, Soon());
  ASSERT_TRUE(exit);
  EXPECT_EQ(DescribeExit(*exit), "exit 5");
  EXPECT_FALSE(supervisor_.IsRunning(pid));
}

TEST_F(MembersTest, AShellThatIsAskedToEndTellsHowItsProgramEnded) {
  const int64_t pid = Start("sh -c 'trap \"kill -SEGV \\$\\$\" TERM; echo $$; while :; do sleep 0.01; done'; true", 1);
  ASSERT_TRUE(supervisor_.Signal(pid, SIGTERM));
  const auto exit = supervisor_.WaitExit(pid, Soon());
  ASSERT_TRUE(exit);
  EXPECT_EQ(WTERMSIG(exit->status), SIGSEGV) << DescribeExit(*exit);
}

TEST_F(MembersTest, EachIsAskedOnce) {
  const int64_t pid = Start(
      "trap 'echo leader' TERM; sh -c 'trap \"echo member; exit 0\" TERM; echo $$; while :; do sleep 0.01; done' & "
      "echo 1; "
      "while kill -0 $! 2>/dev/null; do wait; done",
      2);
  ASSERT_TRUE(supervisor_.Signal(pid, SIGTERM));
  ASSERT_TRUE(supervisor_.WaitExit(pid, Soon()));
  std::vector<std::string> said = {output_.ReadLine(), output_.ReadLine()};
  EXPECT_THAT(said, ::testing::UnorderedElementsAre("leader", "member"));
  output_.CloseWriter();
  EXPECT_EQ(output_.ReadLine(), "");
}

TEST_F(MembersTest, NoOthersProcessIsAMember) {
  const int64_t first = Start("sh -c 'echo $$; exec sleep 1000'; true", 1);
  const int64_t second = Start("sh -c 'echo $$; exec sleep 1000'; true", 1);
  EXPECT_FALSE(HasMember(first, second));
  EXPECT_FALSE(HasMember(first, told_[1]));
  EXPECT_TRUE(HasMember(second, told_[1]));
  EXPECT_TRUE(supervisor_.Members(1).empty());
  ASSERT_TRUE(supervisor_.Signal(first, SIGKILL));
  ASSERT_TRUE(supervisor_.WaitExit(first, Soon()));
  EXPECT_TRUE(supervisor_.Members(first).empty());
  EXPECT_FALSE(IsGone(told_[1]));
}

}  // namespace
}  // namespace harness
