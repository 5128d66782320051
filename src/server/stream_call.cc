#include "server/stream_call.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include "common/clock.h"
#include "server/call_limits.h"

namespace pipeline {
namespace {

// What one call may hold of events beside those in the window. While it is caught up these bound the reader.
constexpr size_t kQueueEventsMax = 1024;
constexpr int64_t kQueueBytesMax = 1024LL * 1024;
// Gaps told in trailing metadata; the message says how many there are.
constexpr size_t kGapsMax = 64;

constexpr char kStartKey[] = "payment-start-bin";
constexpr char kGapKey[] = "payment-gap-bin";
constexpr char kReasonKey[] = "payment-end-reason";
constexpr char kSubscriptionKey[] = "payment-subscription";
constexpr char kFellOffText[] = "the stream has left the log window (too slow, or the log was replaced); resume";

grpc::StatusCode StatusCodeOf(RefusalCode code) {
  switch (code) {
    case RefusalCode::kInvalidArgument:
      return grpc::StatusCode::INVALID_ARGUMENT;
    case RefusalCode::kFailedPrecondition:
      return grpc::StatusCode::FAILED_PRECONDITION;
    case RefusalCode::kOutOfRange:
      return grpc::StatusCode::OUT_OF_RANGE;
  }
  return grpc::StatusCode::INTERNAL;
}

// A slice that shares `bytes` and shows `view`, a part of them.
grpc::Slice SharedSlice(SharedBytes bytes, std::string_view view) {
  return grpc::Slice(const_cast<char*>(view.data()), view.size(), &SharedBytes::Unref, bytes.Detach());
}

grpc::ByteBuffer MessageOf(StreamEvent event) {
  if (!event.existing) {
    const std::string_view all = event.frame.bytes.view();
    const grpc::Slice slice = SharedSlice(std::move(event.frame.bytes), all);
    return grpc::ByteBuffer(&slice, 1);
  }
  const std::string_view head = event.frame.head();
  const grpc::Slice slices[] = {SharedSlice(std::move(event.frame.bytes), head),
                                grpc::Slice(ExistingTail(event.partition, event.offset, event.record_crc32c))};
  return grpc::ByteBuffer(slices, std::size(slices));
}

class RefusedCall : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  explicit RefusedCall(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* StreamCall::Refuse(ServerCounters* counters, CallMethod method,
                                                               const grpc::Status& status) {
  counters->CallEnded(method, status.error_code());
  return new RefusedCall(status);
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* StreamCall::Start(const StreamServices& services,
                                                              grpc::CallbackServerContext* context,
                                                              const Filter& filter,
                                                              std::optional<::payment::ResumeToken> token) {
  auto call = std::make_shared<StreamCall>(services, context, filter, std::move(token));
  const Admission admission = services.hub->Add(call, PeerHost(context->peer()));
  if (admission != Admission::kAdmitted) {
    return Refuse(services.counters, CallMethod::kStreamPayments,
                  NotAdmitted(admission, *services.hub, services.counters));
  }
  call->Pump();
  return call.get();
}

StreamCall::StreamCall(const StreamServices& services, grpc::CallbackServerContext* context, const Filter& filter,
                       std::optional<::payment::ResumeToken> token)
    : services_(services), context_(context), filter_(filter), token_(std::move(token)) {}

bool StreamCall::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

// --- Sending ---

void StreamCall::Pump() {
  const std::lock_guard lock(mutex_);
  PumpLocked();
}

void StreamCall::PumpLocked() {
  if (!ended_ && !writing_) {
    if (queue_.empty()) Refill();
    if (!ended_ && !queue_.empty()) WriteNext();
  }
  TellProgress();
}

void StreamCall::TellProgress() {
  using Told = CallProgress::Stage;
  constexpr std::array<Told, 4> kTold = {Told::kStarting, Told::kVerifying, Told::kLive, Told::kCatchingUp};
  Told stage = ended_ ? Told::kEnding : kTold[static_cast<size_t>(stage_)];
  if (stage == Told::kLive && cursor_->in_snapshot()) stage = Told::kSnapshot;
  if (cursor_ != nullptr) told_sequence_.store(cursor_->window_sequence().value_or(0), std::memory_order_relaxed);
  told_queued_.store(static_cast<int64_t>(queue_.size()), std::memory_order_relaxed);
  told_stage_.store(stage, std::memory_order_release);  // the number of a stage is there once the stage is
}

CallProgress StreamCall::progress() const {
  const CallProgress::Stage stage = told_stage_.load(std::memory_order_acquire);
  return {stage, told_sequence_.load(std::memory_order_relaxed), told_queued_.load(std::memory_order_relaxed)};
}

void StreamCall::Refill() {
  while (!ended_ && queue_.empty()) {
    switch (stage_) {
      case Stage::kVerifying:
      case Stage::kCatchingUp:
        return;  // those threads pump when they are done
      case Stage::kStarting:
        if (!Begin()) return;
        break;
      case Stage::kFlowing:
        if (!Pull()) return;
    }
  }
}

bool StreamCall::Begin() {
  std::vector<PartitionStart> starts;
  ResumeDecision decision;
  std::string log_id;
  bool incomplete = false;
  {
    Replica::Access access = services_.replica->Lock();
    const ReplicaState& state = access.state();
    if (token_ ? !state.started() : !state.loaded()) {
      access.Wait(shared_from_this());
      return false;
    }
    if (token_) {
      // What was asked of a log that was replaced since is void.
      if (fresh_ && static_cast<int32_t>(fresh_->size()) != state.partition_count()) fresh_.reset();
      decision = DecideResume(*token_, state, fresh_ ? &*fresh_ : nullptr);
    } else {
      decision.action = ResumeDecision::Action::kServe;
      decision.starts = StreamCursor::SnapshotStarts(state);
    }
    if (decision.action == ResumeDecision::Action::kServe && decision.unread.empty()) {
      cursor_ = std::make_unique<StreamCursor>(filter_, decision.starts, state);
      incomplete = cursor_->in_snapshot() && !state.store().complete();
    }
    log_id = state.log_id();
  }
  if (incomplete) {
    EndIncomplete();
    return false;
  }
  if (cursor_ != nullptr) {
    SendStart(log_id, decision.starts);
    stage_ = Stage::kFlowing;
  } else if (decision.action == ResumeDecision::Action::kRefuse) {
    EndRefused(decision.refusal);
  } else {
    stage_ = Stage::kVerifying;
    services_.verifier->Submit(shared_from_this());
  }
  return cursor_ != nullptr;
}

bool StreamCall::Pull() {
  std::vector<StreamEvent> events;
  StreamCursor::Outcome outcome = StreamCursor::Outcome::kMore;
  {
    Replica::Access access = services_.replica->Lock();
    outcome = cursor_->Pull(access.state(), PullLimits(), &events);
    if (outcome == StreamCursor::Outcome::kIdle) access.Wait(shared_from_this());
  }
  switch (outcome) {
    case StreamCursor::Outcome::kEvents:
      Enqueue(std::move(events));
      return true;
    case StreamCursor::Outcome::kMore:
      return true;
    case StreamCursor::Outcome::kIdle:
      return false;
    case StreamCursor::Outcome::kCatchUp:
      stage_ = Stage::kCatchingUp;
      services_.catch_up->Submit(shared_from_this());
      return false;
    case StreamCursor::Outcome::kFellOff:
      End(grpc::StatusCode::UNAVAILABLE, kFellOffText, "slow");
      return false;
    case StreamCursor::Outcome::kIncomplete:
      EndIncomplete();
      return false;
    case StreamCursor::Outcome::kRefused:
      EndRefused(cursor_->refusal());
      return false;
  }
  return false;
}

void StreamCall::SendStart(const std::string& log_id, const std::vector<PartitionStart>& starts) {
  ::payment::StreamStart start;
  *start.mutable_token() = MakeToken(log_id, starts);
  start.set_server_id(services_.server_id);
  subscription_ = services_.hub->NextSubscription();
  if (services_.journal != nullptr) {
    services_.journal->Begin({.time_ns = MonotonicNs(),
                              .number = subscription_,
                              .peer = context_->peer(),
                              .filter = filter_,
                              .sent = token_,
                              .token = start.token()});
  }
  context_->AddInitialMetadata(kStartKey, start.SerializeAsString());
  context_->AddInitialMetadata(kSubscriptionKey, SubscriptionName(services_.server_id, subscription_));
  StartSendInitialMetadata();
}

void StreamCall::Enqueue(std::vector<StreamEvent> events) {
  for (StreamEvent& event : events) {
    queue_bytes_ += event.frame.bytes.size();
    queue_.push_back(std::move(event));
  }
}

void StreamCall::WriteNext() {
  queue_bytes_ -= queue_.front().frame.bytes.size();
  if (services_.journal != nullptr) {
    services_.journal->Wrote(subscription_, queue_.front().partition, queue_.front().offset);
  }
  buffer_ = MessageOf(std::move(queue_.front()));
  queue_.pop_front();
  services_.counters->written.Add(1, static_cast<int64_t>(buffer_.Length()));
  if (stage_ == Stage::kCatchingUp) room_.notify_all();
  grpc::WriteOptions options;
  // A hint leaves the message in the transport's buffer until the next write: right while one is at hand, and wrong for
  // the first message, which would keep the headers back with it.
  if (wrote_ && !queue_.empty()) options.set_buffer_hint();
  wrote_ = true;
  writing_ = true;
  StartWrite(&buffer_, options);
}

void StreamCall::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  writing_ = false;
  buffer_.Clear();
  if (!ok) return End(grpc::StatusCode::CANCELLED, "the client has gone", "client");
  PumpLocked();
}

// --- Ending ---

void StreamCall::End(grpc::StatusCode code, const std::string& message, const char* reason) {
  if (ended_) return;
  ended_ = true;
  queue_.clear();
  queue_bytes_ = 0;
  cancel_at_ns_ = MonotonicNs() + services_.stuck_ns;
  if (services_.journal != nullptr && subscription_ != 0) services_.journal->End(subscription_, code, reason);
  code_ = code;
  services_.counters->StreamEnded(reason);
  TellProgress();
  context_->AddTrailingMetadata(kReasonKey, reason);
  room_.notify_all();
  Finish({code, message});
}

void StreamCall::EndRefused(const Refusal& refusal) {
  if (ended_) return;
  for (size_t i = 0; i < std::min(refusal.gaps.size(), kGapsMax); ++i) {
    ::payment::PositionGap gap;
    gap.set_partition(refusal.gaps[i].partition);
    gap.set_wanted(refusal.gaps[i].wanted);
    gap.set_earliest(refusal.gaps[i].earliest);
    context_->AddTrailingMetadata(kGapKey, gap.SerializeAsString());
  }
  End(StatusCodeOf(refusal.code), refusal.message, "refused");
}

void StreamCall::EndIncomplete() {
  const grpc::Status status = PaymentsBeyondLimit(services_.payments_max, services_.counters);
  End(status.error_code(), status.error_message(), "limit");
}

void StreamCall::OnCancel() {
  const std::lock_guard lock(mutex_);
  End(grpc::StatusCode::CANCELLED, "cancelled", "client");
}

void StreamCall::OnDone() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
    services_.counters->CallEnded(CallMethod::kStreamPayments, code_);
  }
  services_.hub->Remove(this);  // may be the last reference
}

void StreamCall::Tick(int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  if (done_) return;
  if (ended_) {
    // Its status waits behind a write that the client does not read: only this frees the call.
    if (cancel_at_ns_ != 0 && now_ns >= cancel_at_ns_) {
      cancel_at_ns_ = 0;
      context_->TryCancel();
    }
    return;
  }
  if (stage_ != Stage::kFlowing) return;
  bool fell_off = false;
  {
    const Replica::Access access = services_.replica->Lock();
    fell_off = cursor_->HasFallenOff(access.state());
  }
  if (fell_off) End(grpc::StatusCode::UNAVAILABLE, kFellOffText, "slow");
}

void StreamCall::EndForShutdown(int64_t cancel_at_ns) {
  const std::lock_guard lock(mutex_);
  End(grpc::StatusCode::UNAVAILABLE, "the server is shutting down; resume", "shutdown");
  if (cancel_at_ns_ != 0) cancel_at_ns_ = std::min(cancel_at_ns_, cancel_at_ns);
}

// --- Verification ---

ResumeDecision StreamCall::DecideWith(const ReplicaState& state, const std::vector<Watermarks>& fresh) {
  return DecideResume(*token_, state, &fresh);  // token_ changes in OnVerified alone, on this thread
}

void StreamCall::OnVerified(std::vector<Watermarks> fresh, const std::vector<int32_t>& same) {
  const std::lock_guard lock(mutex_);
  for (::payment::PartitionResume& at : *token_->mutable_partitions()) {
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

bool StreamCall::Send(std::vector<StreamEvent> events) {
  std::unique_lock lock(mutex_);
  Enqueue(std::move(events));
  PumpLocked();
  const auto has_room = [this] { return ended_ || (queue_.size() < kQueueEventsMax && queue_bytes_ < kQueueBytesMax); };
  // One that reads nothing at all must not keep a reader for ever; others may wait for it.
  for (size_t left = queue_.size(); !has_room(); left = queue_.size()) {
    const bool roomy = room_.wait_for(lock, std::chrono::nanoseconds(services_.stuck_ns), has_room);
    if (!roomy && queue_.size() == left) {
      End(grpc::StatusCode::UNAVAILABLE, "the stream reads nothing while it is caught up; resume", "slow");
    }
  }
  return !ended_;
}

bool StreamCall::TryJoin(const std::vector<int64_t>& covered) {
  const std::lock_guard lock(mutex_);
  if (ended_) return false;
  {
    const Replica::Access access = services_.replica->Lock();
    if (cursor_->HasFallenOff(access.state())) {  // the log was replaced
      End(grpc::StatusCode::UNAVAILABLE, "the log was replaced; resume", "kafka");
      return false;
    }
    if (!cursor_->TryJoin(access.state(), covered)) return false;
  }
  stage_ = Stage::kFlowing;
  PumpLocked();
  return true;
}

}  // namespace pipeline
