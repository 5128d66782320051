#include "server/stream/ready_runs.h"

#include <utility>

#include "server/stream/stream_wire.h"

namespace pipeline {

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
  const std::lock_guard lock(mutex_);
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
  const std::lock_guard lock(mutex_);
  bytes_ += run->bytes;
  runs_.push_back(std::move(run));
  while (runs_.size() > kRunsMax || (bytes_ > kBytesMax && runs_.size() > 1)) {
    bytes_ -= runs_.front()->bytes;
    dropped.push_back(std::move(runs_.front()));
    runs_.pop_front();
  }
}

}  // namespace pipeline
