// The sampler sees what a process and those below it use, and ends when it is told to.
#include "harness/run/usage_sampler.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "common/clock.h"

namespace harness {
namespace {

constexpr int64_t kDeadlineNs = 30'000'000'000;
constexpr int64_t kNobody = 4'194'305;  // no kernel gives a number beyond 2^22

using Named = std::vector<std::pair<std::string, int64_t>>;

ProcessRow Row(int64_t pid, int64_t parent, char state = 'S') {
  ProcessRow row;
  row.pid = pid;
  row.parent = parent;
  row.state = state;
  return row;
}

TEST(UsageSamplerTest, MembersAreWhatARootHasStarted) {
  const Named roots = {{"a", 10}, {"b", 20}};
  // 20 was started by 10 and is a root of its own; 41 is listed before its parent; 50 has ended; 60 is nobody's.
  EXPECT_EQ(
      MembersOf(roots, {Row(41, 40), Row(10, 1), Row(20, 10), Row(30, 10), Row(40, 20), Row(50, 10, 'Z'), Row(60, 1)}),
      (Named{{"a", 30}, {"b", 40}, {"b", 41}}));
}

// A child that starts one that spins.
class Spinning {
 public:
  Spinning() {
    child_ = fork();
    if (child_ != 0) return;
    if (fork() != 0) {
      while (true) pause();
    }
    while (getppid() != 1) {
    }
    _exit(0);
  }
  ~Spinning() {
    kill(child_, SIGKILL);  // what spins ends with it: its parent is another then
    waitpid(child_, nullptr, 0);
  }
  int64_t pid() const { return child_; }

 private:
  pid_t child_ = 0;
};

TEST(UsageSamplerTest, SeesProcessesAndWhatTheyHaveStarted) {
  const Spinning spinning;
  std::atomic<int> rounds = 0;
  UsageSampler sampler([&] {
    ++rounds;
    return Named{{"spinning", spinning.pid()}};
  });
  const int64_t until_ns = pipeline::MonotonicNs() + kDeadlineNs;
  while (rounds < 8 && pipeline::MonotonicNs() < until_ns) std::this_thread::yield();
  const std::vector<UsageSample> samples = sampler.Stop();
  int64_t used_ns = 0;
  bool harness = false;
  for (const UsageSample& sample : samples) {
    harness = harness || (sample.name == "harness" && sample.pid == getpid() && sample.cpu_ns > 0);
    if (sample.name == "spinning" && sample.pid != spinning.pid()) used_ns = std::max(used_ns, sample.cpu_ns);
    EXPECT_GT(sample.rss_bytes, 0);
  }
  EXPECT_TRUE(harness);
  EXPECT_GT(used_ns, 10'000'000) << "the one that spins was not seen";
  EXPECT_TRUE(std::is_sorted(samples.begin(), samples.end(),
                             [](const auto& a, const auto& b) { return a.time_ns < b.time_ns; }));
  EXPECT_EQ(sampler.Stop(), samples);
}

TEST(UsageSamplerTest, OfWhatIsNotThereItSaysNothing) {
  EXPECT_EQ(ProcessCpuNs(kNobody), -1);
  UsageSampler sampler([] { return Named{{"gone", kNobody}}; });
  for (const UsageSample& sample : sampler.Stop()) EXPECT_EQ(sample.name, "harness");
}

}  // namespace
}  // namespace harness
