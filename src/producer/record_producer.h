// One idempotent librdkafka producer for one topic that tells the outcome of every record exactly once, across fatal
// errors of librdkafka too (it is rebuilt then, and what was in flight is unknown). Used by payment-producer and by the
// harness's embedded generator. TrySend is for one thread; the rest is thread-safe. Delivery reports are handled on a
// thread of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/kafka.h"
#include "common/mutex.h"
#include "common/settings.h"

namespace pipeline {

// Of one record, from its delivery report: PERSISTED is kOk, NOT_PERSISTED kFail, anything else kUnknown; also kUnknown
// is whatever was not confirmed when librdkafka failed fatally or the producer was purged.
enum class DeliveryOutcome : uint8_t { kOk, kFail, kUnknown };

struct DeliveryReport {
  uint64_t sequence = 0;
  int64_t time_ns = 0;  // monotonic
  DeliveryOutcome outcome = DeliveryOutcome::kOk;
  int32_t partition = -1;
  int64_t offset = -1;  // -1: not told
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::string key = {};  // where RecordProducerOptions::keys asks for it
};

// Which reports carry the record's key.
enum class ReportKeys : uint8_t { kNone, kOfFailures, kAll };

struct RecordProducerOptions {
  KafkaSettings kafka;
  KafkaProperties properties;       // on top of acks=all, idempotence, murmur2_random and linger.ms=1
  int64_t in_flight_max = 100'000;  // records without an outcome
  ReportKeys keys = ReportKeys::kNone;
  // Called after the Sink, once the records that it was told of are no longer in flight; as the Sink, from the same
  // thread.
  std::function<void()> on_settled = nullptr;
};

class RecordProducer {
 public:
  // Called with one or more reports, from the delivery thread; for a record that librdkafka refuses at once, from
  // within TrySend. Must be thread-safe, must not throw and must not call back.
  using Sink = std::function<void(std::span<const DeliveryReport>)>;

  // Does not wait for a broker. Throws SettingsError or std::runtime_error.
  RecordProducer(RecordProducerOptions options, Sink sink);
  // Purges what is open.
  ~RecordProducer();
  RecordProducer(const RecordProducer&) = delete;
  RecordProducer& operator=(const RecordProducer&) = delete;

  // Partitions of the topic as a broker tells; 0: absent. Does not create it. Throws std::runtime_error when no broker
  // answers within `timeout_ms`.
  int Partitions(int timeout_ms);
  // Makes the topic's metadata known to the producer, so that the first record does not wait for it. (A broker that
  // creates topics on its own may create it.) Throws std::runtime_error.
  void LearnTopic(int timeout_ms);

  // Copies key and value and hands them to librdkafka. `partition` -1: by the key's hash. False when there is no room
  // (in_flight_max, librdkafka's own queue, or a rebuild under way): nothing was sent, try again after WaitForRoom.
  bool TrySend(uint64_t sequence, int32_t partition, std::string_view key, std::string_view value);
  // Records that may be sent now.
  int64_t room() const;
  // Returns at once when there is room, else when there may be, or at `deadline_ns`.
  void WaitForRoom(int64_t deadline_ns);
  // Waits until fewer than `records` are without an outcome (1: until all have one). False at the deadline.
  bool WaitUntilBelow(int64_t records, int64_t deadline_ns);
  // Gives up on what has no outcome yet: it becomes kUnknown (kOk where the acknowledgement comes just now). Returns
  // when all of it is reported.
  void Purge();

  int64_t in_flight() const { return in_flight_.load(); }
  int64_t full_retries() const { return full_retries_.load(); }  // TrySend without room
  int64_t rebuilds() const { return rebuilds_.load(); }          // after fatal errors
  int64_t reports_lost() const { return reports_lost_.load(); }  // records whose report librdkafka never gave

 private:
  struct Handle {
    KafkaPtr<rd_kafka_t> producer;
    KafkaPtr<rd_kafka_topic_t> topic;
  };
  bool WantsKey(DeliveryOutcome outcome) const;
  static void OnReport(rd_kafka_t* producer, const rd_kafka_message_t* message, void* self);

  Handle Make();
  void RunDeliveries();
  void PollOnce(rd_kafka_t* producer, int timeout_ms);
  void DrainAndDrop(Handle handle);
  void Rebuild();
  void Settle(std::span<const DeliveryReport> reports);

  const RecordProducerOptions options_;
  const Sink sink_;

  // Shared by those who use the handle, exclusive for who replaces it. Empty while it is rebuilt.
  mutable SharedMutex handle_mutex_;
  Handle handle_ ABSL_GUARDED_BY(handle_mutex_);

  std::vector<DeliveryReport> reports_;  // delivery thread only
  std::atomic<int64_t> in_flight_{0};
  std::atomic<bool> giving_up_{false};   // from here on what is not confirmed is unknown
  std::atomic<bool> full_{false};        // librdkafka's own queue was, at the last attempt
  std::atomic<bool> rebuilding_{false};  // from the first refusal after a fatal error on
  std::atomic<bool> stop_{false};
  std::atomic<int64_t> full_retries_{0};
  std::atomic<int64_t> rebuilds_{0};
  std::atomic<int64_t> reports_lost_{0};

  Mutex settled_mutex_;
  CondVar settled_;
  std::thread thread_;
};

}  // namespace pipeline
