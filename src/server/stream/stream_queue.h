// What one stream has pulled and not yet written: events, bookmarks behind them, and how they become messages (a
// PaymentEvent each, or PaymentBatches as full as what is at hand). Owned by a StreamCall, used with its mutex held.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "server/ops/server_journal.h"
#include "server/stream/ready_runs.h"
#include "stream/bookmarks.h"
#include "stream/stream_cursor.h"

namespace pipeline {

class StreamQueue {
 public:
  // `batch_events_max`: events in a PaymentBatch; 0: a PaymentEvent a message, and no bookmarks.
  explicit StreamQueue(int32_t batch_events_max) : batch_events_max_(batch_events_max) {}

  bool batched() const { return batch_events_max_ > 0; }
  // How much one pull may add.
  PullLimits pull_limits() const;
  // What the client knows from its StreamStart: the last offset covered in each partition.
  void Start(std::vector<int64_t> after) { told_ = ToldPositions(std::move(after)); }

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
  StreamEvent TakeEvent(ServerJournal* journal, uint64_t subscription);

  const int32_t batch_events_max_;
  grpc::ByteBuffer message_;             // that was taken, unless it is the run's
  std::shared_ptr<const ReadyRun> run_;  // its events from run_next_ on come before events_
  size_t run_next_ = 0;
  std::deque<StreamEvent> events_;
  int64_t bytes_ = 0;                // of their frames
  ToldPositions told_;               // when batched, of all that was pushed
  std::vector<Bookmark> bookmarks_;  // true once all of events_ is sent
  int64_t bookmarks_ns_ = 0;         // when they were last taken
};

}  // namespace pipeline
