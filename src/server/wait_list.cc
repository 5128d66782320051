#include "server/wait_list.h"

#include <algorithm>
#include <utility>

namespace pipeline {
namespace {

// Below so many a list is not worth a walk to drop those that have gone.
constexpr size_t kGoneMin = 64;

}  // namespace

void WaitList::Add(Waiter::For what, Queue* queue, std::shared_ptr<Waiter> waiter) {
  if (waiter->waits_for_ == what) return;
  Forget(waiter.get());
  waiter->waits_for_ = what;
  queue->waiters.push_back(std::move(waiter));
}

void WaitList::ForChange(std::shared_ptr<Waiter> waiter) { Add(Waiter::For::kChange, &change_, std::move(waiter)); }

void WaitList::ForLoaded(std::shared_ptr<Waiter> waiter) { Add(Waiter::For::kLoaded, &loaded_, std::move(waiter)); }

void WaitList::ForPassing(const std::shared_ptr<Waiter>& waiter, std::span<const Position> positions) {
  if (waiter->waits_for_ != Waiter::For::kPassing && waiter->waits_for_ != Waiter::For::kNothing) Forget(waiter.get());
  waiter->waits_for_ = Waiter::For::kPassing;
  // Most positions are those of the last time: they stay where they are.
  std::vector<std::optional<int64_t>> wanted(waiter->passing_.size());
  for (const Position& position : positions) {
    const auto partition = static_cast<size_t>(position.partition);
    if (partition >= wanted.size()) wanted.resize(partition + 1);
    wanted[partition] = position.offset;
  }
  if (passing_.size() < wanted.size()) passing_.resize(wanted.size());
  waiter->passing_.resize(wanted.size());
  for (size_t p = 0; p < wanted.size(); ++p) {
    std::optional<Waiter::Passing::iterator>& at = waiter->passing_[p];
    if (at && wanted[p] && (*at)->first == *wanted[p]) continue;
    LeavePassing(waiter.get(), p);
    if (wanted[p]) at = passing_[p].emplace(*wanted[p], waiter);
  }
}

void WaitList::LeavePassing(Waiter* waiter, size_t partition) {
  if (const auto at = std::exchange(waiter->passing_[partition], std::nullopt)) passing_[partition].erase(*at);
}

void WaitList::Forget(Waiter* waiter) {
  const Waiter::For what = std::exchange(waiter->waits_for_, Waiter::For::kNothing);
  for (size_t p = 0; p < waiter->passing_.size(); ++p) LeavePassing(waiter, p);
  if (what != Waiter::For::kChange && what != Waiter::For::kLoaded) return;
  Queue& queue = what == Waiter::For::kChange ? change_ : loaded_;
  if (++queue.gone < kGoneMin || queue.gone * 2 < queue.waiters.size()) return;
  std::erase_if(queue.waiters, [what](const std::shared_ptr<Waiter>& other) { return other->waits_for_ != what; });
  queue.gone = 0;
}

void WaitList::Take(std::shared_ptr<Waiter> waiter, std::vector<std::shared_ptr<Waiter>>* woken) {
  waiter->waits_for_ = Waiter::For::kNothing;
  woken->push_back(std::move(waiter));
}

void WaitList::TakeAll(Waiter::For what, Queue* queue, std::vector<std::shared_ptr<Waiter>>* woken) {
  for (std::shared_ptr<Waiter>& waiter : queue->waiters) {
    if (waiter->waits_for_ == what) Take(std::move(waiter), woken);
  }
  queue->waiters.clear();
  queue->gone = 0;
}

void WaitList::Collect(const ReplicaState& state, std::vector<std::shared_ptr<Waiter>>* woken) {
  const bool all = std::exchange(epoch_, state.epoch()) != state.epoch();
  TakeAll(Waiter::For::kChange, &change_, woken);
  if (all || state.loaded()) TakeAll(Waiter::For::kLoaded, &loaded_, woken);
  for (size_t p = 0; p < passing_.size(); ++p) {
    Waiter::Passing& list = passing_[p];
    const auto partition = static_cast<int32_t>(p);
    while (!list.empty() &&
           (all || (partition < state.partition_count() && list.begin()->first < state.next_offset(partition)))) {
      std::shared_ptr<Waiter> waiter = std::move(list.begin()->second);
      list.erase(list.begin());
      waiter->passing_[p].reset();
      if (waiter->waits_for_ == Waiter::For::kPassing) Take(std::move(waiter), woken);
    }
  }
}

size_t WaitList::kept() const {
  size_t kept = change_.waiters.size() + loaded_.waiters.size();
  for (const Waiter::Passing& list : passing_) kept += list.size();
  return kept;
}

}  // namespace pipeline
