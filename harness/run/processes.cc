#include "harness/run/processes.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>

#include "common/clock.h"
#include "harness/process/process_info.h"
#include "harness/run/health.h"
#include "harness/run/log_excerpt.h"

namespace harness {
namespace {

constexpr int kProbeTimeoutMs = 300;
constexpr auto kProbePause = std::chrono::milliseconds(10);
constexpr auto kKilledEndsWithin = std::chrono::seconds(10);

bool IsWaitedFor(ProcessRole role) { return role == ProcessRole::kServer || role == ProcessRole::kBroker; }

}  // namespace

struct Processes::State {
  struct Program {
    ManagedProgram plan;
    std::optional<int64_t> pid;
    ProcessSpec spec;
    size_t span = 0;  // the recorder's, of the present process
    int64_t ready_ns = 0;
    bool end_is_expected = false;  // a fault's doing
    bool end_is_ours = false;      // the orderly stop
    std::string ended_by_itself;   // how, once it has
    RunFacts::ProcessUsage usage;
  };

  Supervisor* supervisor = nullptr;
  Recorder* recorder = nullptr;
  std::function<void(const std::string&)> notice;
  std::function<bool()> stopping;

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, Program> programs;
  std::map<int64_t, std::string> names;            // by pid
  std::map<int64_t, ProcessExit> unclaimed_exits;  // ended before Start() had told its pid
  bool ending = false;
  std::thread prober;

  void OnExit(const ProcessExit& exit);
  void Ended(Program* program, const ProcessExit& exit, std::unique_lock<std::mutex>* lock);
  void Probe();
  std::vector<std::string> NotReady() const;
};

void Processes::State::OnExit(const ProcessExit& exit) {
  std::unique_lock lock(mutex);
  const auto name = names.find(exit.pid);
  if (name == names.end()) {
    unclaimed_exits[exit.pid] = exit;
    return;
  }
  Ended(&programs.at(name->second), exit, &lock);
}

void Processes::State::Ended(Program* program, const ProcessExit& exit, std::unique_lock<std::mutex>* lock) {
  program->pid.reset();
  program->usage.cpu_user_ns += exit.user_cpu_ns;
  program->usage.cpu_system_ns += exit.system_cpu_ns;
  program->usage.rss_bytes_max = std::max(program->usage.rss_bytes_max, exit.rss_bytes_max);
  const bool asked_for = program->end_is_expected || program->end_is_ours;
  const bool orderly_producer = program->plan.role == ProcessRole::kProducer && exit.status == 0;
  const std::string how = DescribeExit(exit);
  if (!asked_for && !orderly_producer && program->ended_by_itself.empty()) program->ended_by_itself = how;
  recorder->UpdateProcess(program->span, [&](ProcessSpan* span) {
    span->ended_ns = exit.ended_ns;
    span->ended_by_fault = program->end_is_expected;
    span->ended_by_harness = program->end_is_ours;
    span->how = how;
    span->rss_bytes_max = exit.rss_bytes_max;
  });
  const auto on_ended = program->plan.on_ended;
  const ProcessSpec spec = program->spec;
  changed.notify_all();
  lock->unlock();
  if (!asked_for && !orderly_producer) notice(fmt::format("{} ended by itself: {}", spec.name, how));
  if (on_ended) on_ended(spec, exit);
  lock->lock();
  names.erase(exit.pid);  // last: StopAll() waits for it
  changed.notify_all();
}

std::vector<std::string> Processes::State::NotReady() const {
  std::vector<std::string> found;
  for (const auto& [name, program] : programs) {
    if (IsWaitedFor(program.plan.role) && program.pid && program.ready_ns == 0) found.push_back(name);
  }
  return found;
}

// Asks every server and broker that is not ready yet, until it is.
void Processes::State::Probe() {
  std::unique_lock lock(mutex);
  while (!ending) {
    const auto waiting = NotReady();
    if (waiting.empty()) {
      changed.wait(lock, [&] { return ending || !NotReady().empty(); });
      continue;
    }
    for (const std::string& name : waiting) {
      const std::optional<int64_t> pid = programs.at(name).pid;
      const ManagedProgram& plan = programs.at(name).plan;  // fixed since Add
      lock.unlock();
      const bool ready = plan.is_ready ? plan.is_ready() : IsReady(ProbeServer(plan.address, kProbeTimeoutMs));
      const int64_t now_ns = pipeline::MonotonicNs();
      const int64_t rss_bytes = ready && pid ? ResidentBytes(*pid) : 0;
      lock.lock();
      Program& program = programs.at(name);
      if (!ready || !pid || program.pid != pid) continue;  // another process by now
      program.ready_ns = now_ns;
      recorder->UpdateProcess(program.span, [&](ProcessSpan* span) {
        span->ready_ns = now_ns;
        span->rss_ready_bytes = rss_bytes;
      });
      changed.notify_all();
    }
    changed.wait_for(lock, kProbePause, [&] { return ending; });
  }
}

Processes::Processes(Supervisor* supervisor, Recorder* recorder, std::function<void(const std::string&)> notice,
                     std::function<bool()> stopping)
    : state_(std::make_unique<State>()) {
  state_->supervisor = supervisor;
  state_->recorder = recorder;
  state_->notice = std::move(notice);
  state_->stopping = std::move(stopping);
  supervisor->OnExit([state = state_.get()](const ProcessExit& exit) { state->OnExit(exit); });
  state_->prober = std::thread([state = state_.get()] { state->Probe(); });
}

Processes::~Processes() {
  const int64_t no_grace_ns = 0;
  for (const ProcessRole role :
       {ProcessRole::kProducer, ProcessRole::kClient, ProcessRole::kServer, ProcessRole::kBroker}) {
    StopAll(role, no_grace_ns);
  }
  {
    const std::lock_guard lock(state_->mutex);
    state_->ending = true;
    state_->changed.notify_all();
  }
  state_->prober.join();
  state_->supervisor->OnExit(nullptr);
}

void Processes::Add(ManagedProgram program) {
  const std::lock_guard lock(state_->mutex);
  const std::string name = program.name;
  State::Program& added = state_->programs[name];
  added.usage.name = name;
  added.plan = std::move(program);
}

void Processes::Start(const std::string& name) {
  std::function<ProcessSpec()> next_spec;
  {
    const std::lock_guard lock(state_->mutex);
    State::Program& program = state_->programs.at(name);
    if (program.pid) throw std::runtime_error(name + " is running already");
    if (program.end_is_ours) throw std::runtime_error(name + " is not started again: the run is ending");
    next_spec = program.plan.next_spec;
  }
  ProcessSpec spec = next_spec();
  const int64_t started_ns = pipeline::MonotonicNs();
  const int64_t pid = state_->supervisor->Start(spec);

  std::unique_lock lock(state_->mutex);
  State::Program& program = state_->programs.at(name);
  program.pid = pid;
  program.ready_ns = 0;
  program.end_is_expected = false;
  program.span = state_->recorder->OnProcess(
      {.name = name, .pid = pid, .started_ns = started_ns, .ready_ns = 0, .ended_ns = 0, .how = {}, .bad_end = {}});
  program.spec = std::move(spec);
  state_->names[pid] = name;
  state_->changed.notify_all();
  if (const auto exit = state_->unclaimed_exits.extract(pid)) state_->Ended(&program, exit.mapped(), &lock);
}

std::string Processes::WaitReady(int64_t deadline_ns) {
  std::unique_lock lock(state_->mutex);
  for (;;) {
    std::string waiting_for;
    for (const auto& [name, program] : state_->programs) {
      if (!IsWaitedFor(program.plan.role)) continue;
      if (!program.ended_by_itself.empty() && !program.pid) {
        return fmt::format("{} ended before it was ready: {}; see {}", name, program.ended_by_itself,
                           program.spec.log_path);
      }
      if (!program.pid || program.ready_ns != 0) continue;
      waiting_for += fmt::format("{}{} at {}", waiting_for.empty() ? "" : ", ", name, program.plan.address);
    }
    if (waiting_for.empty()) return {};
    if (state_->stopping()) return "interrupted";
    if (pipeline::MonotonicNs() >= deadline_ns) return waiting_for + " was not ready in time";
    state_->changed.wait_for(lock, kProbePause);
  }
}

std::string Processes::LogsOfUnready() const {
  const std::lock_guard lock(state_->mutex);
  std::string excerpts;
  for (const auto& [name, program] : state_->programs) {
    const bool unready = IsWaitedFor(program.plan.role) && program.pid && program.ready_ns == 0;
    const bool ended = !program.ended_by_itself.empty() && !program.pid;
    if (unready || ended) excerpts += LogExcerpt(program.spec.log_path);
  }
  return excerpts;
}

std::vector<std::string> Processes::StopAll(ProcessRole role, int64_t deadline_ns) {
  std::vector<std::pair<std::string, int64_t>> running;
  {
    const std::lock_guard lock(state_->mutex);
    for (auto& [name, program] : state_->programs) {
      if (program.plan.role != role) continue;
      program.end_is_ours = true;
      if (program.pid) running.emplace_back(name, *program.pid);
    }
  }
  for (const auto& [name, pid] : running) state_->supervisor->Signal(pid, SIGTERM);
  std::vector<std::string> killed;
  for (const auto& [name, pid] : running) {
    if (state_->supervisor->WaitExit(pid, deadline_ns)) continue;
    killed.push_back(name);
    state_->supervisor->Signal(pid, SIGKILL);
  }
  // A killed process ends; what follows its end (usage, the recorder's span) is done when it is no longer known here.
  std::unique_lock lock(state_->mutex);
  state_->changed.wait_for(lock, kKilledEndsWithin, [&] {
    return std::none_of(running.begin(), running.end(),
                        [&](const auto& item) { return state_->names.contains(item.second); });
  });
  return killed;
}

std::string Processes::EndedByItself(ProcessRole role) const {
  const std::lock_guard lock(state_->mutex);
  for (const auto& [name, program] : state_->programs) {
    if (program.plan.role == role && !program.ended_by_itself.empty()) {
      return fmt::format("{} ended by itself: {}; see {}", name, program.ended_by_itself, program.spec.log_path);
    }
  }
  return {};
}

std::vector<RunFacts::ProcessUsage> Processes::Usage() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<RunFacts::ProcessUsage> usage;
  for (const auto& [name, program] : state_->programs) usage.push_back(program.usage);
  return usage;
}

std::optional<int64_t> Processes::Pid(const std::string& name) {
  const std::lock_guard lock(state_->mutex);
  return state_->programs.at(name).pid;
}

void Processes::ExpectEnd(const std::string& name) {
  const std::lock_guard lock(state_->mutex);
  state_->programs.at(name).end_is_expected = true;
}

void Processes::Restart(const std::string& name) { Start(name); }

bool Processes::RestartedAtEnd(const std::string& name) {
  const std::lock_guard lock(state_->mutex);
  return state_->programs.at(name).plan.role != ProcessRole::kProducer;
}

Supervisor* Processes::supervisor() { return state_->supervisor; }

}  // namespace harness
