// Whether the log that is read on is the one that was read: for each partition, what the reader has seen last, and what
// stands there when it is read again after contact with Kafka was lost. The pure heart of KafkaReader, which owns one
// and calls it from its thread; time comes in as an argument.
//
// After a loss every partition is read again from the last record that was seen, so the first message that comes tells:
// that record itself, another one, or what stands behind it where it no longer is (compacted or trimmed away). Where
// nothing is left to compare, the partition waits until another one has proved the log to be the same, or none is left
// that could. No record is taken of a partition that has not passed.
#pragma once

#include <cstdint>
#include <vector>

#include "stream/replica_state.h"

namespace pipeline {

// How long a partition may end before the next offset until it counts as another log. A new leader may for a moment
// tell an end below the one that the old leader told.
inline constexpr int64_t kShortEndNsMax = 10'000'000'000;

class LogContinuity {
 public:
  enum class Verdict : uint8_t {
    kTake,     // it is new
    kDrop,     // it was taken before, or has to wait
    kAnother,  // another log: nothing more may be taken before all is loaded anew
  };
  struct Range {
    Verdict verdict = Verdict::kDrop;
    int64_t skipped = 0;  // records that are gone and were not read; reading goes on behind them
  };

  // Partition p is read from begins[p] on; nothing has been seen of it.
  void Start(const std::vector<int64_t>& begins);
  // One more, which has passed. Read from ReadFrom() then.
  void Add(int64_t begin);

  int32_t partition_count() const { return static_cast<int32_t>(partitions_.size()); }
  int64_t next_offset(int32_t partition) const { return partitions_[partition].next_offset; }
  // All partitions have passed.
  bool passed() const { return checking_ == 0 && !must_reread_; }

  // Contact was lost: none has passed any more. Read from ReadFrom() then.
  void Lose();
  // There is something to be taken that does not come by itself: read from ReadFrom().
  bool must_reread() const { return must_reread_; }
  // From where each partition is to be read. The caller does so.
  std::vector<int64_t> ReadFrom();

  // Records of a partition come in ascending order. `crc32c`: of key and value.
  Verdict OnRecord(int32_t partition, int64_t offset, uint32_t crc32c);
  // No record follows below `offset`, where the partition ends.
  Verdict OnEnd(int32_t partition, int64_t offset, int64_t now_ns);
  // Kafka does not have what is read from, but this. Reread then.
  Range OnOutOfRange(int32_t partition, const Watermarks& range);
  // Partitions that have ended before the next offset for too long: their watermarks decide (OnOutOfRange).
  std::vector<int32_t> TooShort(int64_t now_ns) const;

 private:
  enum class State : uint8_t {
    kPassed,
    kChecking,  // its first message tells
    kWaiting,   // nothing is left to compare
  };
  struct Partition {
    int64_t next_offset = 0;
    int64_t seen_offset = -1;  // of the last record, accepted or rejected; -1: none
    uint32_t seen_crc32c = 0;
    State state = State::kPassed;
    bool dropped = false;  // messages that are to be taken once it has passed
    int64_t short_since_ns = -1;
  };

  static int64_t CheckFrom(const Partition& at);
  // Its first message is beyond what could be compared. True: it has passed with that.
  bool PassUnproved(Partition* at);
  void Prove(Partition* at);
  void LeaveChecking(Partition* at, State state);
  void ReleaseWaiting();

  std::vector<Partition> partitions_;
  int32_t checking_ = 0;
  bool proved_ = true;  // since contact was lost
  bool must_reread_ = false;
};

}  // namespace pipeline
