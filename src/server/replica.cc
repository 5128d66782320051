#include "server/replica.h"

#include <chrono>

namespace pipeline {

void Replica::Access::Wait(std::shared_ptr<Waiter> waiter) {
  if (waiter->waiting_) return;
  waiter->waiting_ = true;
  replica_->waiters_.push_back(std::move(waiter));
}

bool Replica::MoveWaiters() {
  if (waiters_.empty()) return false;
  for (std::shared_ptr<Waiter>& waiter : waiters_) {
    waiter->waiting_ = false;
    woken_.push_back(std::move(waiter));
  }
  waiters_.clear();
  return true;
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
