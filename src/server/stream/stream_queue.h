// How events become messages. Those of the window that every stream of single events is to have are made ready once,
// as a run, and shared: what a subscriber more costs is then its own writes. What one stream has pulled and not yet
// written, events and bookmarks behind them, is in its queue.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "common/mutex.h"
#include "server/ops/server_journal.h"
#include "stream/bookmarks.h"
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

// The newest runs. Owned by PaymentServer, asked and filled by streams. Thread-safe.
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
  mutable Mutex mutex_;
  std::deque<std::shared_ptr<const ReadyRun>> runs_ ABSL_GUARDED_BY(mutex_);  // the newest last
  int64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Of one stream: a PaymentEvent a message, or PaymentBatches as full as what is at hand. Owned by a StreamFlow, used
// with its call's mutex held.
class StreamQueue {
 public:
  // `batch_events_max`: events in a PaymentBatch; 0: a PaymentEvent a message, and no bookmarks.
  explicit StreamQueue(int32_t batch_events_max) : batch_events_max_(batch_events_max) {}

  bool batched() const { return batch_events_max_ > 0; }
  // How much one pull may add.
  PullLimits pull_limits() const;
  // What the client knows from its StreamStart: the last offset covered in each partition.
  void Start(std::vector<int64_t> after) { told_ = ToldOffsets(std::move(after)); }

  void Push(std::vector<StreamEvent> events);
  // The events of `run` from `first` on. Only without batches, and only when empty.
  void PushRun(std::shared_ptr<const ReadyRun> run, size_t first);
  // All that is owed up to `covered` was pushed. A bookmark says so when enough of it is news to the client, or
  // `at_once` for any; never without batches. `now_ns`: monotonic.
  void OfferBookmarks(const std::vector<int64_t>& covered, bool at_once, int64_t now_ns);
  // Nothing is left to send, and the client was last told of its position a while ago.
  bool IsBookmarkDue(int64_t now_ns) const;

  bool empty() const { return events() == 0 && bookmarks_.empty(); }
  size_t events() const { return run_left() + events_.size(); }
  // Of those, and of the message that was taken and not released.
  int64_t bytes() const { return bytes_ + run_bytes_ + message_bytes_; }
  int64_t message_bytes() const { return message_bytes_; }
  // While a stream is caught up, this bounds its reader.
  bool has_room() const;
  // The next message, valid until ReleaseMessage(); not when empty. `journal`, when there is one, hears of each event
  // as written to `subscription`.
  const grpc::ByteBuffer* TakeMessage(ServerJournal* journal, uint64_t subscription);
  void ReleaseMessage();
  // Drops what was not taken.
  void Clear();

 private:
  size_t run_left() const { return run_ == nullptr ? 0 : run_->messages.size() - run_next_; }
  const grpc::ByteBuffer* NextMessage(ServerJournal* journal, uint64_t subscription);
  StreamEvent TakeEvent(ServerJournal* journal, uint64_t subscription);

  const int32_t batch_events_max_;
  grpc::ByteBuffer message_;             // that was taken, unless it is the run's
  int64_t message_bytes_ = 0;            // of the one that was taken; 0: none is
  std::shared_ptr<const ReadyRun> run_;  // its events from run_next_ on come before events_
  size_t run_next_ = 0;
  int64_t run_bytes_ = 0;  // of its messages from there on
  std::deque<StreamEvent> events_;
  int64_t bytes_ = 0;                // of their frames
  ToldOffsets told_;                 // when batched, of all that was pushed
  std::vector<Bookmark> bookmarks_;  // true once all of events_ is sent
  int64_t bookmarks_ns_ = 0;         // when they were last taken
};

}  // namespace pipeline
