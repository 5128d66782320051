// Has librdkafka fetch on as soon as there is room again. Once as much is queued as it may prefetch
// (queued.min.messages, queued.max.messages.kbytes) it stops, and before version 2.2 it looks again only when something
// happens on the broker's connection, or after a second: a reader that is slower than the broker would stand still for
// most of each second. Each thread that consumes owns one; a thread of its own asks Kafka something, which is what
// wakes it.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string>
#include <thread>

#include "common/mutex.h"

namespace pipeline {

class FetchWaker {
 public:
  // `consumer` and its `queue` outlive this. `partitions` of `topic` are consumed.
  FetchWaker(rd_kafka_t* consumer, rd_kafka_queue_t* queue, std::string topic, int32_t partitions);
  ~FetchWaker();  // waits for a question under way, at most a second
  FetchWaker(const FetchWaker&) = delete;
  FetchWaker& operator=(const FetchWaker&) = delete;

  // After each batch, from the thread that consumes. Cheap; never waits.
  void AfterBatch();
  // Questions asked so far. Any thread.
  int64_t woken() const;

 private:
  void Run();

  rd_kafka_t* const consumer_;
  rd_kafka_queue_t* const queue_;
  const std::string topic_;
  const int32_t partitions_;
  size_t peak_ = 0;  // queued messages at the most since the last question; the consuming thread's
  mutable Mutex mutex_;
  CondVar changed_;
  bool wanted_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t woken_ ABSL_GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

}  // namespace pipeline
