// Catches up streams whose next record has left the window: each has a consumer and a thread of its own that reads
// Kafka from where the stream stands until the window takes over. At most so many at once; further streams wait, and a
// reader goes to them after a while: one that reads slowly for ever keeps nobody else waiting for ever. Submit() is
// called from gRPC's threads and never blocks.
//
// A reader has connections of its own. What it has read since contact was lost on them, the first contact included, is
// handed on when it is proved to be of the log that the stream began in (log_proof.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/mutex.h"
#include "common/settings.h"
#include "server/stream/log_proof.h"
#include "stream/resume_decision.h"
#include "stream/stream_cursor.h"

namespace pipeline {

// A stream to catch up. Called from a catch-up thread.
class CaughtUpStream {
 public:
  virtual ~CaughtUpStream() = default;
  virtual const Filter& catch_up_filter() const = 0;
  // Every record above these is owed.
  virtual std::vector<int64_t> catch_up_from() const = 0;
  // Of the topic, as the replica takes it (RecordMaker).
  virtual bool compacted() const = 0;
  // Hands events over, of all that is owed up to `covered`; waits while the stream has more than it may hold. False:
  // leave it alone, it has ended or reads nothing.
  virtual bool Send(std::vector<StreamEvent> events, const std::vector<int64_t>& covered) = 0;
  // All up to `covered` was handed over; the reader goes to others who wait for one.
  virtual void Leave(const std::vector<int64_t>& covered) = 0;
  enum class Join : uint8_t {
    kJoined,  // the window goes on from there
    kNotYet,  // read on
    kLeave,   // leave it alone: it has ended, or needs a reader that knows of partitions added since
  };
  // All up to `covered` was handed over.
  virtual Join TryJoin(const std::vector<int64_t>& covered) = 0;
  virtual void OnCatchUpRefused(Refusal refusal) = 0;
  virtual void OnCatchUpFailed(const std::string& reason) = 0;
  virtual bool ended() const = 0;
};

class CatchUpPool {
 public:
  // `proof` outlives it.
  CatchUpPool(const KafkaSettings& settings, int32_t readers_max, const LogProof* proof);
  ~CatchUpPool();

  void Submit(std::shared_ptr<CaughtUpStream> stream);
  // The streams have ended before, or end soon: no reader waits for one that has.
  void Stop();
  int32_t reading() const { return reading_; }
  int32_t readers_max() const { return readers_max_; }
  int64_t waiting() const;                          // streams that wait for a reader
  int64_t caught_up() const { return caught_up_; }  // streams, since the start
  // How often a reader was given up because what it had read was not proved to be of the stream's log.
  int64_t unproved() const { return unproved_; }

 private:
  void Run();
  bool IsAwaited();

  const KafkaSettings settings_;
  const int32_t readers_max_;
  const LogProof* const proof_;
  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int32_t idle_ ABSL_GUARDED_BY(mutex_) = 0;  // threads that wait for a stream
  std::deque<std::shared_ptr<CaughtUpStream>> waiting_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> stop_reading_ = false;
  std::atomic<int32_t> reading_ = 0;
  std::atomic<int64_t> caught_up_ = 0;
  std::atomic<int64_t> unproved_ = 0;
};

}  // namespace pipeline
