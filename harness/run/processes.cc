#include "harness/run/processes.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>

#include "common/clock.h"
#include "harness/process/sockets.h"
#include "harness/process/subject.h"
#include "harness/run/endings.h"
#include "harness/run/log_excerpt.h"
#include "harness/run/processes_state.h"

namespace harness {
namespace {

constexpr auto kKilledEndsWithin = std::chrono::seconds(10);
constexpr int64_t kStrangersEndWithinNs = 2'000'000'000;  // once the process has ended

int PortOf(const std::string& address) {
  const size_t colon = address.rfind(':');
  return colon == std::string::npos ? 0 : std::atoi(address.c_str() + colon + 1);
}

std::string SecondsText(int64_t time_ns) { return fmt::format("{:g} s", static_cast<double>(time_ns) / 1e9); }

}  // namespace

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
    const pipeline::MutexLock lock(&state_->mutex);
    state_->ending = true;
    state_->changed.NotifyAll();
  }
  state_->prober.join();
  state_->supervisor->OnExit(nullptr);
}

void Processes::Add(ManagedProgram program) {
  const pipeline::MutexLock lock(&state_->mutex);
  const std::string name = program.name;
  State::Program& added = state_->programs[name];
  added.usage.name = name;
  added.plan = std::move(program);
}

void Processes::Start(const std::string& name) {
  std::function<ProcessSpec()> next_spec;
  {
    const pipeline::MutexLock lock(&state_->mutex);
    State::Program& program = state_->programs.at(name);
    // Its end may be known to whoever starts it anew before it is known here.
    state_->changed.WaitFor(&state_->mutex, kKilledEndsWithin,
                            [&] { return !program.pid || state_->supervisor->IsRunning(*program.pid); });
    if (program.pid) throw std::runtime_error(name + " is running already");
    if (program.end_is_ours) throw std::runtime_error(name + " is not started again: the run is ending");
    next_spec = program.plan.next_spec;
  }
  ProcessSpec spec = next_spec();
  const int64_t started_ns = pipeline::MonotonicNs();
  const int64_t pid = state_->supervisor->Start(spec);

  pipeline::MutexLock lock(&state_->mutex);
  State::Program& program = state_->programs.at(name);
  program.pid = pid;
  program.ready_ns = 0;
  program.end_is_expected = false;
  program.times_asked = 0;
  program.killed_early = false;
  program.killed_because.clear();
  program.span = state_->recorder->OnProcess(
      {.name = name, .pid = pid, .started_ns = started_ns, .ready_ns = 0, .ended_ns = 0, .how = {}, .bad_end = {}});
  program.spec = std::move(spec);
  state_->names[pid] = name;
  state_->changed.NotifyAll();
  if (const auto exit = state_->unclaimed_exits.extract(pid)) {
    const State::EndNews news = state_->Ended(&program, exit.mapped());
    lock.Unlock();
    state_->Tell(news);
  }
}

std::string Processes::WaitReady() {
  const int64_t begin_ns = pipeline::MonotonicNs();
  const pipeline::MutexLock lock(&state_->mutex);
  for (;;) {
    std::string waiting_for;
    int64_t late_within_ns = 0;
    const int64_t waited_ns = pipeline::MonotonicNs() - begin_ns;
    for (const auto& [name, program] : state_->programs) {
      if (!IsWaitedFor(program.plan.role)) continue;
      if (!program.ended_by_itself.empty() && !program.pid) {
        return fmt::format("{} ended before it was ready: {}; see {}", name, program.ended_by_itself,
                           program.spec.log_path);
      }
      if (!program.pid || program.ready_ns != 0) continue;
      waiting_for += fmt::format("{}{} at {}", waiting_for.empty() ? "" : ", ", name, program.plan.address);
      if (waited_ns >= program.plan.ready_within_ns) late_within_ns = program.plan.ready_within_ns;
    }
    if (waiting_for.empty()) return {};
    if (state_->stopping()) return "interrupted";
    if (late_within_ns != 0) return fmt::format("{} was not ready within {}", waiting_for, SecondsText(late_within_ns));
    state_->changed.WaitFor(&state_->mutex, kProbePause);
  }
}

std::string Processes::LogsOfUnready() const {
  const pipeline::MutexLock lock(&state_->mutex);
  std::string excerpts;
  for (const auto& [name, program] : state_->programs) {
    const bool unready = IsWaitedFor(program.plan.role) && program.pid && program.ready_ns == 0;
    const bool ended = !program.ended_by_itself.empty() && !program.pid;
    if (unready || ended) excerpts += LogExcerpt(program.spec.log_path);
  }
  return excerpts;
}

std::vector<std::string> Processes::StopAll(ProcessRole role, int64_t grace_max_ns) {
  std::vector<std::string> names;
  {
    const pipeline::MutexLock lock(&state_->mutex);
    for (const auto& [name, program] : state_->programs) {
      if (program.plan.role == role) names.push_back(name);
    }
  }
  return Stop(names, grace_max_ns);
}

std::vector<std::string> Processes::StopOne(const std::string& name) { return Stop({name}, INT64_MAX); }

std::vector<std::string> Processes::Stop(const std::vector<std::string>& names, int64_t grace_max_ns) {
  struct Running {
    std::string name;
    int64_t pid = 0;
    int64_t end_within_ns = 0;
    int port = 0;
    Subject subject;
  };
  std::vector<Running> running;
  {
    const pipeline::MutexLock lock(&state_->mutex);
    for (const std::string& name : names) {
      State::Program& program = state_->programs.at(name);
      program.end_is_ours = true;
      if (!program.pid) continue;
      ++program.times_asked;
      running.push_back({name, *program.pid, program.plan.end_within_ns, PortOf(program.plan.address), {}});
    }
  }
  for (Running& one : running) {
    one.subject = FindSubject(state_->supervisor, one.pid, one.port);
    SignalSubject(state_->supervisor, one.subject, SIGTERM);
  }
  const int64_t asked_ns = pipeline::MonotonicNs();
  std::vector<std::string> problems;
  for (const Running& one : running) {
    if (state_->supervisor->WaitExit(one.pid, asked_ns + std::min(one.end_within_ns, grace_max_ns))) continue;
    if (grace_max_ns < one.end_within_ns) {
      const pipeline::MutexLock lock(&state_->mutex);
      state_->programs.at(one.name).killed_early = true;
    } else {
      HadToBeKilled(one.name);
    }
    problems.push_back(one.name + " did not end on SIGTERM and was killed");
    SignalSubject(state_->supervisor, one.subject, SIGKILL);
  }
  for (const Running& one : running) {
    if (LeftOf(one.subject, pipeline::MonotonicNs() + std::min(kStrangersEndWithinNs, grace_max_ns)).empty()) continue;
    SignalSubject(state_->supervisor, one.subject, SIGKILL);
    const std::string left = LeftOf(one.subject, pipeline::MonotonicNs() + kStrangersEndWithinNs);
    if (!left.empty()) problems.push_back(fmt::format("{} has ended, but {}", one.name, left));
  }
  // A killed process ends; what follows its end (usage, the recorder's span) is done when it is no longer known here.
  const pipeline::MutexLock lock(&state_->mutex);
  state_->changed.WaitFor(&state_->mutex, kKilledEndsWithin, [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_->mutex) {
    return std::none_of(running.begin(), running.end(),
                        [&](const Running& one)
                            ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_->mutex) { return state_->names.contains(one.pid); });
  });
  return problems;
}

void Processes::Watch(int64_t pid, std::function<void(const ProcessExit&)> on_ended) {
  pipeline::MutexLock lock(&state_->mutex);
  if (const auto ended = state_->unclaimed_exits.find(pid); ended != state_->unclaimed_exits.end()) {
    const ProcessExit exit = ended->second;
    lock.Unlock();
    on_ended(exit);
    return;
  }
  state_->watched[pid] = std::move(on_ended);
}

bool Processes::IsConnectedTo(const std::string& name, const std::set<int>& ports) {
  const std::optional<int64_t> pid = Pid(name);
  if (!pid) return false;
  const std::set<uint64_t> sockets = SocketsConnectedTo(ports);
  if (sockets.empty()) return false;
  const auto members = state_->supervisor->Members(*pid);
  return std::any_of(members.begin(), members.end(), [&](int64_t member) { return HasOpenOneOf(member, sockets); });
}

std::string Processes::EndedByItself(ProcessRole role) const {
  const pipeline::MutexLock lock(&state_->mutex);
  for (const auto& [name, program] : state_->programs) {
    if (program.plan.role == role && !program.ended_by_itself.empty()) {
      return fmt::format("{} ended by itself: {}; see {}", name, program.ended_by_itself, program.spec.log_path);
    }
  }
  return {};
}

std::vector<RunFacts::ProcessUsage> Processes::Usage() const {
  const pipeline::MutexLock lock(&state_->mutex);
  std::vector<RunFacts::ProcessUsage> usage;
  for (const auto& [name, program] : state_->programs) usage.push_back(program.usage);
  return usage;
}

std::vector<std::pair<std::string, int64_t>> Processes::Running() const {
  const pipeline::MutexLock lock(&state_->mutex);
  std::vector<std::pair<std::string, int64_t>> running;
  for (const auto& [name, program] : state_->programs) {
    if (program.pid) running.emplace_back(program.spec.name, *program.pid);
  }
  return running;
}

std::optional<int64_t> Processes::Pid(const std::string& name) {
  const pipeline::MutexLock lock(&state_->mutex);
  return state_->programs.at(name).pid;
}

int Processes::Port(const std::string& name) {
  const pipeline::MutexLock lock(&state_->mutex);
  return PortOf(state_->programs.at(name).plan.address);
}

std::optional<int64_t> Processes::EndTimeoutNs(const std::string& name) {
  const pipeline::MutexLock lock(&state_->mutex);
  return state_->programs.at(name).plan.end_within_ns;
}

void Processes::ExpectEnd(const std::string& name, bool asked) {
  const pipeline::MutexLock lock(&state_->mutex);
  State::Program& program = state_->programs.at(name);
  program.end_is_expected = true;
  if (asked) ++program.times_asked;
  // What a kill does to one that was asked before is the kill's.
  if (!asked) program.killed_early = true;
}

void Processes::HadToBeKilled(const std::string& name) {
  const pipeline::MutexLock lock(&state_->mutex);
  State::Program& program = state_->programs.at(name);
  program.killed_because = fmt::format("it did not within {}, and was killed", SecondsText(program.plan.end_within_ns));
}

void Processes::Restart(const std::string& name) { Start(name); }

bool Processes::RestartedAtEnd(const std::string& name) {
  const pipeline::MutexLock lock(&state_->mutex);
  const State::Program& program = state_->programs.at(name);
  return program.plan.role != ProcessRole::kProducer && !program.end_is_ours;
}

void TakeLimits(const ProgramPlan& plan, ManagedProgram* program) {
  program->ready_within_ns = plan.ready_within_ns;
  program->end_within_ns = plan.end_within_ns;
  program->exit_codes = AllowedExitCodes(plan);
}

Supervisor* Processes::supervisor() { return state_->supervisor; }

}  // namespace harness
