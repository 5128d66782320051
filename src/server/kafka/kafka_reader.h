// Reads the whole topic: every partition from its first offset, without a group, into the replica. One thread consumes;
// a second one watches whether Kafka answers. Made, started and stopped by PaymentServer.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/kafka.h"
#include "server/kafka/dead_letters.h"
#include "server/kafka/fetch_waker.h"
#include "server/kafka/record_maker.h"
#include "server/kafka/reject_log.h"
#include "server/ops/server_counters.h"
#include "server/ops/server_journal.h"
#include "server/ops/server_status.h"
#include "server/replica.h"

namespace pipeline {

inline constexpr int32_t kPartitionsMax =
    kCountedPartitionsMax;  // a token for more does not fit default metadata limits

class KafkaReader {
 public:
  // Throws SettingsError for a property that librdkafka refuses. `journal`: where what was read is written down; null:
  // nowhere. `dead_letters`: takes what was rejected; null: nothing does. `on_fatal` is called from the reader's thread
  // when it can't go on at all (a topic with more than kPartitionsMax partitions).
  KafkaReader(const KafkaSettings& settings, Replica* replica, ServerStatus* status, RejectLog* rejects,
              ServerJournal* journal, DeadLetters* dead_letters, ServerCounters* counters,
              std::function<void(const std::string&)> on_fatal);
  ~KafkaReader();

  void Start();
  void RequestStop();  // reads no further batch; does not wait
  void Stop();         // waits until both threads have ended
  // Records of this topic that Kafka trimmed before they were read here.
  int64_t skipped() const { return skipped_; }
  // Where partitions 0 to `count` - 1 end, as brokers said with the last answer to a fetch; -1: not told yet. From any
  // thread; asks nobody.
  std::vector<int64_t> KnownEnds(int32_t count) const;

 private:
  enum class Next : uint8_t { kStop, kReload };

  void Run();
  // Until the topic is there and its watermarks are known: begins the replica. False: stopped.
  bool Begin();
  bool TryBegin();
  Next Consume();
  void TakeBatch(rd_kafka_message_t* const* messages, size_t count);
  void CountProgress(const rd_kafka_message_t& message);
  // After records were applied: says so once when the store is nearly full, and when it could not take a payment.
  struct StoreNews {
    int64_t not_kept = 0;  // records
    bool nearly_full = false;
    std::string full_text;
    std::string nearly_full_text;
  };
  StoreNews NewsOf(const PaymentStore& store) const;
  void Tell(const StoreNews& news);
  // After an offset was out of range. False: the log is not the one that was read; load again.
  bool Reposition();
  void Watch();
  bool WatchOnce();
  // What the watch has found out about the topic: partitions were added, or it is gone, or another one.
  void OnPartitionCount(int32_t count);
  // Reads partitions that were added, too, from their beginning.
  void AddPartitions(int32_t count);
  bool RefuseTooMany(int32_t count);
  void SleepMs(int wait_ms);
  void UpdateLoaded();

  const KafkaSettings settings_;
  Replica* const replica_;
  ServerStatus* const status_;
  RejectLog* const rejects_;
  ServerJournal* const journal_;
  DeadLetters* const dead_letters_;
  ServerCounters* const counters_;
  const std::function<void(const std::string&)> on_fatal_;
  KafkaPtr<rd_kafka_t> handle_;
  KafkaPtr<rd_kafka_queue_t> queue_;
  RecordMaker maker_;
  std::unique_ptr<FetchWaker> waker_;  // of the present assignment; before handle_ goes

  // The reader's thread alone.
  std::vector<int64_t> next_offsets_;
  bool loaded_ = false;
  bool out_of_range_ = false;
  int64_t not_kept_ = 0;                 // records of this generation, as the store says
  bool nearly_full_ = false;             // told
  std::vector<JournalPlace> journaled_;  // of the batch at hand; reused
  int64_t started_ns_ = 0;

  std::atomic<int64_t> skipped_ = 0;
  std::atomic<bool> reload_ = false;           // set by the watch: the cluster or the topic is another one
  std::atomic<int32_t> partition_count_ = 0;   // that are read; 0: not begun
  std::atomic<int32_t> partitions_found_ = 0;  // set by the watch when it is more
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;   // under mutex_
  bool watch_now_ = false;  // under mutex_
  std::string log_id_;      // under mutex_; empty until begun
  std::thread reader_;
  std::thread watch_;
};

}  // namespace pipeline
