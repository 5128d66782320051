// What the fuzzers of requests share: a small replica, and what a stream may send of it.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "payment.pb.h"
#include "stream/resume_decision.h"
#include "stream/stream_cursor.h"

namespace pipeline {

inline constexpr char kFuzzLogId[] = "log";
inline constexpr int32_t kFuzzPartitions = 3;

inline void Require(bool condition) {
  if (!condition) std::abort();
}

// Three partitions of ten records each from offset 5 on; the window holds the last few.
inline const ReplicaState& FuzzState() {
  static const ReplicaState& state = *[] {
    auto* made = new ReplicaState(1000);
    made->Start(kFuzzLogId, std::vector<Watermarks>(kFuzzPartitions, {5, 15}));
    for (int64_t offset = 5; offset < 15; ++offset) {
      for (int32_t partition = 0; partition < kFuzzPartitions; ++partition) {
        LogRecord record;
        record.partition = partition;
        record.offset = offset;
        record.record_crc32c = static_cast<uint32_t>(offset);
        record.provider = static_cast<Provider>(offset % 4);
        record.status = static_cast<PaymentStatus>(offset % 5);
        record.id = "pay_" + std::to_string(offset % 4);
        ::payment::Payment payment;
        payment.set_id(record.id);
        record.frame = MakeEventFrame(payment.SerializeAsString(), partition, offset, record.record_crc32c);
        made->Apply(std::move(record));
      }
    }
    return made;
  }();
  return state;
}

// Pulls all that a stream from `starts` is owed, and requires it to be no more than that and in order.
inline std::vector<StreamEvent> ServeOwed(const Filter& filter, const std::vector<PartitionStart>& starts) {
  StreamCursor cursor(filter, starts, FuzzState());
  std::vector<StreamEvent> events;
  StreamCursor::Outcome outcome = StreamCursor::Outcome::kMore;
  const PullLimits limits = {2, 50, 3};
  for (int pulls = 0; pulls < 1000; ++pulls) {
    outcome = cursor.Pull(FuzzState(), limits, &events);
    if (outcome != StreamCursor::Outcome::kEvents && outcome != StreamCursor::Outcome::kMore) break;
  }
  Require(outcome == StreamCursor::Outcome::kIdle || outcome == StreamCursor::Outcome::kCatchUp);
  std::vector<int64_t> last;
  last.reserve(starts.size());
  for (const PartitionStart& start : starts) last.push_back(start.after);
  for (const StreamEvent& event : events) {
    Require(event.offset > last[event.partition]);
    last[event.partition] = event.offset;
  }
  return events;
}

}  // namespace pipeline
