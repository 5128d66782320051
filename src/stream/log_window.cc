#include "stream/log_window.h"

#include <algorithm>
#include <utility>

namespace pipeline {

void LogWindow::Start(const std::vector<int64_t>& held_after) {
  begin_ = end_sequence() + 1;
  entries_.clear();
  bytes_ = 0;
  partitions_.clear();
  for (int64_t offset : held_after) partitions_.push_back({offset, std::nullopt, {}});
}

// The entry itself, its bytes, its place in the partition's list.
int64_t LogWindow::Cost(const WindowEntry& entry) {
  return static_cast<int64_t>(sizeof(WindowEntry) + sizeof(uint64_t)) + entry.frame.bytes.allocated_bytes();
}

void LogWindow::Append(WindowEntry entry) {
  bytes_ += Cost(entry);
  partitions_[entry.partition].sequences.push_back(end_sequence());
  entries_.push_back(std::move(entry));
  while (bytes_ > bytes_max_ && entries_.size() > 1) EvictOldest();
}

void LogWindow::EvictOldest() {
  const WindowEntry& oldest = entries_.front();
  Partition& partition = partitions_[oldest.partition];
  partition.held_after = oldest.offset;
  partition.checksum_before = oldest.record_crc32c;
  partition.sequences.pop_front();
  bytes_ -= Cost(oldest);
  entries_.pop_front();
  ++begin_;
}

bool LogWindow::HoldsAfter(const std::vector<int64_t>& after) const {
  for (size_t p = 0; p < partitions_.size(); ++p) {
    if (after[p] < partitions_[p].held_after) return false;
  }
  return true;
}

uint64_t LogWindow::FirstAfter(const Partition& partition, int64_t offset) const {
  const auto found =
      std::upper_bound(partition.sequences.begin(), partition.sequences.end(), offset,
                       [this](int64_t wanted, uint64_t sequence) { return wanted < at(sequence).offset; });
  return found == partition.sequences.end() ? end_sequence() : *found;
}

uint64_t LogWindow::Locate(const std::vector<int64_t>& after) const {
  uint64_t first = end_sequence();
  for (size_t p = 0; p < partitions_.size(); ++p) first = std::min(first, FirstAfter(partitions_[p], after[p]));
  return first;
}

std::optional<uint32_t> LogWindow::ChecksumAt(int32_t partition, int64_t offset) const {
  const Partition& held = partitions_[partition];
  if (offset == held.held_after) return held.checksum_before;
  const uint64_t sequence = FirstAfter(held, offset - 1);
  if (sequence == end_sequence() || at(sequence).offset != offset) return std::nullopt;
  return at(sequence).record_crc32c;
}

}  // namespace pipeline
