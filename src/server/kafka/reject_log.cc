#include "server/kafka/reject_log.h"

#include <spdlog/spdlog.h>

#include "common/clock.h"

namespace pipeline {
namespace {

constexpr int64_t kLineEveryNs = 1'000'000'000;

}  // namespace

void RejectLog::Count(RejectReason reason, int32_t partition, int64_t offset, int64_t size_bytes) {
  Counter& counter = counters_[static_cast<size_t>(reason)];
  const int64_t records = ++counter.records;
  const int64_t now_ns = MonotonicNs();
  if (now_ns < counter.next_line_ns) return;
  counter.next_line_ns = now_ns + kLineEveryNs;
  const int64_t unlogged = records - counter.logged - 1;
  counter.logged = records;
  spdlog::warn(
      "[REJECT] partition {} offset {} ({} bytes): {}; the stream goes on ({} rejected so far, {} without a line)",
      partition, offset, size_bytes, RejectReasonName(reason), total(), unlogged);
}

int64_t RejectLog::total() const {
  int64_t total = 0;
  for (const Counter& counter : counters_) total += counter.records;
  return total;
}

}  // namespace pipeline
