#include "server/replica.h"

#include <chrono>

namespace pipeline {

void Replica::Forget(Waiter* waiter) {
  const MutexLock lock(&mutex_);
  waiting_.Forget(waiter);
}

std::vector<std::shared_ptr<Waiter>> Replica::TakeWoken(int64_t deadline_ns) {
  const MutexLock lock(&mutex_);
  const auto deadline = std::chrono::steady_clock::time_point(std::chrono::nanoseconds(deadline_ns));
  woken_changed_.WaitUntil(&mutex_, deadline,
                           [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !woken_.empty() || interrupted_; });
  return std::exchange(woken_, {});
}

void Replica::Interrupt() {
  {
    const MutexLock lock(&mutex_);
    interrupted_ = true;
  }
  woken_changed_.NotifyAll();
}

}  // namespace pipeline
