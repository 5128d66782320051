// What the main() of every program shares: a stop on SIGINT, SIGTERM or SIGHUP that threads can wait for, and what it
// says of itself. Called from main() before other threads start; StopSignal is thread-safe afterwards.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace pipeline {

// What a second SIGINT or SIGTERM does: somebody does not want to wait.
enum class SecondSignal : uint8_t {
  kEnds,     // ends the process at once with 130, whatever else is going on
  kHurries,  // sets hurried(); a third one ends the process
};

// SIGINT, SIGTERM and SIGHUP become a condition (blocked in all threads, read by one of its own through signalfd). One
// instance a program. SIGHUP is left alone where it is ignored at the start, as nohup(1) does; it is never a second
// signal, for a terminal that closes may send several. A child process inherits the blocked signals: who spawns one
// must unblock them in it before exec.
class StopSignal {
 public:
  explicit StopSignal(SecondSignal second = SecondSignal::kEnds);
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  bool requested() const;
  bool hurried() const;  // a second signal came: leave out what may be left out. Only with kHurries
  int number() const;    // of the first signal; 0 before, and when only Request() was called
  // The program itself asks to stop. A signal that comes afterwards counts as the first.
  void Request();
  // True when stopped before `deadline_ns` (monotonic); false when it passed.
  bool WaitUntil(int64_t deadline_ns) const;
  void Wait() const;

 private:
  friend class StopCallback;
  struct State;
  std::unique_ptr<State> state_;
};

// Something to do at the stop, for as long as this lives. Declare it after everything that it uses.
class StopCallback {
 public:
  enum class When : uint8_t { kRequested, kHurried };
  // `callback` is called once, at the stop (kHurried: when it is to hurry), from a thread that exists for these
  // callbacks; from the caller's, at once, when the stop has come already. It may take its time, must not throw and
  // must not destroy this. `stop` outlives it.
  StopCallback(const StopSignal* stop, std::function<void()> callback, When when = When::kRequested);
  // Afterwards the callback is not running and will not be called.
  ~StopCallback();
  StopCallback(const StopCallback&) = delete;
  StopCallback& operator=(const StopCallback&) = delete;

 private:
  StopSignal::State* const state_;
  int64_t id_ = 0;
};

// What `--version` prints: "payment-server 0.1.0 (librdkafka 2.0.2, gRPC 1.51.1)"; `libraries` as given.
std::string VersionText(const std::string& program, const std::string& libraries = "");

}  // namespace pipeline
