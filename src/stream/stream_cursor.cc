#include "stream/stream_cursor.h"

#include <algorithm>
#include <utility>

namespace pipeline {
namespace {

// What is covered of a partition that was added: nothing that it held when it was found.
int64_t BeforeFirst(const ReplicaState& state, size_t partition) {
  return state.log_start(static_cast<int32_t>(partition)) - 1;
}

// Does the window hold every record above `covered`, and all of the partitions that were added since?
bool HoldsWhatFollows(const ReplicaState& state, std::vector<int64_t> covered) {
  for (size_t p = covered.size(); p < static_cast<size_t>(state.partition_count()); ++p) {
    covered.push_back(BeforeFirst(state, p));
  }
  return state.window().HoldsAfter(covered);
}

// Counts what a pull has taken; full when one of the limits is reached.
class Budget {
 public:
  explicit Budget(const PullLimits& limits) : limits_(limits) {}
  bool CanScan() const { return scanned_ < limits_.scan_max; }
  void Scan() { ++scanned_; }
  // Does an event of this size still fit? The first always does.
  bool Take(int64_t bytes) {
    if (events_ > 0 && (events_ >= limits_.events_max || bytes_ + bytes > limits_.bytes_max)) return false;
    ++events_;
    bytes_ += bytes;
    return true;
  }
  bool took() const { return events_ > 0; }

 private:
  const PullLimits& limits_;
  int32_t scanned_ = 0;
  int32_t events_ = 0;
  int64_t bytes_ = 0;
};

}  // namespace

StreamCursor::StreamCursor(const Filter& filter, std::vector<PartitionStart> starts, const ReplicaState& state)
    : filter_(filter), generation_(state.generation()), starts_(std::move(starts)) {
  bool snapshot = false;
  for (const PartitionStart& start : starts_) {
    after_.push_back(start.after);
    snapshot = snapshot || start.snapshot_until.has_value();
  }
  if (snapshot) return;
  phase_ = Phase::kCatchUp;
  TryJoin(state, after_);
}

std::vector<PartitionStart> StreamCursor::SnapshotStarts(const ReplicaState& state) {
  std::vector<PartitionStart> starts;
  starts.reserve(static_cast<size_t>(state.partition_count()));
  for (int32_t p = 0; p < state.partition_count(); ++p) starts.push_back({-1, state.next_offset(p) - 1, std::nullopt});
  return starts;
}

std::vector<PartitionStart> StreamCursor::LiveStarts(const ReplicaState& state) {
  std::vector<PartitionStart> starts;
  starts.reserve(static_cast<size_t>(state.partition_count()));
  for (int32_t p = 0; p < state.partition_count(); ++p) starts.push_back({state.next_offset(p) - 1, {}, std::nullopt});
  return starts;
}

bool StreamCursor::HasFallenOff(const ReplicaState& state) const {
  return phase_ == Phase::kWindow && sequence_ < state.window().begin_sequence() && !HoldsWhatFollows(state, after_);
}

std::vector<Position> StreamCursor::Awaited(const ReplicaState& state) const {
  const auto count = static_cast<int32_t>(after_.size());
  bool ahead = false;
  for (int32_t p = 0; p < count; ++p) {
    const int64_t wanted = phase_ == Phase::kSnapshot ? starts_[p].records_after() : after_[p];
    if (wanted < state.next_offset(p)) continue;
    if (phase_ == Phase::kSnapshot) return {{p, wanted}};
    ahead = true;
  }
  if (!ahead) return {};
  std::vector<Position> positions;
  positions.reserve(static_cast<size_t>(count));
  for (int32_t p = 0; p < count; ++p) {
    // The record behind those that are covered; before that one, the record that the token's checksum is of.
    const int64_t next = starts_[p].record_crc32c ? starts_[p].after : after_[p] + 1;
    positions.push_back({p, std::max(next, state.next_offset(p))});
  }
  return positions;
}

std::vector<int64_t> StreamCursor::Covered(const ReplicaState& state) const {
  std::vector<int64_t> covered = after_;
  // At the window's end everything that was applied has been looked at; what is applied and not there was rejected.
  if (phase_ != Phase::kWindow || sequence_ < state.window().end_sequence()) return covered;
  for (size_t p = 0; p < covered.size(); ++p) {
    covered[p] = std::max(covered[p], state.next_offset(static_cast<int32_t>(p)) - 1);
  }
  return covered;
}

int64_t StreamCursor::Passed(const ReplicaState& state) const {
  int64_t passed = 0;
  for (int32_t p = 0; p < state.partition_count(); ++p) {
    const int64_t begin = state.log_start(p);
    const auto known = static_cast<size_t>(p) < after_.size();
    passed += known ? std::max(after_[static_cast<size_t>(p)] + 1, begin) : begin;
  }
  return passed;
}

bool StreamCursor::OutgrewReader(const ReplicaState& state) const {
  for (size_t p = after_.size(); p < static_cast<size_t>(state.partition_count()); ++p) {
    if (state.window().held_after(static_cast<int32_t>(p)) > BeforeFirst(state, p)) return true;
  }
  return false;
}

void StreamCursor::Grow(const ReplicaState& state) {
  for (size_t p = after_.size(); p < static_cast<size_t>(state.partition_count()); ++p) {
    starts_.push_back({BeforeFirst(state, p), std::nullopt, std::nullopt});
    after_.push_back(starts_.back().after);
  }
}

StreamCursor::Outcome StreamCursor::Pull(const ReplicaState& state, const PullLimits& limits,
                                         std::vector<StreamEvent>* out) {
  if (IsReplaced(state)) return Outcome::kReplaced;
  if (HasFallenOff(state)) return Outcome::kFellOff;
  if (phase_ == Phase::kWindow && sequence_ < state.window().begin_sequence() && !Relocate(state)) {
    return Outcome::kRefused;
  }
  Grow(state);
  if (phase_ == Phase::kSnapshot) {
    if (!state.store().complete()) return Outcome::kIncomplete;
    const Outcome outcome = PullSnapshot(state, limits, out);
    if (phase_ == Phase::kSnapshot || outcome != Outcome::kIdle) return outcome;
  }
  return phase_ == Phase::kCatchUp ? Outcome::kCatchUp : PullWindow(state, limits, out);
}

// kIdle with another phase than kSnapshot: the snapshot is over and nothing was taken from it.
StreamCursor::Outcome StreamCursor::PullSnapshot(const ReplicaState& state, const PullLimits& limits,
                                                 std::vector<StreamEvent>* out) {
  // A snapshot begun on another replica goes on when this one has applied all that the client has seen of any
  // partition: an older state would send what was superseded before.
  for (size_t p = 0; p < starts_.size(); ++p) {
    if (state.next_offset(static_cast<int32_t>(p)) <= starts_[p].records_after()) return Outcome::kIdle;
  }
  Budget budget(limits);
  bool full = false;
  for (; snapshot_partition_ < starts_.size(); ++snapshot_partition_) {
    const auto partition = static_cast<int32_t>(snapshot_partition_);
    const int64_t until = starts_[partition].records_after();
    state.store().ForEachWinner(partition, after_[partition], until, [&](const StoredPayment& payment) {
      const LogRecord& record = payment.record;
      full = !budget.CanScan();
      if (full) return false;
      budget.Scan();
      if (filter_.Matches(record.provider, record.status)) {
        full = !budget.Take(record.frame.bytes.size());
        if (full) return false;
        out->push_back({record.frame, partition, record.offset, record.record_crc32c, true});
      }
      after_[partition] = record.offset;
      return true;
    });
    if (full) return budget.took() ? Outcome::kEvents : Outcome::kMore;
    after_[partition] = until;
  }
  phase_ = Phase::kCatchUp;
  TryJoin(state, after_);
  return budget.took() ? Outcome::kEvents : Outcome::kIdle;
}

bool StreamCursor::TryJoin(const ReplicaState& state, const std::vector<int64_t>& covered) {
  if (generation_ != state.generation() || !HoldsWhatFollows(state, covered)) return false;
  after_ = covered;
  Grow(state);
  sequence_ = state.window().Locate(after_);
  phase_ = Phase::kWindow;
  return true;
}

bool StreamCursor::Relocate(const ReplicaState& state) {
  Grow(state);
  for (size_t p = 0; p < starts_.size(); ++p) {
    PartitionStart& start = starts_[p];
    const auto partition = static_cast<int32_t>(p);
    if (!start.record_crc32c || start.after >= state.next_offset(partition)) continue;
    const uint32_t wanted = *std::exchange(start.record_crc32c, std::nullopt);
    const std::optional<uint32_t> found = state.ChecksumAt(partition, start.after);
    if (!found || *found == wanted) continue;
    refusal_ = OtherRecord(partition, start.after, wanted, *found);
    return false;
  }
  sequence_ = state.window().Locate(after_);
  return true;
}

bool StreamCursor::CheckRecord(const WindowEntry& entry) {
  PartitionStart& start = starts_[entry.partition];
  if (!start.record_crc32c || entry.offset < start.after) return true;
  const uint32_t wanted = *std::exchange(start.record_crc32c, std::nullopt);
  if (entry.offset != start.after || entry.record_crc32c == wanted) return true;
  refusal_ = OtherRecord(entry.partition, entry.offset, wanted, entry.record_crc32c);
  return false;
}

StreamCursor::Outcome StreamCursor::PullWindow(const ReplicaState& state, const PullLimits& limits,
                                               std::vector<StreamEvent>* out) {
  Budget budget(limits);
  const LogWindow& window = state.window();
  for (; sequence_ < window.end_sequence(); ++sequence_) {
    if (!budget.CanScan()) return budget.took() ? Outcome::kEvents : Outcome::kMore;
    budget.Scan();
    const WindowEntry& entry = window.at(sequence_);
    if (!CheckRecord(entry)) return Outcome::kRefused;
    if (entry.offset <= after_[entry.partition]) continue;
    if (filter_.Matches(entry.provider, entry.status)) {
      if (!budget.Take(entry.frame.bytes.size())) return Outcome::kEvents;
      out->push_back({entry.frame, entry.partition, entry.offset, entry.record_crc32c, false});
    }
    after_[entry.partition] = entry.offset;
  }
  return budget.took() ? Outcome::kEvents : Outcome::kIdle;
}

bool StreamCursor::TakeRun(uint64_t generation, uint64_t sequence, std::span<const Position> run) {
  if (generation != generation_ || phase_ != Phase::kWindow || sequence != sequence_ || filter_ != Filter{}) {
    return false;
  }
  // All new to this stream: none is the record at a token's end, which Pull would have to compare.
  const auto is_next = [this](const Position& at) {
    return static_cast<size_t>(at.partition) < after_.size() && at.offset > after_[at.partition];
  };
  if (!std::all_of(run.begin(), run.end(), is_next)) return false;
  for (const Position& at : run) after_[at.partition] = at.offset;
  sequence_ += run.size();
  return true;
}

bool CatchUpPlan::Offer(int32_t partition, int64_t offset, Provider provider, PaymentStatus status) {
  if (offset <= covered_[partition]) return false;
  covered_[partition] = offset;
  return filter_.Matches(provider, status);
}

void CatchUpPlan::Advance(int32_t partition, int64_t next_offset) {
  covered_[partition] = std::max(covered_[partition], next_offset - 1);
}

}  // namespace pipeline
