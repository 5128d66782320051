// What Processes keeps, and its watch over them: what an end was, who is told of it, who is ready. The parts of
// harness/run/processes share it; nobody else includes it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/mutex.h"
#include "harness/run/processes.h"

namespace harness {

// Between two looks at what is not ready yet.
inline constexpr auto kProbePause = std::chrono::milliseconds(10);

inline bool IsWaitedFor(ProcessRole role) { return role == ProcessRole::kServer || role == ProcessRole::kBroker; }

struct Processes::State {
  struct Program {
    ManagedProgram plan;
    std::optional<int64_t> pid;
    ProcessSpec spec;
    size_t span = 0;  // the recorder's, of the present process
    int64_t ready_ns = 0;
    bool end_is_expected = false;  // a fault's doing
    bool end_is_ours = false;      // the orderly stop
    int times_asked = 0;           // to end; how it does is its own
    std::string killed_because;    // what it had failed to do before it was killed
    bool killed_early = false;     // without the time that it may take
    std::string ended_by_itself;   // how, once it has
    RunFacts::ProcessUsage usage;
  };

  Supervisor* supervisor = nullptr;
  Recorder* recorder = nullptr;
  std::function<void(const std::string&)> notice;
  std::function<bool()> stopping;

  mutable pipeline::Mutex mutex;
  pipeline::CondVar changed;
  std::map<std::string, Program> programs ABSL_GUARDED_BY(mutex);
  std::map<int64_t, std::string> names ABSL_GUARDED_BY(mutex);            // by pid
  std::map<int64_t, ProcessExit> unclaimed_exits ABSL_GUARDED_BY(mutex);  // ended before Start() had told its pid
  std::map<int64_t, std::function<void(const ProcessExit&)>> watched ABSL_GUARDED_BY(mutex);  // started by others
  bool ending ABSL_GUARDED_BY(mutex) = false;
  std::thread prober;

  void OnExit(const ProcessExit& exit);
  // What others are to hear of an end, without the mutex.
  struct EndNews {
    ProcessExit exit;
    ProcessSpec spec;
    std::function<void(const ProcessSpec&, const ProcessExit&)> on_ended;
    std::vector<std::string> notices;
  };
  EndNews Ended(Program* program, const ProcessExit& exit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Tell(const EndNews& news) ABSL_LOCKS_EXCLUDED(mutex);
  static std::string BadEnd(const Program& program, const ProcessExit& exit);
  void Probe();
  std::vector<std::string> NotReady() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Of its members: a shell may stand before the program.
  int64_t LargestResidentBytes(int64_t pid) const;
};

}  // namespace harness
