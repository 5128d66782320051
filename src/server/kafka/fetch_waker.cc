#include "server/kafka/fetch_waker.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "server/kafka/kafka_queries.h"

namespace pipeline {
namespace {

// What is queued when records just come as they are made; far below any limit.
constexpr size_t kFewMessages = 2000;
constexpr int kQueryMs = 1000;

}  // namespace

FetchWaker::FetchWaker(rd_kafka_t* consumer, rd_kafka_queue_t* queue, std::string topic, int32_t partitions)
    : consumer_(consumer), queue_(queue), topic_(std::move(topic)), partitions_(partitions) {
  thread_ = std::thread([this] { Run(); });
}

FetchWaker::~FetchWaker() {
  {
    const MutexLock lock(&mutex_);
    stopping_ = true;
  }
  changed_.NotifyOne();
  thread_.join();
}

// Whenever the queue has lost half of what it held: whatever its limit, there is room then.
void FetchWaker::AfterBatch() {
  const size_t queued = rd_kafka_queue_length(queue_);
  peak_ = std::max(peak_, queued);
  if (peak_ < kFewMessages || queued > peak_ / 2) return;
  peak_ = queued;
  {
    const MutexLock lock(&mutex_);
    wanted_ = true;
  }
  changed_.NotifyOne();
}

int64_t FetchWaker::woken() const {
  const MutexLock lock(&mutex_);
  return woken_;
}

void FetchWaker::Run() {
  for (;;) {
    {
      const MutexLock lock(&mutex_);
      changed_.Wait(&mutex_, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || wanted_; });
      if (stopping_) return;
      wanted_ = false;
      ++woken_;
    }
    try {
      // The brokers of all partitions have to answer this.
      QueryWatermarks(consumer_, topic_, partitions_, kQueryMs);
    } catch (const std::runtime_error&) {
      // A broker that does not answer has nothing to fetch from either.
    }
  }
}

}  // namespace pipeline
