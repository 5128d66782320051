// What the main() of every program shares: a stop on SIGINT/SIGTERM that threads can wait for, and the log. Called from
// main() before other threads start; StopSignal is thread-safe afterwards.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace pipeline {

// SIGINT and SIGTERM become a condition (blocked in all threads, read by one of its own through signalfd). One instance
// a program. A second signal ends the process at once with 130, whatever else is going on. A child process inherits the
// blocked signals: who spawns one must unblock them in it before exec.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  bool requested() const;
  int number() const;  // of the first signal; 0 before, and when only Request() was called
  // The program itself asks to stop. A signal that comes afterwards counts as the first.
  void Request();
  // True when stopped before `deadline_ns` (monotonic); false when it passed.
  bool WaitUntil(int64_t deadline_ns) const;
  void Wait() const;
  // Called once, at the stop, from a thread that exists for these callbacks; from the caller's, at once, when the stop
  // has come already. May take its time. Must not throw.
  void OnStop(std::function<void()> callback);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// spdlog to stderr: time, level, message; level from PIPELINE_LOG_LEVEL (default info).
void StartLog(const std::string& program);

// What `--version` prints: "payment-server 0.1.0 (librdkafka 2.0.2, gRPC 1.51.1)"; `libraries` as given.
std::string VersionText(const std::string& program, const std::string& libraries = "");

}  // namespace pipeline
