#include "server/stream/stream_call.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "common/clock.h"
#include "server/calls/call_limits.h"
#include "server/stream/stream_wire.h"

namespace pipeline {
namespace {

constexpr char kFellOffText[] = "the stream has left the log window (it reads too slowly); resume";

CallMethod MethodOf(const StreamRequest& request) {
  return request.batch_events_max > 0 ? CallMethod::kSubscribePayments : CallMethod::kStreamPayments;
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
                                                              StreamRequest request) {
  const CallMethod method = MethodOf(request);
  auto call = std::make_shared<StreamCall>(services, context, std::move(request));
  const Admission admission = services.hub->Add(call, PeerHost(context->peer()));
  if (admission != Admission::kAdmitted) {
    return Refuse(services.counters, method, NotAdmitted(admission, *services.hub, services.counters));
  }
  call->Pump();
  return call.get();
}

StreamCall::StreamCall(const StreamServices& services, grpc::CallbackServerContext* context, StreamRequest request)
    : services_(services), context_(context), request_(std::move(request)), queue_(request_.batch_events_max) {}

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
    if (!ended_ && !queue_.empty()) Write();
  }
  TellProgress();
}

void StreamCall::TellProgress() {
  using Told = CallProgress::Stage;
  constexpr std::array<Told, 4> kTold = {Told::kStarting, Told::kVerifying, Told::kLive, Told::kCatchingUp};
  Told stage = ended_ ? Told::kEnding : kTold[static_cast<size_t>(stage_)];
  if (stage == Told::kLive && cursor_->in_snapshot()) stage = Told::kSnapshot;
  if (cursor_ != nullptr) told_sequence_.store(cursor_->window_sequence().value_or(0), std::memory_order_relaxed);
  told_queued_.store(static_cast<int64_t>(queue_.events()), std::memory_order_relaxed);
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

bool StreamCall::Decide(ResumeDecision* decision, std::string* log_id, bool* complete) {
  using Action = ResumeDecision::Action;
  Replica::Access access = services_.replica->Lock();
  const ReplicaState& state = access.state();
  if (request_.token ? !state.started() : !state.loaded()) {
    access.Wait(shared_from_this());
    return false;
  }
  if (request_.token) {
    // What was asked of a log that was replaced since is void.
    if (fresh_ && static_cast<int32_t>(fresh_->size()) != state.partition_count()) fresh_.reset();
    *decision = DecideResume(*request_.token, state, fresh_ ? &*fresh_ : nullptr);
  } else {
    decision->action = Action::kServe;
    decision->starts = request_.live_only ? StreamCursor::LiveStarts(state) : StreamCursor::SnapshotStarts(state);
  }
  if (decision->action == Action::kServe && decision->unread.empty()) {
    cursor_ = std::make_unique<StreamCursor>(request_.filter, decision->starts, state);
    *complete = !cursor_->in_snapshot() || state.store().complete();
  }
  *log_id = state.log_id();
  return true;
}

bool StreamCall::Begin() {
  ResumeDecision decision;
  std::string log_id;
  bool complete = true;
  if (!Decide(&decision, &log_id, &complete)) return false;
  if (!complete) {
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

bool StreamCall::PullReady() {
  const std::optional<uint64_t> sequence = cursor_->window_sequence();
  if (!sequence || queue_.batched()) return false;
  std::shared_ptr<const ReadyRun> run = services_.ready_runs->Find(cursor_->generation(), *sequence);
  if (run == nullptr) return false;
  const auto first = static_cast<size_t>(*sequence - run->begin_sequence);
  if (!cursor_->TakeRun(run->generation, *sequence, std::span(run->positions).subspan(first))) return false;
  queue_.PushRun(std::move(run), first);
  return true;
}

void StreamCall::QueueAndShare(std::optional<uint64_t> sequence, std::vector<StreamEvent> events) {
  const bool whole = sequence && !events.empty() && cursor_->window_sequence() == *sequence + events.size();
  if (!whole || queue_.batched()) return queue_.Push(std::move(events));
  std::shared_ptr<const ReadyRun> run = MakeReadyRun(cursor_->generation(), *sequence, std::move(events));
  services_.ready_runs->Add(run);
  queue_.PushRun(std::move(run), 0);
}

bool StreamCall::Pull() {
  using Outcome = StreamCursor::Outcome;
  if (PullReady()) return true;
  const std::optional<uint64_t> sequence = cursor_->window_sequence();
  std::vector<StreamEvent> events;
  std::vector<int64_t> covered;
  Outcome outcome = Outcome::kMore;
  {
    Replica::Access access = services_.replica->Lock();
    outcome = cursor_->Pull(access.state(), queue_.pull_limits(), &events);
    if (outcome == Outcome::kIdle) access.Wait(shared_from_this());
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
      return true;
    case Outcome::kIdle:
      return false;
    case Outcome::kFellOff:
      if (services_.slow_subscriber == SlowSubscriber::kDisconnect) {
        End(grpc::StatusCode::UNAVAILABLE, kFellOffText, "slow");
        return false;
      }
      cursor_->FallBack();
      return true;
    case Outcome::kCatchUp:
      CatchUp();
      return false;
    case Outcome::kReplaced:
      EndReplaced();
      return false;
    case Outcome::kIncomplete:
      EndIncomplete();
      return false;
    case Outcome::kRefused:
      EndRefused(cursor_->refusal());
      return false;
  }
  return false;
}

void StreamCall::CatchUp() {
  stage_ = Stage::kCatchingUp;
  services_.catch_up->Submit(shared_from_this());
}

void StreamCall::SendStart(const std::string& log_id, const std::vector<PartitionStart>& starts) {
  ::payment::StreamStart start;
  *start.mutable_token() = MakeToken(log_id, starts);
  std::vector<int64_t> after;
  after.reserve(starts.size());
  for (const PartitionStart& at : starts) after.push_back(at.after);
  queue_.Start(std::move(after));
  start.set_server_id(services_.server_id);
  subscription_ = services_.hub->NextSubscription();
  if (services_.journal != nullptr) {
    services_.journal->Begin({.time_ns = MonotonicNs(),
                              .number = subscription_,
                              .peer = context_->peer(),
                              .filter = request_.filter,
                              .sent = request_.token,
                              .token = start.token()});
  }
  context_->AddInitialMetadata(kStartKey, start.SerializeAsString());
  context_->AddInitialMetadata(kSubscriptionKey, SubscriptionName(services_.server_id, subscription_));
  StartSendInitialMetadata();
}

void StreamCall::Write() {
  const size_t queued = queue_.events();
  const grpc::ByteBuffer* const message = queue_.TakeMessage(services_.journal, subscription_);
  services_.counters->written.Add(static_cast<int64_t>(queued - queue_.events()),
                                  static_cast<int64_t>(message->Length()));
  if (stage_ == Stage::kCatchingUp) room_.notify_all();
  grpc::WriteOptions options;
  // A hint leaves the message in the transport's buffer until the next write: right while one is at hand, and wrong for
  // the first message, which would keep the headers back with it.
  if (wrote_ && !queue_.empty()) options.set_buffer_hint();
  wrote_ = true;
  writing_ = true;
  StartWrite(message, options);
}

void StreamCall::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  writing_ = false;
  queue_.ReleaseMessage();
  if (!ok) return End(grpc::StatusCode::CANCELLED, "the client has gone", "client");
  PumpLocked();
}

// --- Ending ---

void StreamCall::End(grpc::StatusCode code, const std::string& message, const char* reason) {
  if (ended_) return;
  ended_ = true;
  queue_.Clear();
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
  AddGaps(refusal, context_);
  End(StatusCodeOf(refusal.code), refusal.message, "refused");
}

void StreamCall::EndReplaced() { End(grpc::StatusCode::UNAVAILABLE, "the log was replaced; resume", "kafka"); }

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
    services_.counters->CallEnded(MethodOf(request_), code_);
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
  const bool tell = !writing_ && queue_.IsBookmarkDue(now_ns);
  bool fell_off = false;
  bool replaced = false;
  std::vector<int64_t> covered;
  {
    const Replica::Access access = services_.replica->Lock();
    replaced = cursor_->IsReplaced(access.state());
    fell_off = !replaced && cursor_->HasFallenOff(access.state());
    if (tell && !replaced && !fell_off) covered = cursor_->Covered(access.state());
  }
  if (replaced) return EndReplaced();
  // One that is caught up instead costs what is queued, until it reads again.
  if (fell_off && services_.slow_subscriber == SlowSubscriber::kDisconnect) {
    return End(grpc::StatusCode::UNAVAILABLE, kFellOffText, "slow");
  }
  if (covered.empty()) return;
  queue_.OfferBookmarks(covered, true, now_ns);
  PumpLocked();
}

void StreamCall::EndForShutdown(int64_t cancel_at_ns) {
  const std::lock_guard lock(mutex_);
  End(grpc::StatusCode::UNAVAILABLE, "the server is shutting down; resume", "shutdown");
  if (cancel_at_ns_ != 0) cancel_at_ns_ = std::min(cancel_at_ns_, cancel_at_ns);
}

}  // namespace pipeline
