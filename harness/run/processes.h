// The programs under test of one run: starts them, watches them, knows which of their ends were asked for, and is what
// faults act upon. Owned by the runner; thread-safe (the supervisor's thread, the fault scheduler's and the runner's
// call it).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/fault/fault.h"
#include "harness/observe/recorder.h"
#include "harness/process/supervisor.h"
#include "harness/report/report.h"

namespace harness {

enum class ProcessRole : uint8_t { kServer, kClient, kProducer, kBroker };

struct ManagedProgram {
  std::string name;
  ProcessRole role = ProcessRole::kServer;
  // The command of its next start; called once per start, from the starting thread.
  std::function<ProcessSpec()> next_spec;
  std::string address;  // servers and brokers: where readiness is asked
  // Asks once, takes at most half a second; empty: a server's health service.
  std::function<bool()> is_ready;
  // After a start's process has ended, from the supervisor's thread.
  std::function<void(const ProcessSpec& spec, const ProcessExit& exit)> on_ended;
};

class Processes : public FaultTargets {
 public:
  // `notice`: a line for people, when something ends that nobody asked to end; `stopping`: waits may be given up.
  Processes(Supervisor* supervisor, Recorder* recorder, std::function<void(const std::string&)> notice,
            std::function<bool()> stopping);
  ~Processes() override;

  void Add(ManagedProgram program);
  // Throws std::runtime_error that names the program.
  void Start(const std::string& name);
  // Waits until every started server and broker is ready. Empty when they are; otherwise a sentence about the first
  // that is not. One that ends while it is waited for ends the wait.
  std::string WaitReady(int64_t deadline_ns);
  // SIGTERM to every process of that role, SIGKILL at the deadline; returns when they have ended. A process that had to
  // be killed is named in the result.
  std::vector<std::string> StopAll(ProcessRole role, int64_t deadline_ns);
  // The ends of the logs of those that are waited for and not ready, or ended by themselves (log_excerpt.h).
  std::string LogsOfUnready() const;
  // Sentence about the first process of a role that has ended by itself; empty: none has.
  std::string EndedByItself(ProcessRole role) const;
  std::vector<RunFacts::ProcessUsage> Usage() const;

  std::optional<int64_t> Pid(const std::string& name) override;
  void ExpectEnd(const std::string& name) override;
  void Restart(const std::string& name) override;
  bool RestartedAtEnd(const std::string& name) override;
  Supervisor* supervisor() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace harness
