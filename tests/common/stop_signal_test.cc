// A signal becomes a condition that every thread can wait for; a second one ends the process at once, even while a
// callback of the first is still running. Real signals to real child processes.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <functional>

#include "common/clock.h"
#include "common/program.h"

namespace pipeline {
namespace {

constexpr int64_t kPatienceNs = int64_t{20} * 1'000'000'000;
constexpr int64_t kSlowNs = 100'000'000;

// Runs `body` in a child process, which exits with what it returns; gives the exit code, or 128 + the signal's number.
// A child that hangs ends itself with SIGALRM.
int InChild(const std::function<int()>& body) {
  const pid_t pid = fork();
  if (pid == 0) {
    alarm(30);
    _exit(body());
  }
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(StopSignal, IsNotRequestedBeforeASignal) {
  EXPECT_EQ(InChild([] {
              const StopSignal stop;
              const bool before = stop.requested() || stop.number() != 0;
              return before || stop.WaitUntil(MonotonicNs()) ? 1 : 0;
            }),
            0);
}

TEST(StopSignal, EachSignalEndsTheWaitAndTellsItsNumber) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    EXPECT_EQ(InChild([number] {
                const StopSignal stop;
                kill(getpid(), number);
                if (!stop.WaitUntil(MonotonicNs() + kPatienceNs)) return 1;
                stop.Wait();
                return stop.requested() && stop.number() == number ? 0 : 2;
              }),
              0);
  }
}

TEST(StopSignal, CallsBackOnceAndAtOnceWhenItIsLate) {
  EXPECT_EQ(InChild([] {
              std::atomic<int> early{0};
              int late = 0;
              {
                StopSignal stop;
                const StopCallback callback(&stop, [&] { ++early; });
                kill(getpid(), SIGTERM);
                stop.Wait();
                const int64_t deadline_ns = MonotonicNs() + kPatienceNs;
                while (early == 0 && MonotonicNs() < deadline_ns) usleep(1000);
                stop.Request();
              }
              {
                StopSignal stop;
                stop.Request();
                stop.Wait();
                const StopCallback callback(&stop, [&] { ++late; });
              }
              return early == 1 && late == 1 ? 0 : 1;
            }),
            0);
}

TEST(StopSignal, TheEndOfACallbackWaitsForItOrPreventsIt) {
  EXPECT_EQ(InChild([] {
              StopSignal stop;
              std::atomic<bool> begun{false};
              std::atomic<bool> ended{false};
              std::atomic<bool> prevented{true};
              {
                const StopCallback slow(&stop, [&] {
                  begun = true;
                  const int64_t deadline_ns = MonotonicNs() + kSlowNs;
                  while (MonotonicNs() < deadline_ns) usleep(1000);
                  ended = true;
                });
                {
                  const StopCallback gone(&stop, [&] { prevented = false; });
                }
                stop.Request();
                const int64_t deadline_ns = MonotonicNs() + kPatienceNs;
                while (!begun && MonotonicNs() < deadline_ns) usleep(1000);
              }
              return begun && ended && prevented ? 0 : 1;
            }),
            0);
}

TEST(StopSignal, ARequestHasNoNumberAndASignalAfterItIsTheFirst) {
  EXPECT_EQ(InChild([] {
              StopSignal stop;
              stop.Request();
              if (!stop.requested() || stop.number() != 0) return 1;
              kill(getpid(), SIGINT);
              const int64_t deadline_ns = MonotonicNs() + kPatienceNs;
              while (stop.number() == 0 && MonotonicNs() < deadline_ns) usleep(1000);
              return stop.number() == SIGINT ? 0 : 2;
            }),
            0);
}

TEST(StopSignal, ASecondSignalEndsTheProcessAtOnceEvenDuringACallback) {
  EXPECT_EQ(InChild([] {
              StopSignal stop;
              const StopCallback callback(&stop, [] {
                kill(getpid(), SIGTERM);
                for (;;) pause();
              });
              kill(getpid(), SIGINT);
              for (;;) pause();
              return 0;
            }),
            130);
}

// A terminal that closes may hang up twice, and a service manager sends both: that is nobody's impatience.
TEST(StopSignal, AHangUpIsNeverTheSecondSignal) {
  EXPECT_EQ(InChild([] {
              StopSignal stop(SecondSignal::kHurries);
              for (const int number : {SIGHUP, SIGHUP, SIGTERM, SIGHUP}) {
                kill(getpid(), number);
                const int64_t deadline_ns = MonotonicNs() + kPatienceNs;
                sigset_t pending;
                do {
                  usleep(1000);
                  sigpending(&pending);
                } while (sigismember(&pending, number) == 1 && MonotonicNs() < deadline_ns);
              }
              stop.Wait();
              const int64_t deadline_ns = MonotonicNs() + kPatienceNs;
              while (stop.number() != SIGTERM && MonotonicNs() < deadline_ns) usleep(1000);
              return stop.number() == SIGTERM && !stop.hurried() ? 0 : 1;
            }),
            0);
}

TEST(StopSignal, AnIgnoredHangUpStaysIgnored) {
  EXPECT_EQ(InChild([] {
              signal(SIGHUP, SIG_IGN);  // as nohup(1) does
              const StopSignal stop;
              kill(getpid(), SIGHUP);
              kill(getpid(), SIGTERM);
              stop.Wait();
              return stop.number() == SIGTERM ? 0 : 1;
            }),
            0);
}

TEST(StopSignal, WhereTheProgramWantsItASecondSignalHurriesAndAThirdEnds) {
  EXPECT_EQ(InChild([] {
              StopSignal stop(SecondSignal::kHurries);
              std::atomic<int> called{0};
              const StopCallback first(&stop, [&] { called += 1; });
              const StopCallback second(
                  &stop, [&] { called += 10; }, StopCallback::When::kHurried);
              const int64_t deadline_ns = MonotonicNs() + kPatienceNs;
              kill(getpid(), SIGINT);
              while (called != 1 && MonotonicNs() < deadline_ns) usleep(1000);
              if (called != 1 || stop.hurried()) return 1;
              kill(getpid(), SIGINT);
              while (called != 11 && MonotonicNs() < deadline_ns) usleep(1000);
              if (called != 11 || !stop.hurried()) return 2;
              int late = 0;
              const StopCallback third(
                  &stop, [&] { ++late; }, StopCallback::When::kHurried);
              if (late != 1) return 3;
              kill(getpid(), SIGTERM);
              for (;;) pause();
              return 4;
            }),
            130);
}

TEST(StopSignal, SignalsKillAgainWhenItIsGone) {
  EXPECT_EQ(InChild([] {
              { const StopSignal stop; }
              kill(getpid(), SIGTERM);
              return 0;
            }),
            128 + SIGTERM);
}

}  // namespace
}  // namespace pipeline
