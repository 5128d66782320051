#include "server/kafka/retention_follower.h"

namespace pipeline {
namespace {

constexpr int64_t kLookNs = 1'000'000'000;
// Payments looked at under one hold of the replica's mutex: about a millisecond.
constexpr int64_t kTrimSteps = 1024;

}  // namespace

void RetentionFollower::Begin(size_t partitions) {
  heard_of_.assign(partitions, false);
  look_at_ns_ = 0;
  trimming_ = false;
  expired_ = 0;
}

std::vector<int64_t> RetentionFollower::Lows(rd_kafka_t* handle) const {
  std::vector<int64_t> lows;
  lows.reserve(heard_of_.size());
  for (size_t p = 0; p < heard_of_.size(); ++p) {
    int64_t low = -1;
    int64_t high = -1;
    if (heard_of_[p]) {
      rd_kafka_get_watermark_offsets(handle, topic_.c_str(), static_cast<int32_t>(p), &low, &high);
    }
    lows.push_back(low);
  }
  return lows;
}

void RetentionFollower::Follow(rd_kafka_t* handle, int64_t now_ns) {
  std::vector<int64_t> lows;
  if (now_ns >= look_at_ns_) {
    look_at_ns_ = now_ns + kLookNs;
    lows = Lows(handle);
    if (contact_->lost()) return;  // they may be another log's
  }
  if (lows.empty() && !trimming_) return;
  int64_t expired = 0;
  replica_->UpdateQuietly([&](ReplicaState& state) {
    for (size_t p = 0; p < lows.size(); ++p) state.SetLow(static_cast<int32_t>(p), lows[p]);
    trimming_ = !state.Trim(kTrimSteps);
    expired = state.store().expired();
  });
  counters_->payments_expired.Add(expired - std::exchange(expired_, expired));
}

}  // namespace pipeline
