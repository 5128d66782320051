// SIGINT, SIGTERM and SIGHUP as a condition: see program.h.
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <map>
#include <system_error>
#include <thread>
#include <utility>

#include "common/clock.h"
#include "common/mutex.h"
#include "common/program.h"

namespace pipeline {
namespace {

constexpr int kExitInterrupted = 130;  // 128 + SIGINT, as shells count

[[noreturn]] void Fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  struct sigaction hang_up {};
  sigaction(SIGHUP, nullptr, &hang_up);
  if (hang_up.sa_handler != SIG_IGN) sigaddset(&signals, SIGHUP);
  return signals;
}

}  // namespace

// Two threads: one that reads signals, so that the second one ends the process whatever the callbacks do, and one that
// calls them.
struct StopSignal::State {
  explicit State(SecondSignal second);
  ~State();
  void ReadSignals();
  void CallBack();
  void Stop(int signal);
  void TakeSignal(int signal) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  const SecondSignal second_signal;
  mutable Mutex mutex;
  mutable CondVar changed;
  std::atomic<bool> requested = false;  // this and the next set under mutex
  std::atomic<bool> hurried = false;
  bool ending ABSL_GUARDED_BY(mutex) = false;
  int number ABSL_GUARDED_BY(mutex) = 0;                       // of the first signal
  using Callbacks = std::map<int64_t, std::function<void()>>;  // by number, in the order of their coming
  Callbacks callbacks ABSL_GUARDED_BY(mutex);
  Callbacks hurry_callbacks ABSL_GUARDED_BY(mutex);
  Callbacks* Due() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (requested && !callbacks.empty()) return &callbacks;
    return hurried && !hurry_callbacks.empty() ? &hurry_callbacks : nullptr;
  }
  int64_t next_id ABSL_GUARDED_BY(mutex) = 1;
  int64_t running_id ABSL_GUARDED_BY(mutex) = 0;  // the callback that is being called; 0: none
  sigset_t mask_before{};
  int signal_fd = -1;
  int end_fd = -1;
  std::thread reader;
  std::thread caller;
};

StopSignal::State::State(SecondSignal second) : second_signal(second) {
  const sigset_t signals = StopSignals();
  // Threads that are started later inherit the mask, so that no other one ever handles these signals.
  if (const int error = pthread_sigmask(SIG_BLOCK, &signals, &mask_before); error != 0) {
    errno = error;
    Fail("can't block the signals that stop a program");
  }
  signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signal_fd < 0) Fail("signalfd");
  end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (end_fd < 0) Fail("eventfd");
  reader = std::thread([this] { ReadSignals(); });
  caller = std::thread([this] { CallBack(); });
}

StopSignal::State::~State() {
  {
    const MutexLock lock(&mutex);
    ending = true;
  }
  changed.NotifyAll();
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = write(end_fd, &one, sizeof one);  // an empty counter takes it
  reader.join();
  caller.join();
  close(signal_fd);
  close(end_fd);
  pthread_sigmask(SIG_SETMASK, &mask_before, nullptr);
}

void StopSignal::State::ReadSignals() {
  for (;;) {
    std::array<pollfd, 2> fds = {{{signal_fd, POLLIN, 0}, {end_fd, POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), -1) < 0) continue;  // EINTR
    if (fds[1].revents != 0) return;
    signalfd_siginfo signal{};
    if (read(signal_fd, &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) {
      Stop(static_cast<int>(signal.ssi_signo));
    }
  }
}

void StopSignal::State::CallBack() {
  MutexLock lock(&mutex);
  for (;;) {
    changed.Wait(&mutex, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return Due() != nullptr || ending; });
    Callbacks* due = Due();
    if (due == nullptr) return;
    const auto next = due->extract(due->begin());
    running_id = next.key();
    lock.Unlock();
    next.mapped()();
    lock.Lock();
    running_id = 0;
    changed.NotifyAll();
  }
}

// `signal`: 0 when the program itself asks.
void StopSignal::State::Stop(int signal) {
  {
    const MutexLock lock(&mutex);
    if (signal != 0) TakeSignal(signal);
    requested = true;
  }
  changed.NotifyAll();
}

void StopSignal::State::TakeSignal(int signal) {
  if (number == 0 || number == SIGHUP) {
    number = signal;
  } else if (signal != SIGHUP) {
    // Whoever sends a second signal does not want to wait.
    if (second_signal == SecondSignal::kEnds || hurried) _exit(kExitInterrupted);
    hurried = true;
  }
}

StopSignal::StopSignal(SecondSignal second) : state_(std::make_unique<State>(second)) {}
StopSignal::~StopSignal() = default;

bool StopSignal::requested() const { return state_->requested; }
bool StopSignal::hurried() const { return state_->hurried; }

int StopSignal::number() const {
  const MutexLock lock(&state_->mutex);
  return state_->number;
}

void StopSignal::Request() { state_->Stop(0); }

bool StopSignal::WaitUntil(int64_t deadline_ns) const {
  const std::chrono::steady_clock::time_point deadline{std::chrono::nanoseconds(deadline_ns)};
  // A wait whose time is over costs two system calls: too much for a loop that is behind its schedule.
  if (state_->requested || MonotonicNs() >= deadline_ns) return state_->requested;
  const MutexLock lock(&state_->mutex);
  return state_->changed.WaitUntil(&state_->mutex, deadline, [&] { return state_->requested.load(); });
}

void StopSignal::Wait() const {
  const MutexLock lock(&state_->mutex);
  state_->changed.Wait(&state_->mutex, [&] { return state_->requested.load(); });
}

StopCallback::StopCallback(const StopSignal* stop, std::function<void()> callback, When when)
    : state_(stop->state_.get()) {
  {
    const MutexLock lock(&state_->mutex);
    if (when == When::kRequested ? !state_->requested : !state_->hurried) {
      id_ = state_->next_id++;
      (when == When::kRequested ? state_->callbacks : state_->hurry_callbacks).emplace(id_, std::move(callback));
      return;
    }
  }
  callback();
}

StopCallback::~StopCallback() {
  const MutexLock lock(&state_->mutex);
  state_->callbacks.erase(id_);
  state_->hurry_callbacks.erase(id_);
  state_->changed.Wait(&state_->mutex, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_->mutex) {
    return id_ == 0 || state_->running_id != id_;
  });
}

}  // namespace pipeline
