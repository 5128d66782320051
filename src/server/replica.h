// The replica's state under its mutex, and who is to be woken when it changes. One thread writes (the Kafka reader);
// gRPC's threads, the catch-up readers and the evidence reader read. The mutex is held for a batch of records or of
// events, never across I/O.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "server/wait_list.h"
#include "stream/replica_state.h"

namespace pipeline {

class Replica {
 public:
  explicit Replica(int64_t window_bytes_max, const StoreLimits& limits = {}) : state_(window_bytes_max, limits) {}

  // The state, held still while this lives. What was seen through it can't change before a waiter is registered; see
  // WaitList for what wakes it.
  class Access {
   public:
    const ReplicaState& state() const {
      replica_->mutex_.AssertHeld();
      return replica_->state_;
    }
    void WaitForChange(std::shared_ptr<Waiter> waiter) {
      replica_->mutex_.AssertHeld();
      replica_->waiting_.ForChange(std::move(waiter));
    }
    void WaitForLoaded(std::shared_ptr<Waiter> waiter) {
      replica_->mutex_.AssertHeld();
      replica_->waiting_.ForLoaded(std::move(waiter));
    }
    void WaitForPassing(const std::shared_ptr<Waiter>& waiter, std::span<const Position> positions) {
      replica_->mutex_.AssertHeld();
      replica_->waiting_.ForPassing(waiter, positions);
    }

   private:
    friend class Replica;
    explicit Access(Replica* replica) : replica_(replica), lock_(&replica->mutex_) {}
    Replica* const replica_;
    const MutexLock lock_;
  };
  Access Lock() { return Access(this); }

  // Changes the state and has the waiters woken.
  template <typename Change>
  void Update(const Change& change) {
    bool wake = false;
    {
      const MutexLock lock(&mutex_);
      change(state_);
      waiting_.Collect(state_, &woken_);
      wake = !woken_.empty();
    }
    if (wake) woken_changed_.NotifyOne();
  }

  // Changes what nobody waits for.
  template <typename Change>
  void UpdateQuietly(const Change& change) {
    const MutexLock lock(&mutex_);
    change(state_);
  }

  // It is not woken any more, and not kept.
  void Forget(Waiter* waiter);

  // For the wake thread: those to wake now; empty at `deadline_ns` (monotonic), or when Interrupt() was called.
  std::vector<std::shared_ptr<Waiter>> TakeWoken(int64_t deadline_ns);
  void Interrupt();

 private:
  Mutex mutex_;
  CondVar woken_changed_;
  ReplicaState state_ ABSL_GUARDED_BY(mutex_);
  WaitList waiting_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Waiter>> woken_ ABSL_GUARDED_BY(mutex_);
  bool interrupted_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace pipeline
