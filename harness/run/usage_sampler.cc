#include "harness/run/usage_sampler.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "common/clock.h"
#include "harness/process/process_info.h"

namespace harness {
namespace {

constexpr auto kRound = std::chrono::milliseconds(250);
constexpr int kRoundsPerMembers = 4;

}  // namespace

int64_t ProcessCpuNs(int64_t pid) {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(static_cast<pid_t>(pid), &clock) != 0 || clock_gettime(clock, &time) != 0) return -1;
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

UsageSampler::UsageSampler(Running running) : running_(std::move(running)), thread_([this] { Sample(); }) {}

UsageSampler::~UsageSampler() { Stop(); }

std::vector<UsageSample> UsageSampler::Stop() {
  {
    const pipeline::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  if (thread_.joinable()) thread_.join();
  return log_.samples();
}

void UsageSampler::Sample() {
  for (int64_t round = 0;; ++round) {
    if (log_.WantsRound()) TakeRound(round % kRoundsPerMembers == 0);
    const pipeline::MutexLock lock(&mutex_);
    if (changed_.WaitFor(&mutex_, kRound, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_; })) {
      break;
    }
  }
  TakeRound(false);
}

void UsageSampler::TakeRound(bool look_for_members) {
  const std::vector<std::pair<std::string, int64_t>> roots = running_();
  if (look_for_members) members_ = MembersOf(roots, AllProcesses());
  std::vector<std::pair<std::string, int64_t>> all = roots;
  all.emplace_back("harness", getpid());
  all.insert(all.end(), members_.begin(), members_.end());
  const int64_t now_ns = pipeline::MonotonicNs();
  std::vector<UsageSample> round;
  for (const auto& [name, pid] : all) {
    const int64_t cpu_ns = ProcessCpuNs(pid);
    const int64_t rss_bytes = ResidentBytes(pid);
    if (cpu_ns >= 0 && rss_bytes > 0) round.push_back({now_ns, name, pid, cpu_ns, rss_bytes});
  }
  log_.AddRound(std::move(round));
}

std::vector<std::pair<std::string, int64_t>> MembersOf(const std::vector<std::pair<std::string, int64_t>>& roots,
                                                       const std::vector<ProcessRow>& all) {
  std::map<int64_t, const std::string*> whose;  // by pid
  for (const auto& [name, pid] : roots) whose.emplace(pid, &name);
  std::vector<std::pair<std::string, int64_t>> members;
  // Children may be listed before their parents: until nothing is added any more.
  for (size_t before = 0; before != whose.size();) {
    before = whose.size();
    for (const ProcessRow& row : all) {
      const auto parent = whose.find(row.parent);
      if (parent == whose.end() || row.ended() || whose.contains(row.pid)) continue;
      whose.emplace(row.pid, parent->second);
      members.emplace_back(*parent->second, row.pid);
    }
  }
  return members;
}

}  // namespace harness
