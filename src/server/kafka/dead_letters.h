// Writes rejected records to the dead-letter topic, each once, and never holds up the one who reads: Offer() is called
// by the Kafka reader's thread and takes a copy at most. A thread of its own writes; which records, the books say
// (stream/dead_letter_book.h). Made, started and stopped by PaymentServer. One replica of a topic should have it.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string>
#include <thread>

#include "common/mutex.h"
#include "common/settings.h"
#include "server/kafka/dead_letter_topic.h"
#include "stream/dead_letter_book.h"

namespace pipeline {

struct DeadLetterOptions {
  bool enabled = false;
  std::string topic;  // empty: the source topic's name with ".dlq"
  DeadLetterLimits limits;
};

// The topic they go to.
std::string DeadLetterTopicName(const DeadLetterOptions& options, const KafkaSettings& kafka);

class DeadLetters {
 public:
  // Throws SettingsError for a property that librdkafka refuses.
  DeadLetters(const KafkaSettings& kafka, const DeadLetterOptions& options);
  ~DeadLetters();
  DeadLetters(const DeadLetters&) = delete;
  DeadLetters& operator=(const DeadLetters&) = delete;

  void Start();
  // A record that was rejected. Never waits for Kafka.
  void Offer(const rd_kafka_message_t& message, RejectReason reason);
  // What is left is still written for at most `grace_ns`, then the thread ends; the rest is for the next start.
  void Stop(int64_t grace_ns);
  DeadLetterCounts counts() const;  // from any thread

 private:
  void Run();
  void Round();  // throws std::runtime_error when Kafka does not answer
  bool FindTopic();
  bool ReadKnown();
  void FetchAgain();
  void Send();
  bool TakeReports(int timeout_ms);  // false: there were none
  void TellLost();
  void TellState(const std::string& problem);
  bool MustStop() const;
  void SleepMs(int wait_ms);
  bool known_wanted() const;

  const std::string source_;
  const std::string name_;
  mutable Mutex mutex_;  // never held across I/O
  CondVar changed_;
  DeadLetterBook book_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t stop_at_ns_ ABSL_GUARDED_BY(mutex_) = 0;  // monotonic
  bool offered_ ABSL_GUARDED_BY(mutex_) = false;    // since the thread last looked

  // The thread's own.
  DeadLetterTopic topic_;  // after the books, whose letters it sends
  RecordDecoder decoder_;  // says again why a record that was read again is rejected
  Payment payment_;
  bool present_ = false;
  std::string problem_;
  int64_t told_lost_ns_ = 0;
  int64_t heard_ns_ = 0;  // when nothing was under way last, or a write was answered
  int64_t told_written_ = 0;
  int64_t told_forgotten_ = 0;
  std::thread thread_;
};

}  // namespace pipeline
