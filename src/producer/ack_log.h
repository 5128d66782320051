// The acknowledgement log (docs/formats.md): every send before it leaves, every outcome, so that another process can
// tell what was acknowledged even when this one is killed. Written by payment-producer's main thread (sends) and its
// delivery thread (outcomes); thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/file_lock.h"
#include "common/line_file.h"
#include "common/mutex.h"
#include "producer/record_producer.h"

namespace pipeline {

struct AckLogTotals {
  int64_t sent = 0;
  int64_t ok = 0;
  int64_t failed = 0;
  int64_t unknown = 0;
};

class AckLog {
 public:
  // Opens or creates `path`, cuts a torn tail off, and writes the start entry. A file that already has sends is carried
  // on: see next_sequence. Throws std::system_error or std::runtime_error that names the path; also when another
  // process writes to it.
  AckLog(const std::string& path, std::string_view producer);

  // 1, or one above the greatest sequence that the file holds.
  uint64_t next_sequence() const { return next_sequence_; }

  // In the file when it returns. `partition` -1: not chosen. All of these throw std::system_error (disk full).
  void Send(uint64_t sequence, std::string_view key, std::string_view value, int32_t partition);
  void Outcomes(std::span<const DeliveryReport> reports);
  void End(const AckLogTotals& totals);

 private:
  FileLock lock_;
  Mutex mutex_;
  LineFile file_ ABSL_GUARDED_BY(mutex_);
  uint64_t next_sequence_ = 1;
  std::string line_ ABSL_GUARDED_BY(mutex_);
};

// The greatest `seq` of the sends in an acknowledgement log's text, 0 without one. Pure.
uint64_t LastSequence(std::string_view text);

}  // namespace pipeline
