#include "server/stream/stream_wire.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

#include "payment.pb.h"
#include "payment/stream_metadata.h"

namespace pipeline {
namespace {

constexpr size_t kGapsMax = 64;

// A slice that shares `bytes` and shows `view`, a part of them.
grpc::Slice SharedSlice(SharedBytes bytes, std::string_view view) {
  return grpc::Slice(const_cast<char*>(view.data()), view.size(), &SharedBytes::Unref, bytes.Detach());
}

}  // namespace

grpc::ByteBuffer EventMessage(StreamEvent event) {
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

grpc::ByteBuffer BatchMessage(std::string bytes) {
  auto owner = std::make_unique<std::string>(std::move(bytes));
  char* const data = owner->data();
  const size_t size = owner->size();
  const grpc::Slice slice(
      data, size, [](void* string) { delete static_cast<std::string*>(string); }, owner.release());
  return grpc::ByteBuffer(&slice, 1);
}

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

void AddGaps(const std::vector<PartitionGap>& gaps, grpc::CallbackServerContext* context) {
  for (size_t i = 0; i < std::min(gaps.size(), kGapsMax); ++i) {
    ::payment::PositionGap gap;
    gap.set_partition(gaps[i].partition);
    gap.set_wanted(gaps[i].wanted);
    gap.set_earliest(gaps[i].earliest);
    context->AddTrailingMetadata(kGapMetadataKey, gap.SerializeAsString());
  }
}

}  // namespace pipeline
