// Knows who waits for the replica's state to change, and for what, so that a stream which is resumed far ahead of a
// replica that still loads is not woken with each batch. Owned by Replica, used with its mutex held.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "stream/replica_state.h"

namespace pipeline {

// Something that waits for the state to change. Wake() is called from the wake thread (CallHub), once for each wait.
class Waiter {
 public:
  virtual ~Waiter() = default;
  virtual void Wake() = 0;

 private:
  friend class WaitList;
  enum class For : uint8_t { kNothing, kChange, kLoaded, kPassing };
  using Passing = std::multimap<int64_t, std::shared_ptr<Waiter>>;

  // All under the replica's mutex.
  For waits_for_ = For::kNothing;
  std::vector<std::optional<Passing::iterator>> passing_;  // where it stands in the list of each partition
};

class WaitList {
 public:
  // Woken with the next change. All of these replace what the waiter waited for before; a log that is begun anew, has
  // skipped records or got partitions wakes everybody.
  void ForChange(std::shared_ptr<Waiter> waiter);
  // Woken when the backlog is applied.
  void ForLoaded(std::shared_ptr<Waiter> waiter);
  // Woken when the record at one of these positions has been applied or passed. One position a partition at most.
  void ForPassing(const std::shared_ptr<Waiter>& waiter, std::span<const Position> positions);
  // It waits for nothing any more, and is not kept.
  void Forget(Waiter* waiter);

  // The state has changed: appends those to be woken.
  void Collect(const ReplicaState& state, std::vector<std::shared_ptr<Waiter>>* woken);

  // Waiters kept, at most; for tests.
  size_t kept() const;

 private:
  // Those that wait for one thing; those that no longer do are dropped once they are half of them.
  struct Queue {
    std::vector<std::shared_ptr<Waiter>> waiters;
    size_t gone = 0;
  };
  void Add(Waiter::For what, Queue* queue, std::shared_ptr<Waiter> waiter);
  void LeavePassing(Waiter* waiter, size_t partition);
  static void TakeAll(Waiter::For what, Queue* queue, std::vector<std::shared_ptr<Waiter>>* woken);
  static void Take(std::shared_ptr<Waiter> waiter, std::vector<std::shared_ptr<Waiter>>* woken);

  Queue change_;
  Queue loaded_;
  std::vector<Waiter::Passing> passing_;  // of each partition, by offset
  uint64_t epoch_ = 0;                    // of the state that was seen last
};

}  // namespace pipeline
