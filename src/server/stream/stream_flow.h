// Says what one stream sends next: has its cursor and its queue, and knows whether the window or a catch-up reader
// brings more. Knows nothing of the call that it belongs to. Owned by a StreamCall, used with the call's mutex held.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "server/calls/call_hub.h"
#include "server/replica.h"
#include "server/stream/stream_end.h"
#include "server/stream/stream_queue.h"
#include "server/stream/stream_services.h"
#include "stream/stream_cursor.h"

namespace pipeline {

class StreamFlow {
 public:
  enum class Next : uint8_t {
    kMessage,  // queue() has one
    kWaits,    // `waiter` is woken, or a catch-up reader comes
    kCatchUp,  // a catch-up reader has to take it; it waits for one now
    kEnd,      // end() says how
  };

  StreamFlow(const StreamServices& services, int32_t batch_events_max)
      : services_(services), queue_(batch_events_max) {}

  // `cursor` begins at `starts`.
  void Start(std::unique_ptr<StreamCursor> cursor, const std::vector<PartitionStart>& starts);
  bool started() const { return cursor_ != nullptr; }
  Next Pull(const std::shared_ptr<Waiter>& waiter);
  const StreamEnd& end() const { return end_; }
  StreamQueue& queue() { return queue_; }

  // Now and then: how the stream has to end although its client takes nothing. `tell`: nothing is being written, so a
  // bookmark that is due is queued.
  std::optional<StreamEnd> Look(int64_t now_ns, bool tell);

  // While a reader catches it up.
  bool catching_up() const { return catching_up_; }
  const std::vector<int64_t>& catch_up_from() const { return cursor_->catch_up_from(); }
  // Of all that is owed up to `covered`.
  void TakeCaughtUp(std::vector<StreamEvent> events, const std::vector<int64_t>& covered, int64_t now_ns);
  // All up to `covered` was handed over and the reader goes: Pull asks for another.
  void LeaveCatchUp(const std::vector<int64_t>& covered);
  enum class Join : uint8_t { kJoined, kNotYet, kOutgrown, kReplaced };
  // All up to `covered` was handed over. kJoined: the window goes on from there. kOutgrown: partitions were added that
  // the reader does not read.
  Join TryJoin(const std::vector<int64_t>& covered);

  // For the metrics. The sequence number is UINT64_MAX while it waits for what the replica has yet to apply.
  CallProgress::Stage stage() const;
  uint64_t window_sequence() const;
  int64_t passed() const { return passed_; }  // offsets, while it is not in the window

 private:
  // kMessage: look again whether there is one.
  Next PullOnce(const std::shared_ptr<Waiter>& waiter);
  void Wait(Replica::Access* access, const std::shared_ptr<Waiter>& waiter);
  // What another stream has made ready of the window, when this one wants just that.
  bool PullReady();
  // Shares what was pulled from the window's entries from `sequence` on, when it is all of them; else queues it.
  void QueueAndShare(std::optional<uint64_t> sequence, std::vector<StreamEvent> events);
  Next EndWith(StreamEnd end);

  const StreamServices& services_;
  std::unique_ptr<StreamCursor> cursor_;
  StreamQueue queue_;
  StreamEnd end_;
  bool catching_up_ = false;
  bool waits_ahead_ = false;
  bool arrived_ = false;  // at the window's end, once
  int64_t passed_ = 0;
};

}  // namespace pipeline
