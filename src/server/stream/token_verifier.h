// Asks Kafka what the replica can't know about a resume token: watermarks as of now, and records that have left the
// window. One thread with a consumer of its own, made at the first question; all that wait share one query of
// watermarks. Submit() is called from gRPC's threads and never blocks.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/kafka.h"
#include "server/replica.h"
#include "stream/resume_decision.h"

namespace pipeline {

// A stream whose token is to be verified. Called from the verifier's thread.
class VerifiedStream {
 public:
  virtual ~VerifiedStream() = default;
  // With the replica as it is, not begun yet.
  virtual ResumeDecision DecideWith(const ReplicaState& state, const std::vector<Watermarks>& fresh) = 0;
  // `same`: partitions whose record at `after` was read and has the token's checksum, or is no more.
  virtual void OnVerified(std::vector<Watermarks> fresh, const std::vector<int32_t>& same) = 0;
  virtual void OnRefused(Refusal refusal) = 0;
  virtual void OnKafkaFailed(const std::string& reason) = 0;
  virtual bool ended() const = 0;
};

class TokenVerifier {
 public:
  // `give_up_ns`: how long Kafka may not answer before a stream is told so (it can be retried).
  TokenVerifier(const KafkaSettings& settings, Replica* replica, int64_t give_up_ns);
  ~TokenVerifier();

  void Submit(std::shared_ptr<VerifiedStream> stream);
  void Stop();

 private:
  struct Job {
    std::shared_ptr<VerifiedStream> stream;
    int64_t give_up_at_ns = 0;
  };

  void Run();
  // Throws std::runtime_error when Kafka does not answer.
  void Verify(std::deque<Job>* jobs);
  void VerifyOne(VerifiedStream* stream, const std::vector<Watermarks>& fresh);
  // The first refusal among the records at `decision.starts[p].after`, p in `decision.unread`; those that are right, or
  // no longer there, go to `same`.
  std::optional<Refusal> ReadRecords(const ResumeDecision& decision, std::vector<int32_t>* same);

  const KafkaSettings settings_;
  Replica* const replica_;
  const int64_t give_up_ns_;
  KafkaPtr<rd_kafka_t> handle_;  // the thread's own
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::deque<Job> jobs_;
  std::thread thread_;
};

}  // namespace pipeline
