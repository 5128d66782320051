#include "server/stream/stream_end.h"

#include <algorithm>
#include <utility>

#include "payment.pb.h"
#include "payment/stream_metadata.h"
#include "server/calls/call_limits.h"
#include "server/replica.h"

namespace pipeline {
namespace {

constexpr size_t kGapsMax = 64;  // in trailing metadata

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

}  // namespace

StreamEnd RefusedEnd(Refusal refusal) {
  return {{StatusCodeOf(refusal.code), refusal.message}, "refused", std::move(refusal.gaps)};
}

StreamEnd ReplacedEnd() { return {{grpc::StatusCode::UNAVAILABLE, "the log was replaced; resume"}, "kafka", {}}; }

StreamEnd IncompleteEnd(const StreamServices& services) {
  const Replica::Access access = services.replica->Lock();
  return {PaymentsBeyondLimit(access.state().store(), services.counters), "limit", {}};
}

StreamEnd FellOffEnd() {
  return {
      {grpc::StatusCode::UNAVAILABLE, "the stream has left the log window (it reads too slowly); resume"}, "slow", {}};
}

StreamEnd KafkaFailedEnd(const std::string& reason) {
  return {{grpc::StatusCode::UNAVAILABLE, "Kafka can't be read to resume this stream: " + reason}, "kafka", {}};
}

void TellEnd(const StreamEnd& end, grpc::CallbackServerContext* context) {
  const std::vector<PartitionGap>& gaps = end.gaps;
  for (size_t i = 0; i < std::min(gaps.size(), kGapsMax); ++i) {
    ::payment::PositionGap gap;
    gap.set_partition(gaps[i].partition);
    gap.set_wanted(gaps[i].wanted);
    gap.set_earliest(gaps[i].earliest);
    context->AddTrailingMetadata(kGapMetadataKey, gap.SerializeAsString());
  }
  context->AddTrailingMetadata(kEndReasonMetadataKey, end.reason);
}

}  // namespace pipeline
