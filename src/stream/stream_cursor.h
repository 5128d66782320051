// How far one subscriber is: which events it gets next. First the snapshot (the store's winners up to one offset P
// of each partition, ascending), then every record, from the window. A subscriber whose next record has left the window
// is caught up from Kafka (CatchUpPlan) and joined back. Owned by one stream; the caller guards cursor and state. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "payment/payment.h"
#include "stream/replica_state.h"
#include "stream/resume_decision.h"

namespace pipeline {

// An event to send. Shares its bytes with the store and the window.
struct StreamEvent {
  EventFrame frame;
  int32_t partition = 0;
  int64_t offset = 0;
  uint32_t record_crc32c = 0;
  bool existing = false;
};

struct PullLimits {
  int32_t events_max = 128;
  int64_t bytes_max = 256LL * 1024;  // of frames; a single larger event goes alone
  int32_t scan_max = 4096;           // entries looked at, so that a filter that matches nothing holds no lock for long
};

class StreamCursor {
 public:
  enum class Outcome : uint8_t {
    kEvents,      // at least one
    kMore,        // none yet, the scan limit was reached: call again
    kIdle,        // nothing to send until the state changes
    kCatchUp,     // the next record is not in the window: read Kafka after catch_up_from(), then TryJoin
    kFellOff,     // the next record has left the window: FallBack, or end the stream
    kReplaced,    // the log was replaced: the stream can only end
    kIncomplete,  // the store does not hold every payment (any more): there is no snapshot to send
    kRefused,     // a record of the token's has another checksum: refusal()
  };

  // `starts` has one element per partition: SnapshotStarts(), or what DecideResume() said while `state` was as it is
  // now. Partitions that the topic gets later are owed from their beginning.
  StreamCursor(const Filter& filter, std::vector<PartitionStart> starts, const ReplicaState& state);
  // Where a new subscriber starts: a snapshot of everything applied so far.
  static std::vector<PartitionStart> SnapshotStarts(const ReplicaState& state);
  // Where one starts that wants only what comes from now on.
  static std::vector<PartitionStart> LiveStarts(const ReplicaState& state);

  // Appends what comes next to `out`.
  Outcome Pull(const ReplicaState& state, const PullLimits& limits, std::vector<StreamEvent>* out);

  // `run`: the window's entries from `sequence` on, one after the other, of the log's `generation`. True: they are what
  // Pull would append next, whatever the window has forgotten since, and this stands behind them now; false: Pull.
  // Needs no state: for streams that share what one of them has pulled.
  bool TakeRun(uint64_t generation, uint64_t sequence, std::span<const Position> run);

  // After kCatchUp: Kafka is read for every record with an offset above these.
  const std::vector<int64_t>& catch_up_from() const { return after_; }
  // Everything up to `covered` was sent. True: the window holds what follows, Pull goes on there.
  bool TryJoin(const ReplicaState& state, const std::vector<int64_t>& covered);

  // After kFellOff: Pull says kCatchUp from now on.
  void FallBack() { phase_ = Phase::kCatchUp; }
  // A catch-up reader left after it had handed over everything up to `covered`: the next one goes on there.
  void SetCaughtUpTo(const std::vector<int64_t>& covered) { after_ = covered; }

  // Of each partition the last offset up to which everything that is owed was pulled; rejected records and those of
  // other filters count. Not after kFellOff or kReplaced, nor while Kafka is read for this subscriber.
  std::vector<int64_t> Covered(const ReplicaState& state) const;

  // Offsets below the place where it is, of all partitions; those that the log no longer has count too. In the
  // snapshot, and while Kafka is read for it as of what was handed over before.
  int64_t Passed(const ReplicaState& state) const;

  uint64_t generation() const { return generation_; }
  // How far it is: in the snapshot, or in the window before this sequence number; neither: to be caught up.
  bool in_snapshot() const { return phase_ == Phase::kSnapshot; }
  std::optional<uint64_t> window_sequence() const {
    return phase_ == Phase::kWindow ? std::optional(sequence_) : std::nullopt;
  }

  // While Kafka is read for it: partitions were added since, which that reader does not read, and the window no longer
  // holds all of them. Another reader has to go on: SetCaughtUpTo.
  bool OutgrewReader(const ReplicaState& state) const;
  // After kIdle: Pull has something to say once the record at one of these positions is applied or passed; empty: with
  // the next change. A stream that was resumed ahead of this replica waits for the position that its token names.
  std::vector<Position> Awaited(const ReplicaState& state) const;
  // Would Pull say kFellOff? kReplaced?
  bool HasFallenOff(const ReplicaState& state) const;
  bool IsReplaced(const ReplicaState& state) const { return generation_ != state.generation(); }
  const Refusal& refusal() const { return refusal_; }

 private:
  enum class Phase : uint8_t { kSnapshot, kCatchUp, kWindow };

  // Takes in partitions that were added since.
  void Grow(const ReplicaState& state);

  Outcome PullSnapshot(const ReplicaState& state, const PullLimits& limits, std::vector<StreamEvent>* out);
  Outcome PullWindow(const ReplicaState& state, const PullLimits& limits, std::vector<StreamEvent>* out);
  // The entries that it has not looked at have left the window, and it is owed none of them: goes on behind them.
  // False: another checksum.
  bool Relocate(const ReplicaState& state);
  // False: another checksum.
  bool CheckRecord(const WindowEntry& entry);

  Filter filter_;
  uint64_t generation_;
  Phase phase_ = Phase::kSnapshot;
  std::vector<PartitionStart> starts_;
  size_t snapshot_partition_ = 0;  // the one being sent
  std::vector<int64_t> after_;     // covered so far; in the snapshot phase of each partition: by the snapshot
  uint64_t sequence_ = 0;          // in the window
  Refusal refusal_;
};

// What a catch-up reader does with each record of Kafka's: from where, which are owed, and when the window takes over.
// Owned by one reader. Pure.
class CatchUpPlan {
 public:
  // `after`: StreamCursor::catch_up_from().
  CatchUpPlan(const Filter& filter, std::vector<int64_t> after) : filter_(filter), covered_(std::move(after)) {}

  int64_t next_offset(int32_t partition) const { return covered_[partition] + 1; }
  const std::vector<int64_t>& covered() const { return covered_; }
  // An accepted record was read. True: it is owed, send it.
  bool Offer(int32_t partition, int64_t offset, Provider provider, PaymentStatus status);
  // All below `next_offset` was read: a rejected record, the partition's end.
  void Advance(int32_t partition, int64_t next_offset);

 private:
  Filter filter_;
  std::vector<int64_t> covered_;
};

}  // namespace pipeline
