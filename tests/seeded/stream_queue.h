// What a stream of the seeded server has read and its subscriber has not taken yet: between the thread that reads and
// the one that writes. It is the bug: it drops what a slow subscriber does not take, or keeps all of it. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "payment.pb.h"

namespace harness {

class StreamQueue {
 public:
  using Clock = std::chrono::steady_clock;

  // `stalled_after`: what is pushed when nothing has been taken for that long is dropped. `ballast_bytes`: memory kept
  // beside each event, so that a short run shows what large events would.
  StreamQueue(Clock::duration stalled_after, size_t ballast_bytes)
      : stalled_after_(stalled_after), ballast_bytes_(ballast_bytes) {}

  void Push(const ::payment::PaymentEvent& event) {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) taken_ = Clock::now();
    if (Clock::now() - taken_ > stalled_after_) return;
    waiting_.emplace_back(event, std::string(ballast_bytes_, 'x'));
    changed_.notify_one();
  }
  // Waits for one; nullopt when it was closed and all have been taken.
  std::optional<::payment::PaymentEvent> Pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
    if (waiting_.empty()) return std::nullopt;
    ::payment::PaymentEvent event = std::move(waiting_.front().first);
    waiting_.pop_front();
    taken_ = Clock::now();
    return event;
  }
  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_one();
  }

 private:
  const Clock::duration stalled_after_;
  const size_t ballast_bytes_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<::payment::PaymentEvent, std::string>> waiting_;
  Clock::time_point taken_;  // when one was taken last, or the first one came
  bool closed_ = false;
};

}  // namespace harness
