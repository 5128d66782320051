// The replica's state under its mutex, and who is to be woken when it changes. One thread writes (the Kafka reader);
// gRPC's threads, the catch-up readers and the verifier read. The mutex is held for a batch of records or of events,
// never across I/O.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "stream/replica_state.h"

namespace pipeline {

// Something that waits for the state to change. Wake() is called from the wake thread (CallHub), once for each Wait.
class Waiter {
 public:
  virtual ~Waiter() = default;
  virtual void Wake() = 0;

 private:
  friend class Replica;
  bool waiting_ = false;  // under the replica's mutex
};

class Replica {
 public:
  explicit Replica(int64_t window_bytes_max, int64_t payments_max = INT64_MAX)
      : state_(window_bytes_max, payments_max) {}

  // The state, held still while this lives.
  class Access {
   public:
    const ReplicaState& state() const { return replica_->state_; }
    // Has `waiter` woken at the next change. What was seen through this access can't change before it is registered.
    void Wait(std::shared_ptr<Waiter> waiter);

   private:
    friend class Replica;
    explicit Access(Replica* replica) : replica_(replica), lock_(replica->mutex_) {}
    Replica* replica_;
    std::unique_lock<std::mutex> lock_;
  };
  Access Lock() { return Access(this); }

  // Changes the state and has the waiters woken.
  template <typename Change>
  void Update(const Change& change) {
    bool wake = false;
    {
      const std::lock_guard lock(mutex_);
      change(state_);
      wake = MoveWaiters();
    }
    if (wake) woken_changed_.notify_one();
  }

  // For the wake thread: those to wake now; empty at `deadline_ns` (monotonic), or when Interrupt() was called.
  std::vector<std::shared_ptr<Waiter>> TakeWoken(int64_t deadline_ns);
  void Interrupt();

 private:
  bool MoveWaiters();

  std::mutex mutex_;
  std::condition_variable woken_changed_;
  ReplicaState state_;
  std::vector<std::shared_ptr<Waiter>> waiters_;
  std::vector<std::shared_ptr<Waiter>> woken_;
  bool interrupted_ = false;
};

}  // namespace pipeline
