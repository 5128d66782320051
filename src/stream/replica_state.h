// What a server knows of the topic: how far each partition was applied, the payments, and the newest records. The pure
// heart of the server: a Replica guards it with a mutex; its writer is the thread that reads Kafka.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stream/log_window.h"
#include "stream/payment_store.h"

namespace pipeline {

// A partition as Kafka describes it: the records it holds have offsets in [low, high).
struct Watermarks {
  int64_t low = 0;
  int64_t high = 0;
};

class ReplicaState {
 public:
  explicit ReplicaState(int64_t window_bytes_max, const StoreLimits& limits = {})
      : store_(limits), window_(window_bytes_max) {}

  // Begins at the low watermarks with an empty store; the backlog is what is below the high ones. Again after the log
  // was replaced: every stream of the generation before has ended then. Built-in payments are kept. `compacted`: as of
  // PaymentStore::Start.
  void Start(std::string log_id, const std::vector<Watermarks>& partitions, bool compacted = false);
  // Partitions that the topic got since, from their low watermarks on. They are no part of the backlog, and open
  // streams go on: each owes every record of theirs.
  void AddPartitions(const std::vector<Watermarks>& added);
  // Kept over every Start.
  void AddBuiltIn(LogRecord record);

  // Offsets of a partition come in ascending order.
  void Apply(LogRecord record);
  // The record at `offset`, which is none that is streamed, takes away what its partition held of payment `id`.
  void Delete(int32_t partition, int64_t offset, std::string_view id) { store_.Delete(partition, offset, id); }
  // All below `next_offset` has been seen, accepted or not (a rejected record, the partition's end).
  void Advance(int32_t partition, int64_t next_offset);
  // The records below `next_offset` that were not read will never be: all subscribers fall off, and learn from their
  // tokens whether they lack one.
  void Skip(int32_t partition, int64_t next_offset);
  // Kafka has told that the partition begins at `low` now; Trim brings the store up to that (PaymentStore). Streams and
  // next offsets don't change by it.
  void SetLow(int32_t partition, int64_t low) { store_.SetLow(partition, low); }
  bool Trim(int64_t steps_max) { return store_.Trim(steps_max); }

  bool started() const { return generation_ > 0; }
  uint64_t generation() const { return generation_; }  // counts Starts
  // Counts what changes more than next offsets: a Start, partitions that were added, records that were skipped.
  uint64_t epoch() const { return epoch_; }
  // The backlog found at Start is applied. Once true it stays so until the next Start.
  bool loaded() const { return started() && behind_ == 0; }
  const std::string& log_id() const { return log_id_; }
  int32_t partition_count() const { return static_cast<int32_t>(partitions_.size()); }
  // All below was seen.
  int64_t next_offset(int32_t partition) const { return partitions_[partition].next_offset; }
  // Where it was when it was first read, or last skipped to.
  int64_t log_start(int32_t partition) const { return partitions_[partition].log_start; }
  // Of the newest accepted record, and its checksum; -1: there is none yet.
  int64_t last_offset(int32_t partition) const { return partitions_[partition].last_offset; }
  uint32_t LastCrc32c(int32_t partition) const { return partitions_[partition].last_crc32c; }
  // At least the next offset.
  int64_t high_watermark(int32_t partition) const { return partitions_[partition].high; }
  // Records of the backlog not applied yet, over all partitions.
  int64_t BacklogLeft() const;
  // Of the record at `offset` as far as it is known here.
  std::optional<uint32_t> ChecksumAt(int32_t partition, int64_t offset) const;

  const PaymentStore& store() const { return store_; }
  const LogWindow& window() const { return window_; }

 private:
  struct Partition {
    int64_t log_start = 0;
    int64_t next_offset = 0;
    int64_t high = 0;
    int64_t backlog_end = 0;
    int64_t last_offset = -1;
    uint32_t last_crc32c = 0;
  };

  std::string log_id_;
  uint64_t generation_ = 0;
  uint64_t epoch_ = 0;
  int32_t behind_ = 0;  // partitions with backlog left
  std::vector<Partition> partitions_;
  std::vector<LogRecord> built_in_;
  PaymentStore store_;
  LogWindow window_;
};

}  // namespace pipeline
