// The programs under test of one run: starts them, watches them, knows which of their ends were asked for, and is what
// faults act upon. Owned by the runner; thread-safe (the supervisor's thread, the fault scheduler's and the runner's
// call it).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/fault/fault.h"
#include "harness/observe/recorder.h"
#include "harness/plan/scenario.h"
#include "harness/process/supervisor.h"
#include "harness/report/report.h"

namespace harness {

enum class ProcessRole : uint8_t { kServer, kClient, kProducer, kBroker };

struct ManagedProgram {
  std::string name;
  ProcessRole role = ProcessRole::kServer;
  // The command of its next start; called once per start, from the starting thread.
  std::function<ProcessSpec()> next_spec;
  std::string address;  // servers and brokers: where readiness is asked, and where they listen
  // Asks once, takes at most half a second; empty: a server's health service.
  std::function<bool()> is_ready;
  // After a start's process has ended, from the supervisor's thread.
  std::function<void(const ProcessSpec& spec, const ProcessExit& exit)> on_ended;
  int64_t ready_within_ns = 30'000'000'000;
  int64_t end_within_ns = 10'000'000'000;  // of being asked to
  std::vector<int> exit_codes = {0};       // with which it may end when it is asked to; 128 + N: by signal N
};

// The part of a program's plan that its end and its readiness are judged by.
void TakeLimits(const ProgramPlan& plan, ManagedProgram* program);

class Processes : public FaultTargets {
 public:
  // `notice`: a line for people, when something ends that nobody asked to end; `stopping`: waits may be given up.
  Processes(Supervisor* supervisor, Recorder* recorder, std::function<void(const std::string&)> notice,
            std::function<bool()> stopping);
  ~Processes() override;

  void Add(ManagedProgram program);
  // Throws std::runtime_error that names the program.
  void Start(const std::string& name);
  // Waits until every started server and broker is ready, each for as long as it may take. Empty when they are;
  // otherwise a sentence about the first that is not. One that ends while it is waited for ends the wait.
  std::string WaitReady();
  // SIGTERM to every process of that role (what is stopped is continued), SIGKILL when it takes longer than
  // it may, or than `grace_max_ns`; returns when they have ended, whoever listens for them too. What went wrong, a
  // sentence each.
  std::vector<std::string> StopAll(ProcessRole role, int64_t grace_max_ns = INT64_MAX);
  // The same for one. It is not started again.
  std::vector<std::string> StopOne(const std::string& name);
  // `on_ended` is called, from the supervisor's thread, when a process that somebody else has started ends.
  void Watch(int64_t pid, std::function<void(const ProcessExit&)> on_ended);
  // The ends of the logs of those that are waited for and not ready, or ended by themselves (log_excerpt.h).
  std::string LogsOfUnready() const;
  // Sentence about the first process of a role that has ended by itself; empty: none has.
  std::string EndedByItself(ProcessRole role) const;
  std::vector<RunFacts::ProcessUsage> Usage() const;

  // Name and pid of each that runs now.
  std::vector<std::pair<std::string, int64_t>> Running() const;

  std::optional<int64_t> Pid(const std::string& name) override;
  // Of a running program, whichever of its processes has it, a connection to one of `ports` of this host.
  bool IsConnectedTo(const std::string& name, const std::set<int>& ports);
  int Port(const std::string& name) override;
  std::optional<int64_t> EndTimeoutNs(const std::string& name) override;
  void ExpectEnd(const std::string& name, bool asked) override;
  void HadToBeKilled(const std::string& name) override;
  void Restart(const std::string& name) override;
  bool RestartedAtEnd(const std::string& name) override;
  Supervisor* supervisor() override;

 private:
  std::vector<std::string> Stop(const std::vector<std::string>& names, int64_t grace_max_ns);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace harness
