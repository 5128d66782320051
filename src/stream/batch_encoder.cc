#include "stream/batch_encoder.h"

#include <algorithm>
#include <utility>

#include "payment.pb.h"
#include "payment/wire_bytes.h"

namespace pipeline {
namespace {

using Batch = ::payment::PaymentBatch;
using Told = ::payment::Position;
constexpr char kEventsTag = FieldTag(Batch::kEventsFieldNumber, WireType::kLengthDelimited);
constexpr char kBookmarksTag = FieldTag(Batch::kBookmarksFieldNumber, WireType::kLengthDelimited);
constexpr char kPartitionTag = FieldTag(Told::kPartitionFieldNumber, WireType::kVarint);
constexpr char kOffsetTag = FieldTag(Told::kOffsetFieldNumber, WireType::kVarint);

// Tag and length before an event; a bookmark: tag, length, and two tags with varints of at most 5 and 10 bytes.
constexpr int64_t kEventHeaderBytesMax = 6;
constexpr int64_t kBookmarkBytesMax = 2 + 1 + 5 + 1 + 10;

}  // namespace

int32_t BatchEventsMax(uint32_t requested) {
  if (requested == 0) return kBatchEventsDefault;
  return static_cast<int32_t>(std::min<uint32_t>(requested, kBatchEventsMax));
}

bool BatchEncoder::Fits(const StreamEvent& event) const {
  if (events_ == 0) return true;
  const auto used = static_cast<int64_t>(bytes_.size());
  // An "existing" event is longer than its frame by no more than this.
  constexpr int64_t kLongerTailBytes = sizeof("existing") - sizeof("new");
  return events_ < events_max_ &&
         used + kEventHeaderBytesMax + event.frame.bytes.size() + kLongerTailBytes <= bytes_max_;
}

void BatchEncoder::Add(const StreamEvent& event) {
  ++events_;
  bytes_.push_back(kEventsTag);
  if (!event.existing) {
    const std::string_view frame = event.frame.bytes.view();
    AppendVarint(frame.size(), &bytes_);
    bytes_.append(frame);
    return;
  }
  const std::string_view head = event.frame.head();
  const std::string tail = ExistingTail(event.partition, event.offset, event.record_crc32c);
  AppendVarint(head.size() + tail.size(), &bytes_);
  bytes_.append(head);
  bytes_.append(tail);
}

bool BatchEncoder::Fits(const std::vector<Bookmark>& bookmarks) const {
  return bytes_.empty() ||
         static_cast<int64_t>(bytes_.size()) + kBookmarkBytesMax * static_cast<int64_t>(bookmarks.size()) <= bytes_max_;
}

void BatchEncoder::Add(const std::vector<Bookmark>& bookmarks) {
  std::string position;
  for (const Bookmark& bookmark : bookmarks) {
    position.clear();
    if (bookmark.partition != 0) {
      position.push_back(kPartitionTag);
      AppendVarint(static_cast<uint64_t>(bookmark.partition), &position);
    }
    if (bookmark.offset != 0) {
      position.push_back(kOffsetTag);
      AppendVarint(static_cast<uint64_t>(bookmark.offset), &position);
    }
    bytes_.push_back(kBookmarksTag);
    AppendVarint(position.size(), &bytes_);
    bytes_.append(position);
  }
}

std::string BatchEncoder::Take() {
  events_ = 0;
  return std::exchange(bytes_, {});
}

}  // namespace pipeline
