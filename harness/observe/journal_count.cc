// How many events each frame holds of whom: read before the frames are replayed, so that the history is made to
// measure.
#include <algorithm>
#include <cstring>

#include "harness/observe/bytes.h"
#include "harness/observe/journal_bytes.h"
#include "harness/observe/journal_frames.h"

namespace harness {
namespace {

void Add(size_t index, size_t count, size_t index_max, std::vector<size_t>* counts) {
  if (index > index_max) return;
  if (index >= counts->size()) counts->resize(index + 1);
  (*counts)[index] += count;
}

// An entry begins with its partition.
void CountLog(std::string_view payload, EntryCounts* counts) {
  ByteReader in(payload);
  const size_t records = in.GetCount(kLogBytes);
  for (size_t i = 0; i < records; ++i) {
    int32_t partition = 0;
    std::memcpy(&partition, payload.data() + sizeof(uint32_t) + i * kLogBytes, sizeof(partition));
    if (partition >= 0) Add(static_cast<size_t>(partition), 1, kPartitionsMax, &counts->logged);
  }
}

}  // namespace

void CountEntries(FrameType type, std::string_view payload, EntryCounts* counts) {
  ByteReader in(payload);
  if (type == FrameType::kSends) {
    const auto producer = in.Get<uint16_t>();
    Add(producer, in.GetCount(kSendBytes), kProducersMax, &counts->sends);
  } else if (type == FrameType::kDeliveries) {
    const auto client = in.Get<uint16_t>();
    Add(client, in.GetCount(kDeliveryBytes), kClientsMax, &counts->deliveries);
  } else if (type == FrameType::kLog) {
    CountLog(payload, counts);
  } else if (type == FrameType::kNames) {
    counts->names += in.GetCount(kNameBytesMin);
  }
}

}  // namespace harness
