#include "server/stream/stream_flow.h"

#include <numeric>
#include <span>
#include <utility>

#include "common/clock.h"

namespace pipeline {

void StreamFlow::Start(std::unique_ptr<StreamCursor> cursor, const std::vector<PartitionStart>& starts) {
  cursor_ = std::move(cursor);
  std::vector<int64_t> after;
  after.reserve(starts.size());
  for (const PartitionStart& at : starts) after.push_back(at.after);
  queue_.Start(std::move(after));
}

StreamFlow::Next StreamFlow::Pull(const std::shared_ptr<Waiter>& waiter) {
  Next next = Next::kMessage;
  while (next == Next::kMessage && queue_.empty()) next = catching_up_ ? Next::kWaits : PullOnce(waiter);
  return next;
}

StreamFlow::Next StreamFlow::PullOnce(const std::shared_ptr<Waiter>& waiter) {
  using Outcome = StreamCursor::Outcome;
  waits_ahead_ = false;
  if (PullReady()) return Next::kMessage;
  const std::optional<uint64_t> sequence = cursor_->window_sequence();
  std::vector<StreamEvent> events;
  std::vector<int64_t> covered;
  Outcome outcome = Outcome::kMore;
  {
    Replica::Access access = services_.replica->Lock();
    outcome = cursor_->Pull(access.state(), queue_.pull_limits(), &events);
    if (outcome == Outcome::kIdle) Wait(&access, waiter);
    if (!cursor_->window_sequence()) passed_ = cursor_->Passed(access.state());
    if (queue_.batched() && (outcome == Outcome::kEvents || outcome == Outcome::kMore || outcome == Outcome::kIdle)) {
      covered = cursor_->Covered(access.state());
    }
  }
  QueueAndShare(sequence, std::move(events));
  if (!covered.empty()) {
    const bool arrived = outcome == Outcome::kIdle && !std::exchange(arrived_, true);
    queue_.OfferBookmarks(covered, arrived, MonotonicNs());
  }
  switch (outcome) {
    case Outcome::kEvents:
    case Outcome::kMore:
      return Next::kMessage;
    case Outcome::kIdle:
      return queue_.empty() ? Next::kWaits : Next::kMessage;
    case Outcome::kFellOff:
      if (services_.slow_subscriber == SlowSubscriber::kDisconnect) return EndWith(FellOffEnd());
      cursor_->FallBack();
      return Next::kMessage;
    case Outcome::kCatchUp:
      catching_up_ = true;
      return Next::kCatchUp;
    case Outcome::kReplaced:
      return EndWith(ReplacedEnd());
    case Outcome::kIncomplete:
      return EndWith(IncompleteEnd(services_));
    case Outcome::kRefused:
      return EndWith(RefusedEnd(cursor_->refusal()));
  }
  return Next::kWaits;
}

void StreamFlow::Wait(Replica::Access* access, const std::shared_ptr<Waiter>& waiter) {
  const std::vector<Position> positions = cursor_->Awaited(access->state());
  waits_ahead_ = !positions.empty();
  if (waits_ahead_) {
    access->WaitForPassing(waiter, positions);
  } else {
    access->WaitForChange(waiter);
  }
}

uint64_t StreamFlow::window_sequence() const {
  if (waits_ahead_) return UINT64_MAX;
  return cursor_ == nullptr ? 0 : cursor_->window_sequence().value_or(0);
}

bool StreamFlow::PullReady() {
  const std::optional<uint64_t> sequence = cursor_->window_sequence();
  if (!sequence || queue_.batched()) return false;
  std::shared_ptr<const ReadyRun> run = services_.ready_runs->Find(cursor_->generation(), *sequence);
  if (run == nullptr) return false;
  const auto first = static_cast<size_t>(*sequence - run->begin_sequence);
  if (!cursor_->TakeRun(run->generation, *sequence, std::span(run->positions).subspan(first))) return false;
  queue_.PushRun(std::move(run), first);
  return true;
}

void StreamFlow::QueueAndShare(std::optional<uint64_t> sequence, std::vector<StreamEvent> events) {
  const bool whole = sequence && !events.empty() && cursor_->window_sequence() == *sequence + events.size();
  if (!whole || queue_.batched()) return queue_.Push(std::move(events));
  std::shared_ptr<const ReadyRun> run = MakeReadyRun(cursor_->generation(), *sequence, std::move(events));
  services_.ready_runs->Add(run);
  queue_.PushRun(std::move(run), 0);
}

StreamFlow::Next StreamFlow::EndWith(StreamEnd end) {
  end_ = std::move(end);
  return Next::kEnd;
}

std::optional<StreamEnd> StreamFlow::Look(int64_t now_ns, bool tell) {
  if (cursor_ == nullptr || catching_up_) return std::nullopt;
  tell = tell && queue_.IsBookmarkDue(now_ns);
  bool fell_off = false;
  std::vector<int64_t> covered;
  {
    const Replica::Access access = services_.replica->Lock();
    if (cursor_->IsReplaced(access.state())) return ReplacedEnd();
    fell_off = cursor_->HasFallenOff(access.state());
    if (tell && !fell_off) covered = cursor_->Covered(access.state());
  }
  // One that is caught up instead costs what is queued, until it reads again.
  if (fell_off && services_.slow_subscriber == SlowSubscriber::kDisconnect) return FellOffEnd();
  if (!covered.empty()) queue_.OfferBookmarks(covered, true, now_ns);
  return std::nullopt;
}

void StreamFlow::TakeCaughtUp(std::vector<StreamEvent> events, const std::vector<int64_t>& covered, int64_t now_ns) {
  queue_.Push(std::move(events));
  queue_.OfferBookmarks(covered, false, now_ns);
  passed_ = std::accumulate(covered.begin(), covered.end(), static_cast<int64_t>(covered.size()));
}

void StreamFlow::LeaveCatchUp(const std::vector<int64_t>& covered) {
  cursor_->SetCaughtUpTo(covered);
  catching_up_ = false;
}

StreamFlow::Join StreamFlow::TryJoin(const std::vector<int64_t>& covered) {
  const Replica::Access access = services_.replica->Lock();
  if (cursor_->IsReplaced(access.state())) return Join::kReplaced;
  if (cursor_->TryJoin(access.state(), covered)) {
    catching_up_ = false;
    return Join::kJoined;
  }
  return cursor_->OutgrewReader(access.state()) ? Join::kOutgrown : Join::kNotYet;
}

CallProgress::Stage StreamFlow::stage() const {
  if (catching_up_) return CallProgress::Stage::kCatchingUp;
  return cursor_->in_snapshot() ? CallProgress::Stage::kSnapshot : CallProgress::Stage::kLive;
}

}  // namespace pipeline
