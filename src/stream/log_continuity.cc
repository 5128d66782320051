#include "stream/log_continuity.h"

#include <algorithm>

namespace pipeline {

void LogContinuity::Start(const std::vector<int64_t>& begins) {
  partitions_.clear();
  checking_ = 0;
  proved_ = true;
  for (const int64_t begin : begins) Add(begin);
}

void LogContinuity::Add(int64_t begin) {
  partitions_.push_back({.next_offset = begin});
  must_reread_ = true;
}

// Where no record was seen, the offset before the next one tells too: there was none.
int64_t LogContinuity::CheckFrom(const Partition& at) {
  return at.seen_offset >= 0 ? at.seen_offset : at.next_offset - 1;
}

void LogContinuity::Lose() {
  proved_ = false;
  must_reread_ = false;
  checking_ = 0;
  for (Partition& at : partitions_) {
    at.state = at.next_offset > 0 ? State::kChecking : State::kWaiting;
    checking_ += at.state == State::kChecking ? 1 : 0;
  }
  if (checking_ == 0) ReleaseWaiting();  // nothing has been read of any
}

std::vector<int64_t> LogContinuity::ReadFrom() {
  must_reread_ = false;
  std::vector<int64_t> offsets;
  offsets.reserve(partitions_.size());
  for (Partition& at : partitions_) {
    at.dropped = false;
    offsets.push_back(at.state == State::kChecking ? CheckFrom(at) : at.next_offset);
  }
  return offsets;
}

void LogContinuity::ReleaseWaiting() {
  for (Partition& at : partitions_) {
    if (at.state != State::kWaiting) continue;
    at.state = State::kPassed;
    must_reread_ = must_reread_ || at.dropped;
  }
}

void LogContinuity::LeaveChecking(Partition* at, State state) {
  at->state = state;
  at->short_since_ns = -1;
  --checking_;
}

void LogContinuity::Prove(Partition* at) {
  LeaveChecking(at, State::kPassed);
  proved_ = true;
  ReleaseWaiting();
}

bool LogContinuity::PassUnproved(Partition* at) {
  if (at->state == State::kPassed) return !at->dropped;
  if (at->state == State::kChecking && (proved_ || checking_ == 1)) {
    LeaveChecking(at, State::kPassed);
    if (checking_ == 0) ReleaseWaiting();
    return true;
  }
  if (at->state == State::kChecking) LeaveChecking(at, State::kWaiting);
  at->dropped = true;
  return false;
}

LogContinuity::Verdict LogContinuity::OnRecord(int32_t partition, int64_t offset, uint32_t crc32c) {
  Partition& at = partitions_[partition];
  if (offset < at.next_offset) {
    if (at.state != State::kChecking || offset < CheckFrom(at)) return Verdict::kDrop;
    // Behind the last record that was seen there was none.
    if (offset != at.seen_offset || crc32c != at.seen_crc32c) return Verdict::kAnother;
    Prove(&at);
    return Verdict::kDrop;
  }
  if (!PassUnproved(&at)) return Verdict::kDrop;
  at.next_offset = offset + 1;
  at.seen_offset = offset;
  at.seen_crc32c = crc32c;
  return Verdict::kTake;
}

LogContinuity::Verdict LogContinuity::OnEnd(int32_t partition, int64_t offset, int64_t now_ns) {
  Partition& at = partitions_[partition];
  if (offset < at.next_offset) {
    if (at.state == State::kChecking && at.short_since_ns < 0) at.short_since_ns = now_ns;
    return Verdict::kDrop;
  }
  if (!PassUnproved(&at)) return Verdict::kDrop;
  at.next_offset = offset;
  return Verdict::kTake;
}

LogContinuity::Range LogContinuity::OnOutOfRange(int32_t partition, const Watermarks& range) {
  Partition& at = partitions_[partition];
  if (range.high < at.next_offset) return {Verdict::kAnother, 0};
  must_reread_ = true;
  at.short_since_ns = -1;
  const bool comparable = at.state == State::kChecking && range.low <= CheckFrom(at);
  if (comparable || !PassUnproved(&at)) return {};
  const int64_t skipped = std::max<int64_t>(0, range.low - at.next_offset);
  at.next_offset += skipped;
  return {Verdict::kDrop, skipped};
}

std::vector<int32_t> LogContinuity::TooShort(int64_t now_ns) const {
  std::vector<int32_t> found;
  for (int32_t p = 0; checking_ > 0 && p < partition_count(); ++p) {
    const Partition& at = partitions_[p];
    if (at.short_since_ns >= 0 && now_ns - at.short_since_ns >= kShortEndNsMax) found.push_back(p);
  }
  return found;
}

}  // namespace pipeline
