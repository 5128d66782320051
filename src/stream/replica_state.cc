#include "stream/replica_state.h"

#include <algorithm>
#include <utility>

namespace pipeline {

void ReplicaState::Start(std::string log_id, const std::vector<Watermarks>& partitions, bool compacted) {
  log_id_ = std::move(log_id);
  ++generation_;
  ++epoch_;
  behind_ = 0;
  partitions_.clear();
  std::vector<int64_t> held_after;
  for (const Watermarks& marks : partitions) {
    partitions_.push_back({marks.low, marks.low, marks.high, marks.high, -1, 0});
    held_after.push_back(marks.low - 1);
    if (marks.low < marks.high) ++behind_;
  }
  window_.Start(held_after);
  store_.Start(static_cast<int32_t>(partitions.size()), compacted);
  for (size_t p = 0; p < partitions.size(); ++p) store_.SetLow(static_cast<int32_t>(p), partitions[p].low);
  for (const LogRecord& record : built_in_) store_.AddBuiltIn(record);
}

void ReplicaState::AddPartitions(const std::vector<Watermarks>& added) {
  ++epoch_;
  for (const Watermarks& marks : added) {
    partitions_.push_back({marks.low, marks.low, marks.high, marks.low, -1, 0});
    window_.AddPartition(marks.low - 1);
    store_.AddPartition();
    store_.SetLow(store_.partition_count() - 1, marks.low);
  }
}

void ReplicaState::AddBuiltIn(LogRecord record) {
  store_.AddBuiltIn(record);
  built_in_.push_back(std::move(record));
}

void ReplicaState::Apply(LogRecord record) {
  const int32_t partition = record.partition;
  const int64_t offset = record.offset;
  partitions_[partition].last_offset = offset;
  partitions_[partition].last_crc32c = record.record_crc32c;
  const EventFrame& frame = record.frame;
  window_.Append({{frame.bytes.ShareUnseen(), frame.payment_begin, frame.payment_end},
                  offset,
                  partition,
                  record.record_crc32c,
                  record.provider,
                  record.status});
  store_.Apply(std::move(record));
  Advance(partition, offset + 1);
}

void ReplicaState::Advance(int32_t partition, int64_t next_offset) {
  Partition& at = partitions_[partition];
  if (next_offset <= at.next_offset) return;
  if (at.next_offset < at.backlog_end && next_offset >= at.backlog_end) --behind_;
  at.next_offset = next_offset;
  at.high = std::max(at.high, next_offset);
}

void ReplicaState::Skip(int32_t partition, int64_t next_offset) {
  ++epoch_;
  Advance(partition, next_offset);
  partitions_[partition].log_start = next_offset;
  store_.SetLow(partition, next_offset);
  std::vector<int64_t> held_after;
  held_after.reserve(partitions_.size());
  for (const Partition& at : partitions_) held_after.push_back(at.next_offset - 1);
  window_.Start(held_after);
}

int64_t ReplicaState::BacklogLeft() const {
  int64_t left = 0;
  for (const Partition& at : partitions_) left += std::max<int64_t>(0, at.backlog_end - at.next_offset);
  return left;
}

std::optional<uint32_t> ReplicaState::ChecksumAt(int32_t partition, int64_t offset) const {
  const Partition& at = partitions_[partition];
  if (at.last_offset == offset) return at.last_crc32c;
  if (const std::optional<uint32_t> held = window_.ChecksumAt(partition, offset)) return held;
  std::optional<uint32_t> stored;
  store_.ForEachWinner(partition, offset - 1, offset, [&stored](const StoredPayment& payment) {
    stored = payment.record.record_crc32c;
    return false;
  });
  return stored;
}

}  // namespace pipeline
