// Reads the whole topic: every partition from its first offset, without a group, into the replica, and goes on only in
// the log that it has read (stream/log_continuity.h). One thread consumes; another watches the topic (topic_watch.h).
// Made, started and stopped by PaymentServer.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/kafka.h"
#include "common/mutex.h"
#include "server/kafka/broker_contact.h"
#include "server/kafka/dead_letters.h"
#include "server/kafka/fetch_waker.h"
#include "server/kafka/record_intake.h"
#include "server/kafka/reject_log.h"
#include "server/kafka/retention_follower.h"
#include "server/kafka/tombstones.h"
#include "server/kafka/topic_watch.h"
#include "server/ops/log_backoff.h"
#include "server/ops/server_counters.h"
#include "server/ops/server_journal.h"
#include "server/ops/server_status.h"
#include "server/replica.h"
#include "stream/log_continuity.h"

namespace pipeline {

inline constexpr int32_t kPartitionsMax =
    kCountedPartitionsMax;  // a token for more does not fit default metadata limits

class KafkaReader {
 public:
  // Throws SettingsError for a property that librdkafka refuses. `journal`: where what was read is written down; null:
  // nowhere. `dead_letters`: takes what was rejected; null: nothing does. `on_fatal` is called from the reader's thread
  // when it can't go on at all (a topic with more than kPartitionsMax partitions).
  KafkaReader(const KafkaSettings& settings, Replica* replica, ServerStatus* status, RejectLog* rejects,
              ServerJournal* journal, DeadLetters* dead_letters, ServerCounters* counters, Tombstones tombstones,
              std::function<void(const std::string&)> on_fatal);
  ~KafkaReader();

  void Start();
  void RequestStop();  // reads no further batch; does not wait
  void Stop();         // waits until both threads have ended
  // From any thread: somebody else has found that it may be another log.
  void Doubt(const std::string& reason) { contact_.Lose(reason); }
  // Records of this topic that Kafka trimmed before they were read here.
  int64_t skipped() const { return skipped_; }
  // Partitions of the topic beyond kPartitionsMax, which are not read.
  int32_t partitions_refused() const { return partitions_refused_; }
  // Where a partition ends, as its leader said with the last answer to a fetch.
  struct End {
    int64_t offset = -1;       // -1: not told yet
    int64_t answered_ns = -1;  // when the leader last answered (monotonic); -1: not yet
    bool known = false;        // the leader answers as it should: the end is that of now
  };
  // Of partitions 0 to `count` - 1. From any thread; asks nobody.
  std::vector<End> KnownEnds(int32_t count) const;

 private:
  enum class Next : uint8_t { kGoOn, kStop, kReload };

  void Run();
  // Until the topic is there and its watermarks are known: begins the replica. False: stopped.
  bool Begin();
  bool TryBegin();
  void BeginReplica(const TopicFacts& facts, const std::string& cluster_id, const std::vector<Watermarks>& marks,
                    bool compacted);
  // Where Kafka does not tell it, --tombstones decides alone, and the log says why. Throws std::runtime_error: ask
  // again.
  bool IsCompacted(const TopicFacts& facts);
  Next Consume();
  // What has to be done before more is read.
  Next Prepare();
  // Waits for messages and takes them, unless contact was lost before they came.
  Next ReadBatch();
  // kReload: another log's messages are among them; none was taken.
  Next TakeBatch(rd_kafka_message_t* const* messages, size_t count);
  // Messages of a partition come from another broker than before: contact counts as lost.
  void LookAtBrokers(rd_kafka_message_t* const* messages, size_t count);
  LogContinuity::Verdict Judge(const rd_kafka_message_t& message, uint32_t record_crc32c);
  // False: the message says something else.
  bool NoteOutOfRange(const rd_kafka_message_t& message);
  void OnMessageError(const rd_kafka_message_t& message);
  // Contact was lost: reads again from what was seen last.
  Next CheckLog();
  Next Reread();
  // Of the partitions in out_of_range_, as far as Kafka answers.
  Next Reposition();
  Next Replaced(int32_t partition, const std::string& why);
  // Reads partitions that were added, too, from their beginning.
  void AddPartitions(int32_t count);
  bool RefuseTooMany(int32_t count);
  bool Stopping();
  void SleepMs(int wait_ms);
  void UpdateLoaded();

  const KafkaSettings settings_;
  Replica* const replica_;
  ServerStatus* const status_;
  ServerCounters* const counters_;
  const std::function<void(const std::string&)> on_fatal_;
  RecordIntake intake_;
  BrokerContact contact_;  // before the client that tells it
  RetentionFollower retention_;
  TopicWatch watch_;
  KafkaPtr<rd_kafka_t> handle_;
  KafkaPtr<rd_kafka_queue_t> queue_;
  std::unique_ptr<FetchWaker> waker_;  // of the present assignment; before handle_ goes

  // The reader's thread alone.
  LogContinuity continuity_;
  std::set<int32_t> out_of_range_;  // partitions whose watermarks are to be asked for
  std::vector<int32_t> read_from_;  // of each partition the broker that its last message came from; -1: none
  bool reassign_ = false;           // partitions were added, or are no longer read
  std::string lost_reason_;         // of the check under way; empty: none is
  bool loaded_ = false;
  int64_t started_ns_ = 0;
  bool policy_told_ = false;  // why it is not known whether the topic is compacted
  int policy_misses_ = 0;     // questions for that without an answer, one after the other
  LogBackoff error_lines_;

  std::atomic<int64_t> skipped_ = 0;
  std::atomic<int32_t> partitions_refused_ = 0;
  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread reader_;
};

}  // namespace pipeline
