#include "server/unary/unary_call.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/clock.h"
#include "server/calls/call_limits.h"
#include "server/calls/peer_host.h"
#include "server/calls/request_check.h"

namespace pipeline {
namespace {

// The first position that is not applied here yet. A partition that this replica does not know, another one may: it is
// ahead of this one too.
const Position* FirstAhead(const std::vector<Position>& positions, const ReplicaState& state) {
  for (const Position& at : positions) {
    if (at.partition >= state.partition_count() || state.next_offset(at.partition) <= at.offset) return &at;
  }
  return nullptr;
}

class RefusedCall : public grpc::ServerUnaryReactor {
 public:
  explicit RefusedCall(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerUnaryReactor* UnaryCall::Refuse(const UnaryServices& services, CallMethod method,
                                            const grpc::Status& status) {
  services.counters->CallEnded(method, status.error_code());
  return new RefusedCall(status);
}

grpc::ServerUnaryReactor* UnaryCall::Start(const UnaryServices& services, CallMethod method,
                                           grpc::CallbackServerContext* context, const MinPosition& min_position,
                                           Answerer answerer) {
  auto positions = CheckMinPosition(min_position, kCountedPartitionsMax);
  if (const auto* wrong = std::get_if<std::string>(&positions)) {
    return Refuse(services, method, {grpc::StatusCode::INVALID_ARGUMENT, *wrong});
  }
  auto call =
      std::make_shared<UnaryCall>(services, method, context, std::get<0>(std::move(positions)), std::move(answerer));
  const Admission admission = services.hub->Add(call, PeerHost(context->peer()));
  if (admission != Admission::kAdmitted) {
    return Refuse(services, method, NotAdmitted(admission, *services.hub, services.counters));
  }
  call->Try();
  return call.get();
}

UnaryCall::UnaryCall(const UnaryServices& services, CallMethod method, grpc::CallbackServerContext* context,
                     std::vector<Position> min_position, Answerer answerer)
    : services_(services),
      method_(method),
      context_(context),
      min_position_(std::move(min_position)),
      answerer_(std::move(answerer)) {}

void UnaryCall::Try() {
  const MutexLock lock(&mutex_);
  if (ended_) return;
  Answer answer;
  {
    Replica::Access access = services_.replica->Lock();
    const ReplicaState& state = access.state();
    if (!min_position_.empty()) {
      if (!state.loaded()) return End({grpc::StatusCode::UNAVAILABLE, services_.status->WhyNotLoaded()});
      if (const Position* ahead = FirstAhead(min_position_, state)) {
        return access.WaitForPassing(shared_from_this(), {ahead, 1});
      }
    }
    answer = answerer_(state);
  }
  if (answer.fill) answer.fill();
  End(answer.status);
}

void UnaryCall::End(const grpc::Status& status) {
  if (std::exchange(ended_, true)) return;
  cancel_at_ns_ = MonotonicNs() + services_.stuck_ns;
  services_.counters->CallEnded(method_, status.error_code());
  Finish(status);
}

void UnaryCall::OnCancel() {
  const MutexLock lock(&mutex_);
  End({grpc::StatusCode::CANCELLED, "cancelled, or its deadline has passed"});
}

void UnaryCall::OnDone() {
  {
    const MutexLock lock(&mutex_);
    done_ = true;
  }
  services_.hub->Remove(this);  // may be the last reference
}

void UnaryCall::Tick(int64_t now_ns) {
  const MutexLock lock(&mutex_);
  if (done_ || cancel_at_ns_ == 0 || now_ns < cancel_at_ns_) return;
  cancel_at_ns_ = 0;
  context_->TryCancel();  // its client has not taken the answer: only this frees the call
}

void UnaryCall::EndForShutdown(int64_t cancel_at_ns) {
  const MutexLock lock(&mutex_);
  End({grpc::StatusCode::UNAVAILABLE, "the server is shutting down"});
  if (cancel_at_ns_ != 0) cancel_at_ns_ = std::min(cancel_at_ns_, cancel_at_ns);
}

}  // namespace pipeline
