#include "server/stream/stream_queue.h"

#include <iterator>
#include <string>
#include <string_view>
#include <utility>

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

// A slice that shares `bytes` and shows `view`, a part of them.
grpc::Slice SharedSlice(SharedBytes bytes, std::string_view view) {
  return grpc::Slice(const_cast<char*>(view.data()), view.size(), &SharedBytes::Unref, bytes.Detach());
}

// A payment.PaymentEvent, without a copy of its payment.
grpc::ByteBuffer EventMessage(StreamEvent event) {
  if (!event.existing) {
    const std::string_view all = event.frame.bytes.view();
    const grpc::Slice slice = SharedSlice(std::move(event.frame.bytes), all);
    return grpc::ByteBuffer(&slice, 1);
  }
  const std::string_view head = event.frame.head();
  const grpc::Slice slices[] = {SharedSlice(std::move(event.frame.bytes), head),
                                grpc::Slice(ExistingTail(event.partition, event.offset, event.record_crc32c))};
  return grpc::ByteBuffer(slices, std::size(slices));
}

// A payment.PaymentBatch that is serialised already.
grpc::ByteBuffer BatchMessage(std::string bytes) {
  auto owner = std::make_unique<std::string>(std::move(bytes));
  char* const data = owner->data();
  const size_t size = owner->size();
  const grpc::Slice slice(
      data, size, [](void* string) { delete static_cast<std::string*>(string); }, owner.release());
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace

std::shared_ptr<const ReadyRun> MakeReadyRun(uint64_t generation, uint64_t begin_sequence,
                                             std::vector<StreamEvent> events) {
  auto run = std::make_shared<ReadyRun>();
  run->generation = generation;
  run->begin_sequence = begin_sequence;
  run->positions.reserve(events.size());
  run->messages.reserve(events.size());
  for (StreamEvent& event : events) {
    run->positions.push_back({event.partition, event.offset});
    run->bytes += event.frame.bytes.size();
    run->messages.push_back(EventMessage(std::move(event)));
  }
  return run;
}

std::shared_ptr<const ReadyRun> ReadyRuns::Find(uint64_t generation, uint64_t sequence) const {
  const MutexLock lock(&mutex_);
  for (auto run = runs_.rbegin(); run != runs_.rend(); ++run) {
    if ((*run)->generation == generation && (*run)->begin_sequence <= sequence && sequence < (*run)->end_sequence()) {
      return *run;
    }
  }
  return nullptr;
}

void ReadyRuns::Add(std::shared_ptr<const ReadyRun> run) {
  // Freed without the mutex: that may be the last handle of many events.
  std::vector<std::shared_ptr<const ReadyRun>> dropped;
  const MutexLock lock(&mutex_);
  bytes_ += run->bytes;
  runs_.push_back(std::move(run));
  while (runs_.size() > kRunsMax || (bytes_ > kBytesMax && runs_.size() > 1)) {
    bytes_ -= runs_.front()->bytes;
    dropped.push_back(std::move(runs_.front()));
    runs_.pop_front();
  }
}

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
  run_bytes_ = run_->bytes;
  for (size_t i = 0; i < first; ++i) run_bytes_ -= static_cast<int64_t>(run_->messages[i].Length());
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
  const bool of_run = run_left() > 0;
  const grpc::ByteBuffer* const message = NextMessage(journal, subscription);
  message_bytes_ = static_cast<int64_t>(message->Length());
  if (of_run) run_bytes_ -= message_bytes_;
  return message;
}

const grpc::ByteBuffer* StreamQueue::NextMessage(ServerJournal* journal, uint64_t subscription) {
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
  message_bytes_ = 0;
  if (run_left() == 0) run_.reset();
}

void StreamQueue::Clear() {
  run_next_ += run_left();  // the run itself stays until the message that was taken of it is released
  events_.clear();
  bookmarks_.clear();
  bytes_ = 0;
  run_bytes_ = 0;
}

}  // namespace pipeline
