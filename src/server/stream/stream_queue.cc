#include "server/stream/stream_queue.h"

#include <utility>

#include "server/stream/stream_wire.h"
#include "stream/batch_encoder.h"

namespace pipeline {
namespace {

// What one call may hold of events beside those in the window. While it is caught up these bound the reader.
constexpr size_t kEventsMax = 1024;
constexpr int64_t kBytesMax = 1024LL * 1024;
// When a client is told what it has beside its events: after so many records that were none for it, and so often while
// there are any.
constexpr int64_t kBookmarkRecords = 1024;
constexpr int64_t kBookmarkEveryNs = 1'000'000'000;

}  // namespace

PullLimits StreamQueue::pull_limits() const {
  PullLimits limits;
  if (!batched()) return limits;
  limits.events_max = batch_events_max_;
  limits.bytes_max = kBatchBytesMax;
  return limits;
}

void StreamQueue::Push(std::vector<StreamEvent> events) {
  for (StreamEvent& event : events) {
    if (batched()) told_.OnEvent(event.partition, event.offset);
    bytes_ += event.frame.bytes.size();
    events_.push_back(std::move(event));
  }
}

void StreamQueue::PushRun(std::shared_ptr<const ReadyRun> run, size_t first) {
  run_ = std::move(run);
  run_next_ = first;
}

void StreamQueue::OfferBookmarks(const std::vector<int64_t>& covered, bool at_once, int64_t now_ns) {
  // Those that wait say less and come later: once they are sent, the next ones say it all.
  if (!batched() || !bookmarks_.empty()) return;
  if (!at_once && told_.Untold(covered) < kBookmarkRecords) return;
  bookmarks_ = told_.Take(covered);
  bookmarks_ns_ = now_ns;
}

bool StreamQueue::IsBookmarkDue(int64_t now_ns) const {
  return batched() && empty() && now_ns - bookmarks_ns_ >= kBookmarkEveryNs;
}

bool StreamQueue::has_room() const { return events_.size() < kEventsMax && bytes_ < kBytesMax; }

StreamEvent StreamQueue::TakeEvent(ServerJournal* journal, uint64_t subscription) {
  StreamEvent event = std::move(events_.front());
  events_.pop_front();
  bytes_ -= event.frame.bytes.size();
  if (journal != nullptr) journal->Wrote(subscription, event.partition, event.offset);
  return event;
}

const grpc::ByteBuffer* StreamQueue::TakeMessage(ServerJournal* journal, uint64_t subscription) {
  if (run_left() > 0) {
    const Position& at = run_->positions[run_next_];
    if (journal != nullptr) journal->Wrote(subscription, at.partition, at.offset);
    return &run_->messages[run_next_++];
  }
  if (!batched()) {
    message_ = EventMessage(TakeEvent(journal, subscription));
    return &message_;
  }
  BatchEncoder batch(batch_events_max_, kBatchBytesMax);
  while (!events_.empty() && batch.Fits(events_.front())) batch.Add(TakeEvent(journal, subscription));
  if (events_.empty() && batch.Fits(bookmarks_)) {
    batch.Add(bookmarks_);
    bookmarks_.clear();
  }
  message_ = BatchMessage(batch.Take());
  return &message_;
}

void StreamQueue::ReleaseMessage() {
  message_.Clear();
  if (run_left() == 0) run_.reset();
}

void StreamQueue::Clear() {
  run_next_ += run_left();  // the run itself stays until the message that was taken of it is released
  events_.clear();
  bookmarks_.clear();
  bytes_ = 0;
}

}  // namespace pipeline
