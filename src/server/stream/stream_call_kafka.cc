// What is read of Kafka for one stream, and by which thread it is told: its token verified, its records while it is
// caught up.
#include <algorithm>
#include <chrono>
#include <utility>

#include "common/clock.h"
#include "server/stream/stream_call.h"

namespace pipeline {

// --- Verification ---

ResumeDecision StreamCall::DecideWith(const ReplicaState& state, const std::vector<Watermarks>& fresh) {
  return DecideResume(*request_.token, state, &fresh);  // it changes in OnVerified alone, on this thread
}

void StreamCall::OnVerified(std::vector<Watermarks> fresh, const std::vector<int32_t>& same) {
  const std::lock_guard lock(mutex_);
  for (::payment::PartitionResume& at : *request_.token->mutable_partitions()) {
    if (std::find(same.begin(), same.end(), at.partition()) != same.end()) at.clear_record_crc32c();
  }
  fresh_ = std::move(fresh);
  stage_ = Stage::kStarting;
  PumpLocked();
}

void StreamCall::OnRefused(Refusal refusal) {
  const std::lock_guard lock(mutex_);
  EndRefused(refusal);
}

void StreamCall::OnKafkaFailed(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  End(grpc::StatusCode::UNAVAILABLE, "Kafka can't be read to resume this stream: " + reason, "kafka");
}

// --- Catch-up ---

std::vector<int64_t> StreamCall::catch_up_from() const {
  const std::lock_guard lock(mutex_);
  return cursor_->catch_up_from();
}

bool StreamCall::Send(std::vector<StreamEvent> events, const std::vector<int64_t>& covered) {
  std::unique_lock lock(mutex_);
  if (ended_) return false;
  queue_.Push(std::move(events));
  queue_.OfferBookmarks(covered, false, MonotonicNs());
  PumpLocked();
  const auto has_room = [this] { return ended_ || queue_.has_room(); };
  // One that reads nothing at all must not keep a reader for ever; others may wait for it.
  for (size_t left = queue_.events(); !has_room(); left = queue_.events()) {
    const bool roomy = room_.wait_for(lock, std::chrono::nanoseconds(services_.stuck_ns), has_room);
    if (roomy || queue_.events() != left) continue;
    if (services_.slow_subscriber == SlowSubscriber::kDisconnect) {
      End(grpc::StatusCode::UNAVAILABLE, "the stream reads nothing while it is caught up; resume", "slow");
    } else {
      LeaveLocked(covered);
      return false;
    }
  }
  return !ended_;
}

void StreamCall::Leave(const std::vector<int64_t>& covered) {
  const std::lock_guard lock(mutex_);
  if (!ended_) LeaveLocked(covered);
}

// It asks for a reader again once it has sent what is queued.
void StreamCall::LeaveLocked(const std::vector<int64_t>& covered) {
  cursor_->SetCaughtUpTo(covered);
  stage_ = Stage::kFlowing;
  PumpLocked();
}

CaughtUpStream::Join StreamCall::TryJoin(const std::vector<int64_t>& covered) {
  const std::lock_guard lock(mutex_);
  if (ended_) return Join::kLeave;
  bool replaced = false;
  bool outgrown = false;
  bool joined = false;
  {
    const Replica::Access access = services_.replica->Lock();
    replaced = cursor_->IsReplaced(access.state());
    joined = !replaced && cursor_->TryJoin(access.state(), covered);
    outgrown = !replaced && !joined && cursor_->OutgrewReader(access.state());
  }
  if (replaced) {
    EndReplaced();
    return Join::kLeave;
  }
  if (outgrown) {
    LeaveLocked(covered);
    return Join::kLeave;
  }
  if (!joined) return Join::kNotYet;
  stage_ = Stage::kFlowing;
  PumpLocked();
  return Join::kJoined;
}

}  // namespace pipeline
