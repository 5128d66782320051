// The watch over a run's processes: each one's end, as the supervisor tells it, and the readiness of servers and
// brokers.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "harness/process/process_info.h"
#include "harness/run/endings.h"
#include "harness/run/health.h"
#include "harness/run/processes_state.h"

namespace harness {
namespace {

constexpr int kProbeTimeoutMs = 300;

}  // namespace

void Processes::State::OnExit(const ProcessExit& exit) {
  pipeline::MutexLock lock(&mutex);
  const auto name = names.find(exit.pid);
  if (name == names.end()) {
    unclaimed_exits[exit.pid] = exit;
    const auto others = watched.extract(exit.pid);
    lock.Unlock();
    if (others && others.mapped()) others.mapped()(exit);
    return;
  }
  const EndNews news = Ended(&programs.at(name->second), exit);
  lock.Unlock();
  Tell(news);
}

// What was wrong with the end of one that was asked to end; empty: nothing.
std::string Processes::State::BadEnd(const Program& program, const ProcessExit& exit) {
  if (program.times_asked == 0 || program.killed_early) return {};
  if (!program.killed_because.empty()) return program.killed_because;
  return BadEndText(exit, program.plan.exit_codes, program.times_asked);
}

Processes::State::EndNews Processes::State::Ended(Program* program, const ProcessExit& exit) {
  program->pid.reset();
  program->usage.cpu_user_ns += exit.user_cpu_ns;
  program->usage.cpu_system_ns += exit.system_cpu_ns;
  program->usage.rss_bytes_max = std::max(program->usage.rss_bytes_max, exit.rss_bytes_max);
  program->usage.log_bytes_dropped += exit.log_bytes_dropped;
  const bool asked_for = program->end_is_expected || program->end_is_ours;
  const bool orderly_producer = program->plan.role == ProcessRole::kProducer && exit.status == 0;
  const std::string how = DescribeExit(exit);
  const std::string bad_end = BadEnd(*program, exit);
  if (!asked_for && !orderly_producer && program->ended_by_itself.empty()) program->ended_by_itself = how;
  recorder->UpdateProcess(program->span, [&](ProcessSpan* span) {
    span->ended_ns = exit.ended_ns;
    span->ended_by_fault = program->end_is_expected;
    span->ended_by_harness = program->end_is_ours;
    span->how = how;
    span->bad_end = bad_end;
    span->rss_bytes_max = exit.rss_bytes_max;
  });
  changed.NotifyAll();
  EndNews news{exit, program->spec, program->plan.on_ended, {}};
  const std::string& name = news.spec.name;
  if (!asked_for && !orderly_producer) news.notices.push_back(fmt::format("{} ended by itself: {}", name, how));
  if (!bad_end.empty()) news.notices.push_back(fmt::format("{} was asked to end: {}", name, bad_end));
  if (exit.log_bytes_dropped > 0) {
    news.notices.push_back(fmt::format("{} printed more than a log keeps: {} bytes are left out of {}", name,
                                       exit.log_bytes_dropped, news.spec.log_path));
  }
  return news;
}

void Processes::State::Tell(const EndNews& news) {
  for (const std::string& line : news.notices) notice(line);
  if (news.on_ended) news.on_ended(news.spec, news.exit);
  const pipeline::MutexLock lock(&mutex);
  names.erase(news.exit.pid);  // last: StopAll() waits for it
  changed.NotifyAll();
}

std::vector<std::string> Processes::State::NotReady() const {
  std::vector<std::string> found;
  for (const auto& [name, program] : programs) {
    if (IsWaitedFor(program.plan.role) && program.pid && program.ready_ns == 0) found.push_back(name);
  }
  return found;
}

int64_t Processes::State::LargestResidentBytes(int64_t pid) const {
  int64_t bytes = ResidentBytes(pid);
  for (const int64_t member : supervisor->Members(pid)) bytes = std::max(bytes, ResidentBytes(member));
  return bytes;
}

// Asks every server and broker that is not ready yet, until it is.
void Processes::State::Probe() {
  pipeline::MutexLock lock(&mutex);
  while (!ending) {
    const auto waiting = NotReady();
    if (waiting.empty()) {
      changed.Wait(&mutex, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return ending || !NotReady().empty(); });
      continue;
    }
    for (const std::string& name : waiting) {
      const std::optional<int64_t> pid = programs.at(name).pid;
      const ManagedProgram& plan = programs.at(name).plan;  // fixed since Add
      lock.Unlock();
      const bool ready = plan.is_ready ? plan.is_ready() : IsReady(ProbeServer(plan.address, kProbeTimeoutMs));
      const int64_t now_ns = pipeline::MonotonicNs();
      const int64_t rss_bytes = ready && pid ? LargestResidentBytes(*pid) : 0;
      lock.Lock();
      Program& program = programs.at(name);
      if (!ready || !pid || program.pid != pid) continue;  // another process by now
      program.ready_ns = now_ns;
      recorder->UpdateProcess(program.span, [&](ProcessSpan* span) {
        span->ready_ns = now_ns;
        span->rss_ready_bytes = rss_bytes;
      });
      changed.NotifyAll();
    }
    changed.WaitFor(&mutex, kProbePause, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return ending; });
  }
}

}  // namespace harness
