// Watches the topic while KafkaReader reads it: whether it is still there and the same, whether it has got partitions,
// who leads them, and whether those answer. Asks Kafka for this one topic's metadata, seldom while all is well, with a
// client of its own: so the reader's client learns of a new leader only from its own fetches, which BrokerContact
// sees. One thread. Made, started and stopped by KafkaReader.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/kafka.h"
#include "common/mutex.h"
#include "server/kafka/broker_contact.h"
#include "server/kafka/kafka_queries.h"
#include "server/kafka/topic_presence.h"
#include "server/ops/server_status.h"

namespace pipeline {

// Between two questions while all is well, unless `topic.metadata.refresh.interval.ms` is given; and while it is not.
inline constexpr int kWatchMs = 30'000;
inline constexpr int kUnwellMs = 1'000;

class TopicWatch {
 public:
  // What the reader has to do about the topic.
  enum class Change : uint8_t { kNone, kAnotherLog, kPartitions };

  // All of them outlive this. Throws SettingsError.
  TopicWatch(const KafkaSettings& settings, BrokerContact* contact, ServerStatus* status);
  ~TopicWatch() { Stop(); }
  TopicWatch(const TopicWatch&) = delete;
  TopicWatch& operator=(const TopicWatch&) = delete;

  // From the reader's thread, before Watch() and while that is paused: the topic as it is now. Throws
  // std::runtime_error with the reason, TopicRefused when Kafka has answered that it may not be told.
  TopicFacts Ask();
  // AskCompacted of the topic that Ask() has just described.
  std::optional<bool> Compacted(const TopicFacts& facts);
  // The cluster's, as of the last answer; empty: not told.
  std::string ClusterId();

  // A log was begun with these facts: watches it from now on.
  void Watch(const TopicFacts& facts, const std::string& cluster_id);
  // The reader reads no log until Watch() is called again.
  void Pause();
  void Wake();  // something has happened: looks now
  void Stop();  // waits until the thread has ended, at most a question long

  // The reader's: what was found since it asked last. kPartitions: *partitions there are now.
  Change TakeChange(int32_t* partitions);
  // It reads so many partitions now.
  void SetRead(int32_t partitions);

  // Of partition p: when its leader last answered a fetch (-1: never), and whether it does so as it should. Any thread.
  struct Reach {
    int64_t answered_ns = -1;
    bool known = false;
  };
  std::vector<Reach> Reaches(int32_t count) const;

 private:
  // The log that is read.
  struct Watched {
    TopicFacts facts;
    std::string cluster_id;
    int64_t begun_ns = 0;
    int32_t read = 0;  // partitions
    TopicPresence presence;
    bool gone = false;
  };

  void Run();
  // Asks when `ask`, tells the status. False: not all is well.
  bool Look(bool ask);
  // False: the topic is missing.
  bool TakeFacts(TopicFacts facts, const std::string& cluster_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Which leaders do not answer, for people; empty: all do.
  std::string Silent(const Watched& watched) const;

  const KafkaSettings settings_;
  BrokerContact* const contact_;
  ServerStatus* const status_;
  KafkaPtr<rd_kafka_t> handle_;
  int watch_ms_ = kWatchMs;

  mutable Mutex mutex_;
  CondVar changed_;
  std::string error_ ABSL_GUARDED_BY(mutex_);               // of the client while it was asked
  std::optional<Watched> watched_ ABSL_GUARDED_BY(mutex_);  // none: paused
  Change change_ ABSL_GUARDED_BY(mutex_) = Change::kNone;
  bool look_now_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace pipeline
