// The log window: the newest accepted records in one sequence, in the order they were applied, bounded in bytes and
// shared by all subscribers. A subscriber is a sequence number into it. Owned by ReplicaState; not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "payment/payment.h"
#include "stream/event_frame.h"

namespace pipeline {

struct WindowEntry {
  EventFrame frame;
  int64_t offset = 0;
  int32_t partition = 0;
  uint32_t record_crc32c = 0;
  Provider provider = Provider::kUnknown;
  PaymentStatus status = PaymentStatus::kUnknown;
};

class LogWindow {
 public:
  // The newest entry is always held, however large.
  explicit LogWindow(int64_t bytes_max) : bytes_max_(bytes_max) {}

  // Empties it: of partition p it holds what comes after offset held_after[p]. Every earlier sequence number has then
  // fallen off, also one that was at the end.
  void Start(const std::vector<int64_t>& held_after);
  // One more partition, which holds what comes after `held_after`. Sequence numbers stay.
  void AddPartition(int64_t held_after) { partitions_.push_back({held_after, std::nullopt, {}}); }
  // `entry.partition` is one of these; its offset above all earlier ones of the partition.
  void Append(WindowEntry entry);

  // Sequence numbers of the entries held: [begin_sequence, end_sequence).
  uint64_t begin_sequence() const { return begin_; }
  uint64_t end_sequence() const { return begin_ + entries_.size(); }
  const WindowEntry& at(uint64_t sequence) const { return entries_[sequence - begin_]; }
  int64_t bytes() const { return bytes_; }
  int64_t bytes_max() const { return bytes_max_; }

  // Every accepted record of the partition that was applied and has an offset above this is held.
  int64_t held_after(int32_t partition) const { return partitions_[partition].held_after; }
  // Is everything after after[p] held, for every p?
  bool HoldsAfter(const std::vector<int64_t>& after) const;
  // The first entry with an offset above its partition's after[p]; end_sequence() when there is none.
  uint64_t Locate(const std::vector<int64_t>& after) const;
  // Of the record at `offset` when it is held, or was the last of its partition to leave.
  std::optional<uint32_t> ChecksumAt(int32_t partition, int64_t offset) const;

 private:
  struct Partition {
    int64_t held_after = -1;
    std::optional<uint32_t> checksum_before;  // of the record at held_after, when one left from there
    std::deque<uint64_t> sequences;           // of its entries, ascending
  };

  static int64_t Cost(const WindowEntry& entry);
  uint64_t FirstAfter(const Partition& partition, int64_t offset) const;
  void EvictOldest();

  int64_t bytes_max_;
  int64_t bytes_ = 0;
  uint64_t begin_ = 0;
  std::deque<WindowEntry> entries_;
  std::vector<Partition> partitions_;
};

}  // namespace pipeline
