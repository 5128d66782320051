#include "server/stream/stream_catch_up.h"

#include <optional>
#include <utility>

#include "common/clock.h"

namespace pipeline {

std::vector<int64_t> StreamCatchUp::catch_up_from() const {
  std::vector<int64_t> from;
  call_->WithFlow([&](StreamFlow* flow) -> std::optional<StreamEnd> {
    from = flow->catch_up_from();
    return std::nullopt;
  });
  return from;
}

bool StreamCatchUp::Send(std::vector<StreamEvent> events, const std::vector<int64_t>& covered) {
  const bool open = call_->WithFlow([&](StreamFlow* flow) -> std::optional<StreamEnd> {
    flow->TakeCaughtUp(std::move(events), covered, MonotonicNs());
    return std::nullopt;
  });
  if (!open) return false;
  const StreamCall::Room room = call_->AwaitRoom();
  if (room != StreamCall::Room::kStuck) return room == StreamCall::Room::kRoom;
  // One that reads nothing at all must not keep a reader for ever; others may wait for it.
  if (services_.slow_subscriber == SlowSubscriber::kCatchUp) {
    Leave(covered);
    return false;
  }
  call_->WithFlow([](StreamFlow*) {
    return std::optional(StreamEnd{
        {grpc::StatusCode::UNAVAILABLE, "the stream reads nothing while it is caught up; resume"}, "slow", {}});
  });
  return false;
}

// It asks for a reader again once it has sent what is queued.
void StreamCatchUp::Leave(const std::vector<int64_t>& covered) {
  call_->WithFlow([&](StreamFlow* flow) -> std::optional<StreamEnd> {
    flow->LeaveCatchUp(covered);
    return std::nullopt;
  });
}

CaughtUpStream::Join StreamCatchUp::TryJoin(const std::vector<int64_t>& covered) {
  Join join = Join::kLeave;
  call_->WithFlow([&](StreamFlow* flow) -> std::optional<StreamEnd> {
    switch (flow->TryJoin(covered)) {
      case StreamFlow::Join::kJoined:
        join = Join::kJoined;
        break;
      case StreamFlow::Join::kNotYet:
        join = Join::kNotYet;
        break;
      case StreamFlow::Join::kOutgrown:
        flow->LeaveCatchUp(covered);
        break;
      case StreamFlow::Join::kReplaced:
        return ReplacedEnd();
    }
    return std::nullopt;
  });
  return join;
}

void StreamCatchUp::OnCatchUpRefused(Refusal refusal) {
  call_->WithFlow([&](StreamFlow*) { return std::optional(RefusedEnd(std::move(refusal))); });
}

void StreamCatchUp::OnCatchUpFailed(const std::string& reason) {
  call_->WithFlow([&](StreamFlow*) { return std::optional(KafkaFailedEnd(reason)); });
}

}  // namespace pipeline
