// Records that the decoder rejected: counted by reason, and logged without ever flooding the log. Count() is called by
// the reader's thread alone; the counters may be read from any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "payment/record_decoder.h"

namespace pipeline {

class RejectLog {
 public:
  void Count(RejectReason reason, int32_t partition, int64_t offset, int64_t size_bytes);
  int64_t count(RejectReason reason) const { return counters_[static_cast<size_t>(reason)].records; }
  int64_t total() const;

 private:
  struct Counter {
    std::atomic<int64_t> records = 0;
    int64_t logged = 0;        // of them
    int64_t next_line_ns = 0;  // monotonic; one line a second for each reason
  };
  std::array<Counter, kRejectReasonCount> counters_;
};

}  // namespace pipeline
