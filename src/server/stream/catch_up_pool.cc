#include "server/stream/catch_up_pool.h"

#include <functional>
#include <optional>
#include <stdexcept>
#include <utility>

#include "common/clock.h"
#include "server/kafka/broker_contact.h"
#include "server/kafka/fetch_waker.h"
#include "server/kafka/kafka_queries.h"
#include "server/kafka/record_maker.h"

namespace pipeline {
namespace {

constexpr size_t kBatchMax = 256;
constexpr size_t kBatchBytesMax = size_t{256} * 1024;
constexpr int kPollMs = 50;
constexpr int kQueryMs = 2000;
// How long a reader stays with one stream while others wait.
constexpr int64_t kTurnNs = 2'000'000'000;

// One stream's reader: a consumer, and what it has read.
class CatchUpReader {
 public:
  CatchUpReader(const KafkaSettings& settings, const LogProof* proof, CaughtUpStream* stream)
      : topic_(settings.topic),
        proof_(proof),
        stream_(stream),
        plan_(stream->catch_up_filter(), stream->catch_up_from()),
        maker_(stream->compacted()),
        contact_(FetchWaitMs(settings)) {
    // A bounded queue of its own: eight readers hold 8 x 16 MiB at most.
    KafkaPtr<rd_kafka_conf_t> conf = MakeConsumerConf(settings, {{"queued.max.messages.kbytes", "16384"}});
    contact_.Attach(conf.get());
    handle_ = MakeKafka(RD_KAFKA_CONSUMER, std::move(conf));
    rd_kafka_poll_set_consumer(handle_.get());
    queue_.reset(rd_kafka_queue_get_consumer(handle_.get()));
  }

  // True: the window has taken over. False: the stream has ended, has been told why it can't go on, was left for
  // others (`is_awaited`), or `stop`. Throws std::runtime_error for what keeps Kafka from being read.
  bool Run(const std::atomic<bool>& stop, const std::function<bool()>& is_awaited) {
    Assign();
    FetchWaker waker(handle_.get(), queue_.get(), topic_, static_cast<int32_t>(plan_.covered().size()));
    const int64_t turn_end_ns = MonotonicNs() + kTurnNs;
    while (!stop) {
      const CaughtUpStream::Join join = stream_->TryJoin(plan_.covered());
      if (join != CaughtUpStream::Join::kNotYet) return join == CaughtUpStream::Join::kJoined;
      if (MonotonicNs() >= turn_end_ns && is_awaited()) {
        stream_->Leave(plan_.covered());
        return false;
      }
      std::vector<StreamEvent> events;
      const std::vector<int64_t> handed_over = plan_.covered();
      const bool out_of_range = ReadSome(&events);
      waker.AfterBatch();
      if ((out_of_range || plan_.covered() != handed_over) && !IsOfTheLog(stop)) return Leave(stop, handed_over);
      if (!stream_->Send(std::move(events), plan_.covered())) return false;
      if (out_of_range && Refused()) return false;
    }
    return false;
  }

  // It was left because what was read could not be proved.
  bool unproved() const { return unproved_; }

 private:
  void Assign() {
    std::vector<int64_t> next_offsets;
    for (size_t p = 0; p < plan_.covered().size(); ++p) {
      next_offsets.push_back(plan_.next_offset(static_cast<int32_t>(p)));
    }
    AssignAt(handle_.get(), topic_, next_offsets);
  }

  // What is at hand, up to kBatchMax messages and kBatchBytesMax bytes of them: the stream may have room for little.
  // True: an offset was out of range.
  bool ReadSome(std::vector<StreamEvent>* events) {
    bool out_of_range = false;
    size_t count = 0;
    size_t bytes = 0;
    KafkaPtr<rd_kafka_message_t> message(rd_kafka_consumer_poll(handle_.get(), kPollMs));
    while (message != nullptr) {
      Take(*message, events);
      out_of_range = out_of_range || message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET;
      bytes += message->key_len + message->len;
      if (++count >= kBatchMax || bytes >= kBatchBytesMax) break;
      message.reset(rd_kafka_consume_queue(queue_.get(), 0));
    }
    return out_of_range;
  }

  void Take(const rd_kafka_message_t& message, std::vector<StreamEvent>* events) {
    if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return plan_.Advance(message.partition, message.offset);
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    LogRecord record;
    if (maker_.Make(message, MessageCrc32c(message), &record) != RejectReason::kNone) {
      return plan_.Advance(message.partition, message.offset + 1);  // the replica's reader has counted it
    }
    if (!plan_.Offer(record.partition, record.offset, record.provider, record.status)) return;
    events->push_back({std::move(record.frame), record.partition, record.offset, record.record_crc32c, false});
  }

  // Of what was read since contact was lost.
  bool IsOfTheLog(const std::atomic<bool>& stop) {
    if (!contact_.lost()) return true;
    contact_.Take();  // a loss that comes after this concerns what is read next
    return proof_->Ask([&] { return stop || stream_->ended(); }) == LogProof::Answer::kSame;
  }

  // What was read beyond `handed_over` is dropped. The replica's reader soon ends the stream or finds that it is the
  // same log; the stream asks for another reader then, which reads it again. True: the window has taken over.
  bool Leave(const std::atomic<bool>& stop, const std::vector<int64_t>& handed_over) {
    unproved_ = true;
    const int64_t until_ns = MonotonicNs() + kTurnNs;
    while (!stop && MonotonicNs() < until_ns) {
      const CaughtUpStream::Join join = stream_->TryJoin(handed_over);
      if (join != CaughtUpStream::Join::kNotYet) return join == CaughtUpStream::Join::kJoined;
      const KafkaPtr<rd_kafka_message_t> dropped(rd_kafka_consumer_poll(handle_.get(), kPollMs));
    }
    stream_->Leave(handed_over);
    return false;
  }

  // Trimmed while it waited or read, then the stream is told the gap; else goes on.
  bool Refused() {
    const auto count = static_cast<int32_t>(plan_.covered().size());
    const std::vector<Watermarks> marks = QueryWatermarks(handle_.get(), topic_, count, kQueryMs);
    std::vector<PartitionGap> gaps;
    for (int32_t p = 0; p < count; ++p) {
      if (plan_.next_offset(p) < marks[p].low) gaps.push_back({p, plan_.next_offset(p), marks[p].low});
    }
    if (gaps.empty()) {
      Assign();
      return false;
    }
    stream_->OnCatchUpRefused(Trimmed(gaps));
    return true;
  }

  const std::string topic_;
  const LogProof* const proof_;
  CaughtUpStream* const stream_;
  CatchUpPlan plan_;
  RecordMaker maker_;
  bool unproved_ = false;
  BrokerContact contact_;  // before the client that tells it
  KafkaPtr<rd_kafka_t> handle_;
  KafkaPtr<rd_kafka_queue_t> queue_;
};

}  // namespace

CatchUpPool::CatchUpPool(const KafkaSettings& settings, int32_t readers_max, const LogProof* proof)
    : settings_(settings), readers_max_(readers_max), proof_(proof) {}

CatchUpPool::~CatchUpPool() { Stop(); }

void CatchUpPool::Submit(std::shared_ptr<CaughtUpStream> stream) {
  {
    const MutexLock lock(&mutex_);
    if (stopping_) return;
    waiting_.push_back(std::move(stream));
    const auto threads = static_cast<int32_t>(threads_.size());
    if (static_cast<int32_t>(waiting_.size()) > idle_ && threads < readers_max_) {
      ++idle_;
      threads_.emplace_back([this] { Run(); });
    }
  }
  changed_.NotifyOne();
}

int64_t CatchUpPool::waiting() const {
  const MutexLock lock(&mutex_);
  return static_cast<int64_t>(waiting_.size());
}

void CatchUpPool::Stop() {
  std::vector<std::thread> threads;
  {
    const MutexLock lock(&mutex_);
    stopping_ = true;
    stop_reading_ = true;
    waiting_.clear();
    threads.swap(threads_);
  }
  changed_.NotifyAll();
  for (std::thread& thread : threads) thread.join();
}

void CatchUpPool::Run() {
  for (;;) {
    std::shared_ptr<CaughtUpStream> stream;
    {
      const MutexLock lock(&mutex_);
      changed_.Wait(&mutex_, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      stream = std::move(waiting_.front());
      waiting_.pop_front();
      --idle_;
    }
    ++reading_;
    if (!stream->ended()) {
      try {
        CatchUpReader reader(settings_, proof_, stream.get());
        if (reader.Run(stop_reading_, [this] { return IsAwaited(); })) ++caught_up_;
        if (reader.unproved()) ++unproved_;
      } catch (const std::runtime_error& error) {
        stream->OnCatchUpFailed(error.what());
      }
    }
    --reading_;
    const MutexLock lock(&mutex_);
    ++idle_;
  }
}

bool CatchUpPool::IsAwaited() {
  const MutexLock lock(&mutex_);
  return !waiting_.empty();
}

}  // namespace pipeline
