// One of the load generator's producers: makes records, tells the Recorder of each before it is handed to librdkafka,
// and of each outcome. All calls from the runner's thread, but counts; outcomes reach the Recorder from the producer's
// delivery thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/load/record_source.h"
#include "harness/observe/recorder.h"
#include "producer/record_producer.h"

namespace harness {

// Records that one hand-over may hold: the first of a batch is stamped at most as long before its hand-over as it takes
// to make and record so many (some 0.2 ms).
inline constexpr int64_t kBatchRecordsMax = 256;

class EmbeddedProducer {
 public:
  // `on_reports`: told of the outcomes too, after the Recorder, from the delivery thread. Throws std::runtime_error.
  EmbeddedProducer(uint16_t index, RecordSource source, pipeline::RecordProducerOptions options, Recorder* recorder,
                   pipeline::RecordProducer::Sink on_reports = nullptr);

  // Records that may still be added to the batch.
  int64_t room() const;
  // Makes a record for the batch, a bad one when it is a bad one's turn. `planned_ns` nullopt: it is planned now.
  void Add(std::optional<int64_t> planned_ns, uint8_t phase, bool measured, int64_t now_s);
  // Adds a sentinel that `filter` matches, to `partition`; returns its sequence.
  uint64_t AddSentinel(const pipeline::Filter& filter, int32_t partition, int64_t now_s);
  // Tells the Recorder of the batch, then hands it to librdkafka. While there is no room it waits, and asks `stop` at
  // least every 20 ms; stopped, what is left of the batch is failed: it never left.
  void HandOver(const std::function<bool()>& stop);

  // Waits until fewer than `records` have no outcome. False at the deadline.
  bool WaitUntilBelow(int64_t records, int64_t deadline_ns) { return producer_.WaitUntilBelow(records, deadline_ns); }
  // Gives up on what has no outcome: unknown.
  void Purge() { producer_.Purge(); }
  // Once all is settled: the records whose report librdkafka never gave are unknown too.
  void TellLost() {
    if (producer_.reports_lost() > 0) recorder_->OnProducerEnded(index_);
  }

  // Records handed over that have no outcome yet.
  int64_t in_flight() const { return producer_.in_flight(); }

  uint16_t index() const { return index_; }
  pipeline::RecordProducer& producer() { return producer_; }

 private:
  struct Item {
    size_t begin = 0;  // in bytes_: the value, then the key
    size_t value_bytes = 0;
    size_t key_bytes = 0;
    int32_t partition = -1;
    bool first_of_payment = false;
  };
  void Put(const pipeline::MadeRecord& made, bool rejected, size_t begin, SendSeen seen);
  void TellSends();
  void FailFrom(size_t first);

  const uint16_t index_;
  Recorder* const recorder_;
  RecordSource source_;

  // The batch: item i goes with send i.
  std::string bytes_;
  std::vector<Item> items_;
  std::vector<SendSeen> sends_;
  std::vector<NameSeen> names_;

  pipeline::RecordProducer producer_;  // last: its thread uses the rest
};

}  // namespace harness
