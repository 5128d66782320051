// Asks Kafka what the replica can't know about a resume token: watermarks as of now, and records that have left the
// window. One thread with a consumer of its own, made at the first question; all that wait share one query of
// watermarks. Ask() is called from gRPC's threads and never blocks. Made by PaymentServer.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "common/kafka.h"
#include "common/mutex.h"
#include "server/replica.h"
#include "stream/resume_decision.h"

namespace pipeline {

class EvidenceReader {
 public:
  // One of the last two is called, once, from the reader's thread; neither after Stop().
  struct Question {
    std::vector<Position> records;    // one for a partition at most
    std::function<bool()> abandoned;  // nobody waits for the answer any more
    std::function<void(KafkaEvidence)> on_evidence;
    std::function<void(const std::string&)> on_failed;  // Kafka did not answer in time; why, for people
  };

  // `give_up_ns`: how long Kafka may not answer before a question has failed (it can be asked again).
  EvidenceReader(const KafkaSettings& settings, Replica* replica, int64_t give_up_ns);
  ~EvidenceReader();

  void Ask(Question question);
  void Stop();

 private:
  struct Job {
    Question question;
    int64_t give_up_at_ns = 0;
  };

  void Run();
  // Both throw std::runtime_error when Kafka does not answer.
  void Answer(std::deque<Job>* jobs);
  std::vector<KafkaEvidence::Record> ReadRecords(const std::vector<Position>& positions, size_t partition_count);

  const KafkaSettings settings_;
  Replica* const replica_;
  const int64_t give_up_ns_;
  KafkaPtr<rd_kafka_t> handle_;  // the thread's own
  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Job> jobs_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace pipeline
