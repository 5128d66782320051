// The audited log of all partitions as one dense row of records, and where each generated record stands in it. Built
// once for a History by judge.cc and metrics.cc, read by every checker. Pure; const after construction, so thread-safe.
//
// Built in two passes over the log. Memory: 4 bytes for each send, 6 for each log record, and a hash map entry only for
// records that the log holds twice or that nobody sent. The numbers of the payment ids (4 bytes more, and 8 for each
// id) come with the first question for them: snapshots and unary calls need them.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "harness/verify/history.h"

namespace harness {

// A record's place in the row: partitions one after another, each in offset order.
using LogPlace = uint32_t;
inline constexpr LogPlace kNoPlace = UINT32_MAX;

class LogIndex {
 public:
  // `history` must outlive it. A history that was not audited has an empty index. At most 2^32 - 2 records.
  explicit LogIndex(const History& history);

  size_t size() const { return begins_.back(); }
  int32_t partitions() const { return static_cast<int32_t>(begins_.size()) - 1; }
  // The places of `partition`: [begin, end).
  LogPlace begin(int32_t partition) const { return begins_[static_cast<size_t>(partition)]; }
  LogPlace end(int32_t partition) const { return begins_[static_cast<size_t>(partition) + 1]; }

  // kNoPlace when the log has no such partition or no record there. O(1) without gaps, O(log n) otherwise.
  LogPlace Find(int32_t partition, int64_t offset) const;
  // The first place of `partition` at or above `offset`; end(partition) when there is none. O(1) without gaps.
  LogPlace LowerBound(int32_t partition, int64_t offset) const;
  const LogRecord& record(LogPlace place) const {
    const int32_t p = partition(place);
    return history_->partitions[static_cast<size_t>(p)].records[place - begin(p)];
  }
  int32_t partition(LogPlace place) const { return partition_of_[place]; }

  // Every place that holds `rec`, in the row's order; empty when there is none.
  std::span<const LogPlace> Places(Rec rec) const;
  // Every place that holds a valid record of that payment with that content, the metadata aside; in the row's order.
  // For deliveries that have neither a position nor a rec: the first question sorts the log (16 bytes a record).
  std::vector<LogPlace> PlacesOfContent(uint64_t id_hash, uint64_t content_hash) const;

  // Payment ids as small numbers, in the order of their hashes: of the record at `place` (meaningless for an invalid
  // one), from 0 to id_count() - 1.
  uint32_t id(LogPlace place) const {
    std::call_once(ids_made_, [this] { NumberIds(); });
    return ids_[place];
  }
  size_t id_count() const {
    std::call_once(ids_made_, [this] { NumberIds(); });
    return id_hashes_.size();
  }
  // The number of an id; kNoPlace when no valid record has it. O(log ids).
  uint32_t NumberOf(uint64_t id_hash) const;

 private:
  void Note(Rec rec, LogPlace place);
  void NumberIds() const;
  void SortContents() const;

  const History* history_;
  std::vector<LogPlace> begins_;                               // one for each partition, and the end
  std::vector<std::vector<LogPlace>> first_;                   // [producer][sequence - 1]
  std::unordered_map<uint64_t, std::vector<LogPlace>> other_;  // by Rec::bits: found twice, or beyond first_
  std::vector<uint16_t> partition_of_;                         // by place
  mutable std::once_flag ids_made_;
  mutable std::vector<uint32_t> ids_;        // by place
  mutable std::vector<uint64_t> id_hashes_;  // by number
  mutable std::once_flag contents_sorted_;
  mutable std::vector<std::pair<uint64_t, LogPlace>> contents_;  // by ContentKey
};

// The send that made `rec`; nullptr when no producer told of one.
const Send* FindSend(const History& history, Rec rec);

}  // namespace harness
