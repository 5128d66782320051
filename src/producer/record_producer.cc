#include "producer/record_producer.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "common/clock.h"

namespace pipeline {
namespace {

constexpr int kPollMs = 100;
// A purge answers at once; this only bounds what a librdkafka that keeps a report back can hold up.
constexpr int64_t kDrainNsMax = 10'000'000'000;
constexpr int64_t kRemakeDelayMs = 500;

std::chrono::steady_clock::time_point SteadyTime(int64_t monotonic_ns) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(monotonic_ns));
}

// After a fatal error what librdkafka says about records that it still held is not trusted either.
DeliveryOutcome OutcomeOf(rd_kafka_t* producer, const rd_kafka_message_t& message, bool giving_up) {
  switch (rd_kafka_message_status(&message)) {
    case RD_KAFKA_MSG_STATUS_PERSISTED:
      return DeliveryOutcome::kOk;
    case RD_KAFKA_MSG_STATUS_NOT_PERSISTED:
      if (giving_up || rd_kafka_fatal_error(producer, nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR) break;
      return DeliveryOutcome::kFail;
    case RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED:
      break;
  }
  return DeliveryOutcome::kUnknown;
}

}  // namespace

RecordProducer::RecordProducer(RecordProducerOptions options, Sink sink)
    : options_(std::move(options)), sink_(std::move(sink)), handle_(Make()) {
  thread_ = std::thread([this] { RunDeliveries(); });
}

RecordProducer::~RecordProducer() {
  if (in_flight() > 0) Purge();
  stop_ = true;
  thread_.join();
}

RecordProducer::Handle RecordProducer::Make() {
  KafkaProperties properties = {
      {"enable.idempotence", "true"},
      {"acks", "all"},
      {"partitioner", "murmur2_random"},  // as Java's clients choose
      {"linger.ms", "1"},
      // The limit is in_flight_max; these only must not be reached before it.
      {"queue.buffering.max.messages", std::to_string(options_.in_flight_max)},
      {"queue.buffering.max.kbytes", "1048576"},
  };
  properties.insert(properties.end(), options_.properties.begin(), options_.properties.end());
  KafkaPtr<rd_kafka_conf_t> conf = MakeKafkaConf(options_.kafka, properties);
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_dr_msg_cb(conf.get(), &RecordProducer::OnReport);
  // librdkafka logs a broker's failure itself; without a callback it would log each a second time. A fatal error is
  // asked for after each poll, which this ends.
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int, const char*, void*) {});
  Handle handle;
  handle.producer = MakeKafka(RD_KAFKA_PRODUCER, std::move(conf));
  handle.topic.reset(rd_kafka_topic_new(handle.producer.get(), options_.kafka.topic.c_str(), nullptr));
  if (!handle.topic) {
    throw std::runtime_error(
        fmt::format("topic \"{}\": {}", options_.kafka.topic, rd_kafka_err2str(rd_kafka_last_error())));
  }
  return handle;
}

int RecordProducer::Partitions(int timeout_ms) {
  const ReaderLock lock(&handle_mutex_);
  if (!handle_.producer) throw std::runtime_error("the producer is being rebuilt");
  return PartitionCount(handle_.producer.get(), options_.kafka.topic, timeout_ms);
}

void RecordProducer::LearnTopic(int timeout_ms) {
  const ReaderLock lock(&handle_mutex_);
  if (!handle_.producer) throw std::runtime_error("the producer is being rebuilt");
  const rd_kafka_metadata_t* found = nullptr;
  const rd_kafka_resp_err_t error =
      rd_kafka_metadata(handle_.producer.get(), 0, handle_.topic.get(), &found, timeout_ms);
  const KafkaPtr<const rd_kafka_metadata_t> metadata(found);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw std::runtime_error(fmt::format("no broker at {} told about topic \"{}\" within {} ms: {}",
                                         options_.kafka.brokers, options_.kafka.topic, timeout_ms,
                                         rd_kafka_err2str(error)));
  }
}

bool RecordProducer::TrySend(uint64_t sequence, int32_t partition, std::string_view key, std::string_view value) {
  const ReaderLock lock(&handle_mutex_);
  if (!handle_.producer || in_flight_.load() >= options_.in_flight_max) {
    ++full_retries_;
    return false;
  }
  // Before the hand-over: its report may come before rd_kafka_produce returns.
  ++in_flight_;
  // librdkafka copies, and only its signature is not const.
  const int refused = rd_kafka_produce(handle_.topic.get(), partition, RD_KAFKA_MSG_F_COPY,
                                       const_cast<char*>(value.data()), value.size(), key.data(), key.size(),
                                       reinterpret_cast<void*>(sequence));  // NOLINT(performance-no-int-to-ptr)
  if (refused == 0) return true;
  const rd_kafka_resp_err_t error = rd_kafka_last_error();
  if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL || error == RD_KAFKA_RESP_ERR__FATAL) {
    (error == RD_KAFKA_RESP_ERR__FATAL ? rebuilding_ : full_) = true;
    --in_flight_;
    ++full_retries_;
    return false;
  }
  DeliveryReport report;
  report.sequence = sequence;
  report.time_ns = MonotonicNs();
  report.outcome = DeliveryOutcome::kFail;
  report.error = error;
  if (WantsKey(report.outcome)) report.key = key;
  Settle({&report, 1});
  return true;
}

int64_t RecordProducer::room() const { return options_.in_flight_max - in_flight_.load(); }

void RecordProducer::WaitForRoom(int64_t deadline_ns) {
  const MutexLock lock(&settled_mutex_);
  settled_.WaitUntil(&settled_mutex_, SteadyTime(deadline_ns), [this] { return room() > 0 && !full_ && !rebuilding_; });
}

bool RecordProducer::WaitUntilBelow(int64_t records, int64_t deadline_ns) {
  const MutexLock lock(&settled_mutex_);
  return settled_.WaitUntil(&settled_mutex_, SteadyTime(deadline_ns),
                            [this, records] { return in_flight_.load() < records; });
}

void RecordProducer::Purge() {
  giving_up_ = true;
  {
    const ReaderLock lock(&handle_mutex_);
    if (handle_.producer) rd_kafka_purge(handle_.producer.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  }
  // What is not told by now is counted, and the numbers start afresh: nobody may wait for these again.
  if (!WaitUntilBelow(1, MonotonicNs() + kDrainNsMax)) reports_lost_ += in_flight_.exchange(0);
  giving_up_ = false;
}

bool RecordProducer::WantsKey(DeliveryOutcome outcome) const {
  return options_.keys == ReportKeys::kAll ||
         (options_.keys == ReportKeys::kOfFailures && outcome != DeliveryOutcome::kOk);
}

void RecordProducer::OnReport(rd_kafka_t* handle, const rd_kafka_message_t* message, void* self) {
  auto* producer = static_cast<RecordProducer*>(self);
  DeliveryReport report;
  report.sequence = reinterpret_cast<uint64_t>(message->_private);
  report.time_ns = MonotonicNs();
  report.outcome = OutcomeOf(handle, *message, producer->giving_up_.load());
  report.partition = message->partition;
  report.offset = message->offset;
  report.error = message->err;
  if (producer->WantsKey(report.outcome)) report.key.assign(static_cast<const char*>(message->key), message->key_len);
  producer->reports_.push_back(std::move(report));
}

void RecordProducer::Settle(std::span<const DeliveryReport> reports) {
  // In this order: who sees a record settled finds its outcome told.
  sink_(reports);
  {
    const MutexLock lock(&settled_mutex_);
    in_flight_ -= static_cast<int64_t>(reports.size());
    full_ = false;
  }
  settled_.NotifyAll();
  if (options_.on_settled) options_.on_settled();
}

void RecordProducer::PollOnce(rd_kafka_t* producer, int timeout_ms) {
  rd_kafka_poll(producer, timeout_ms);
  if (reports_.empty()) return;
  Settle(reports_);
  reports_.clear();
}

void RecordProducer::RunDeliveries() {
  while (!stop_) {
    // Only this thread replaces the handle, so that it may use it without the lock.
    rd_kafka_t* const producer = ABSL_TS_UNCHECKED_READ(handle_).producer.get();
    PollOnce(producer, kPollMs);
    std::array<char, 512> reason{};
    const rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(producer, reason.data(), reason.size());
    if (fatal == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    spdlog::warn("fatal producer error {}: {}; the producer is rebuilt, what was in flight is unknown",
                 rd_kafka_err2name(fatal), reason.data());
    Rebuild();
  }
}

void RecordProducer::Rebuild() {
  Handle old;
  {
    const WriterLock lock(&handle_mutex_);
    rebuilding_ = true;
    old = std::exchange(handle_, Handle{});
  }
  DrainAndDrop(std::move(old));
  while (!stop_) {
    try {
      Handle fresh = Make();
      const WriterLock lock(&handle_mutex_);
      handle_ = std::move(fresh);
      break;
    } catch (const std::exception& error) {
      spdlog::error("the producer could not be rebuilt: {}", error.what());
      const MutexLock lock(&settled_mutex_);
      settled_.WaitFor(&settled_mutex_, std::chrono::milliseconds(kRemakeDelayMs), [this] { return stop_.load(); });
    }
  }
  ++rebuilds_;
  {
    const MutexLock lock(&settled_mutex_);
    rebuilding_ = false;
  }
  settled_.NotifyAll();
}

void RecordProducer::DrainAndDrop(Handle handle) {
  rd_kafka_t* producer = handle.producer.get();
  rd_kafka_purge(producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  const int64_t deadline_ns = MonotonicNs() + kDrainNsMax;
  while (rd_kafka_outq_len(producer) > 0 && MonotonicNs() < deadline_ns) PollOnce(producer, kPollMs);
  PollOnce(producer, 0);
  // Nothing was added since the handle was taken out.
  reports_lost_ += in_flight_.exchange(0);
  handle.topic.reset();
}

}  // namespace pipeline
