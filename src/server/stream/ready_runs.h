// Runs of the window's events, made ready for the wire once and shared by every stream that wants all of them: what a
// subscriber more costs is then its own writes. Owned by PaymentServer, asked and filled by StreamCalls. Thread-safe.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "stream/stream_cursor.h"

namespace pipeline {

// Entries [begin_sequence, end_sequence()) of the window of one generation, as messages of StreamPayments. Immutable
// once it is shared.
struct ReadyRun {
  uint64_t generation = 0;
  uint64_t begin_sequence = 0;
  std::vector<Position> positions;
  std::vector<grpc::ByteBuffer> messages;  // one for each position
  int64_t bytes = 0;                       // of all messages

  uint64_t end_sequence() const { return begin_sequence + positions.size(); }
};

// `events`: all entries of the window from `begin_sequence` on, one after the other; not empty.
std::shared_ptr<const ReadyRun> MakeReadyRun(uint64_t generation, uint64_t begin_sequence,
                                             std::vector<StreamEvent> events);

class ReadyRuns {
 public:
  // A run that holds this sequence number; null: none is kept.
  std::shared_ptr<const ReadyRun> Find(uint64_t generation, uint64_t sequence) const;
  // Keeps it until newer ones push it out.
  void Add(std::shared_ptr<const ReadyRun> run);

  // What is kept beside the window, at most: runs, and bytes unless a single run is larger.
  static constexpr size_t kRunsMax = 16;
  static constexpr int64_t kBytesMax = 4LL * 1024 * 1024;

 private:
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<const ReadyRun>> runs_;  // the newest last
  int64_t bytes_ = 0;
};

}  // namespace pipeline
