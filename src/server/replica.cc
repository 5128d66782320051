#include "server/replica.h"

#include <chrono>

namespace pipeline {

void Replica::Forget(Waiter* waiter) {
  const std::lock_guard lock(mutex_);
  waiting_.Forget(waiter);
}

std::vector<std::shared_ptr<Waiter>> Replica::TakeWoken(int64_t deadline_ns) {
  std::unique_lock lock(mutex_);
  const auto deadline = std::chrono::steady_clock::time_point(std::chrono::nanoseconds(deadline_ns));
  woken_changed_.wait_until(lock, deadline, [this] { return !woken_.empty() || interrupted_; });
  return std::exchange(woken_, {});
}

void Replica::Interrupt() {
  {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
  }
  woken_changed_.notify_all();
}

}  // namespace pipeline
