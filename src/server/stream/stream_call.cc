#include "server/stream/stream_call.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/clock.h"
#include "payment/stream_metadata.h"
#include "server/calls/call_limits.h"
#include "server/calls/peer_host.h"
#include "server/kafka/evidence_reader.h"
#include "server/ops/server_journal.h"
#include "server/replica.h"
#include "server/stream/stream_catch_up.h"

namespace pipeline {
namespace {

CallMethod MethodOf(const StreamRequest& request) {
  return request.batch_events_max > 0 ? CallMethod::kSubscribePayments : CallMethod::kStreamPayments;
}

StreamFacts FactsOf(const StreamRequest& request, std::string peer) {
  return {.peer = std::move(peer),
          .started_ns = MonotonicNs(),
          .begins = request.token ? "token" : (request.live_only ? "live" : "snapshot"),
          .batched = request.batch_events_max > 0,
          .filter = request.filter};
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
  const std::string peer = PeerHost(context->peer());
  auto call = std::make_shared<StreamCall>(services, context, std::move(request), peer);
  const Admission admission = services.hub->Add(call, peer);
  if (admission != Admission::kAdmitted) {
    return Refuse(services.counters, method, NotAdmitted(admission, *services.hub, services.counters));
  }
  call->Pump();
  return call.get();
}

StreamCall::StreamCall(const StreamServices& services, grpc::CallbackServerContext* context, StreamRequest request,
                       std::string peer)
    : services_(services),
      context_(context),
      request_(std::move(request)),
      facts_(FactsOf(request_, std::move(peer))),
      flow_(services, request_.batch_events_max) {}

bool StreamCall::ended() const {
  const MutexLock lock(&mutex_);
  return ended_;
}

// --- Starting ---

bool StreamCall::Begin() {
  ResumeDecision decision;
  std::string log_id;
  std::unique_ptr<StreamCursor> cursor;
  bool complete = true;
  {
    Replica::Access access = services_.replica->Lock();
    const ReplicaState& state = access.state();
    if (request_.token && !state.started()) {
      access.WaitForChange(shared_from_this());
      return false;
    }
    if (!request_.token && !state.loaded()) {
      access.WaitForLoaded(shared_from_this());
      return false;
    }
    if (request_.token) {
      decision = DecideResume(*request_.token, state, evidence_ ? &*evidence_ : nullptr);
    } else {
      decision.action = ResumeDecision::Action::kServe;
      decision.starts = request_.live_only ? StreamCursor::LiveStarts(state) : StreamCursor::SnapshotStarts(state);
    }
    if (decision.action == ResumeDecision::Action::kServe) {
      cursor = std::make_unique<StreamCursor>(request_.filter, decision.starts, state);
      complete = !cursor->in_snapshot() || state.store().complete();
      log_id = state.log_id();
    }
  }
  switch (decision.action) {
    case ResumeDecision::Action::kAskKafka:
      AskKafka(std::move(decision.asked));
      return false;
    case ResumeDecision::Action::kRefuse:
      End(RefusedEnd(std::move(decision.refusal)));
      return false;
    case ResumeDecision::Action::kServe:
      break;
  }
  if (!complete) {
    End(IncompleteEnd(services_));
    return false;
  }
  flow_.Start(std::move(cursor), decision.starts);
  SendStart(log_id, decision.starts);
  evidence_.reset();
  stage_ = Stage::kFlowing;
  return true;
}

void StreamCall::AskKafka(std::vector<Position> records) {
  stage_ = Stage::kVerifying;
  const std::shared_ptr<StreamCall> call = shared_from_this();
  services_.evidence->Ask({.records = std::move(records),
                           .abandoned = [call] { return call->ended(); },
                           .on_evidence = [call](KafkaEvidence evidence) { call->OnEvidence(std::move(evidence)); },
                           .on_failed =
                               [call](const std::string& reason) {
                                 call->WithFlow([&](StreamFlow*) { return std::optional(KafkaFailedEnd(reason)); });
                               }});
}

void StreamCall::OnEvidence(KafkaEvidence evidence) {
  const MutexLock lock(&mutex_);
  evidence_ = std::move(evidence);
  stage_ = Stage::kStarting;
  PumpLocked();
}

void StreamCall::SendStart(const std::string& log_id, const std::vector<PartitionStart>& starts) {
  ::payment::StreamStart start;
  *start.mutable_token() = MakeToken(log_id, starts);
  start.set_server_id(services_.server_id);
  subscription_ = services_.hub->NextSubscription();
  told_subscription_.store(subscription_, std::memory_order_relaxed);
  if (services_.journal != nullptr) {
    services_.journal->Begin({.time_ns = MonotonicNs(),
                              .number = subscription_,
                              .peer = context_->peer(),
                              .filter = request_.filter,
                              .sent = request_.token,
                              .token = start.token()});
  }
  context_->AddInitialMetadata(kStartMetadataKey, start.SerializeAsString());
  context_->AddInitialMetadata(kSubscriptionMetadataKey, SubscriptionName(services_.server_id, subscription_));
  StartSendInitialMetadata();
}

// --- Sending ---

void StreamCall::Pump() {
  const MutexLock lock(&mutex_);
  PumpLocked();
}

void StreamCall::PumpLocked() {
  if (!ended_ && !writing_) {
    if (flow_.queue().empty()) Refill();
    if (!ended_ && !flow_.queue().empty()) Write();
  }
  TellProgress();
}

void StreamCall::Refill() {
  if (stage_ == Stage::kStarting && !Begin()) return;
  if (stage_ != Stage::kFlowing) return;  // who asks Kafka pumps when it has answered
  const StreamFlow::Next next = flow_.Pull(shared_from_this());
  if (next == StreamFlow::Next::kEnd) End(flow_.end());
  if (next == StreamFlow::Next::kCatchUp) {
    services_.catch_up->Submit(std::make_shared<StreamCatchUp>(services_, shared_from_this(), request_.filter));
  }
}

void StreamCall::TellProgress() {
  using Told = CallProgress::Stage;
  Told stage = Told::kStarting;
  if (ended_) {
    stage = Told::kEnding;
  } else if (stage_ == Stage::kVerifying) {
    stage = Told::kVerifying;
  } else if (stage_ == Stage::kFlowing) {
    stage = flow_.stage();
  }
  told_sequence_.store(flow_.window_sequence(), std::memory_order_relaxed);
  told_queued_.store(static_cast<int64_t>(flow_.queue().events()), std::memory_order_relaxed);
  told_waiting_bytes_.store(flow_.queue().bytes(), std::memory_order_relaxed);
  told_passed_.store(flow_.passed(), std::memory_order_relaxed);
  told_stage_.store(stage, std::memory_order_release);  // the number of a stage is there once the stage is
}

CallProgress StreamCall::progress() const {
  const CallProgress::Stage stage = told_stage_.load(std::memory_order_acquire);
  return {.stage = stage,
          .window_sequence = told_sequence_.load(std::memory_order_relaxed),
          .queued = told_queued_.load(std::memory_order_relaxed),
          .waiting_bytes = told_waiting_bytes_.load(std::memory_order_relaxed),
          .passed = told_passed_.load(std::memory_order_relaxed),
          .write_since_ns = told_write_since_ns_.load(std::memory_order_relaxed),
          .subscription = told_subscription_.load(std::memory_order_relaxed)};
}

void StreamCall::Write() {
  StreamQueue& queue = flow_.queue();
  const size_t queued = queue.events();
  const grpc::ByteBuffer* const message = queue.TakeMessage(services_.journal, subscription_);
  services_.counters->written.Add(static_cast<int64_t>(queued - queue.events()), queue.message_bytes());
  if (flow_.catching_up()) room_.NotifyAll();
  grpc::WriteOptions options;
  // A hint leaves the message in the transport's buffer until the next write: right while one is at hand, and wrong for
  // the first message, which would keep the headers back with it.
  if (wrote_ && !queue.empty()) options.set_buffer_hint();
  wrote_ = true;
  writing_ = true;
  StartWrite(message, options);
}

void StreamCall::OnWriteDone(bool ok) {
  const MutexLock lock(&mutex_);
  writing_ = false;
  told_write_since_ns_.store(0, std::memory_order_relaxed);
  flow_.queue().ReleaseMessage();
  if (!ok) return End({{grpc::StatusCode::CANCELLED, "the client has gone"}, "client", {}});
  PumpLocked();
}

bool StreamCall::WithFlow(const Act& act) {
  const MutexLock lock(&mutex_);
  if (ended_) return false;
  if (const std::optional<StreamEnd> end = act(&flow_)) {
    End(*end);
    return false;
  }
  PumpLocked();
  return !ended_;
}

StreamCall::Room StreamCall::AwaitRoom() {
  const MutexLock lock(&mutex_);
  const auto has_room = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return ended_ || flow_.queue().has_room(); };
  while (!has_room()) {
    const size_t left = flow_.queue().events();
    const bool roomy = room_.WaitFor(&mutex_, std::chrono::nanoseconds(services_.stuck_ns), has_room);
    if (!roomy && flow_.queue().events() == left) return Room::kStuck;
  }
  return ended_ ? Room::kEnded : Room::kRoom;
}

// --- Ending ---

void StreamCall::End(const StreamEnd& end) {
  if (ended_) return;
  ended_ = true;
  flow_.queue().Clear();
  cancel_at_ns_ = MonotonicNs() + services_.stuck_ns;
  code_ = end.status.error_code();
  if (services_.journal != nullptr && subscription_ != 0) services_.journal->End(subscription_, code_, end.reason);
  services_.counters->StreamEnded(end.reason);
  TellProgress();
  TellEnd(end, context_);
  room_.NotifyAll();
  Finish(end.status);
}

void StreamCall::OnCancel() {
  const MutexLock lock(&mutex_);
  End({{grpc::StatusCode::CANCELLED, "cancelled"}, "client", {}});
}

void StreamCall::OnDone() {
  {
    const MutexLock lock(&mutex_);
    done_ = true;
    services_.counters->CallEnded(MethodOf(request_), code_);
  }
  services_.hub->Remove(this);  // may be the last reference
}

void StreamCall::Tick(int64_t now_ns) {
  const MutexLock lock(&mutex_);
  if (done_) return;
  // Here and not where it is written: a look at the clock for each message would cost more than it is worth.
  if (writing_ && told_write_since_ns_.load(std::memory_order_relaxed) == 0) {
    told_write_since_ns_.store(now_ns, std::memory_order_relaxed);
  }
  if (ended_) {
    // Its status waits behind a write that the client does not read: only this frees the call.
    if (cancel_at_ns_ != 0 && now_ns >= cancel_at_ns_) {
      cancel_at_ns_ = 0;
      context_->TryCancel();
    }
    return;
  }
  if (const std::optional<StreamEnd> end = flow_.Look(now_ns, !writing_)) return End(*end);
  if (!writing_ && !flow_.queue().empty()) PumpLocked();
}

void StreamCall::EndForShutdown(int64_t cancel_at_ns) {
  const MutexLock lock(&mutex_);
  End({{grpc::StatusCode::UNAVAILABLE, "the server is shutting down; resume"}, "shutdown", {}});
  if (cancel_at_ns_ != 0) cancel_at_ns_ = std::min(cancel_at_ns_, cancel_at_ns);
}

}  // namespace pipeline
