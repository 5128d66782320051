// Sees what passes between the reader's Kafka client and its brokers: whether each broker answers, and whether
// something has happened after which the log may be another one. librdkafka handles most of that by itself and says
// nothing; its interceptors see every request and every answer before the reader gets what is in it.
//
// Contact is lost when a request fails or is not answered in time, when a connection is made anew, and when librdkafka
// asks for metadata, which it does by itself whenever a partition's leader has refused a fetch, is another one or does
// not know the partition any more. In the steady state it does so every five minutes. While a partition has no leader
// it does so four times a second: that alone is then looked into once a second, and records are taken meanwhile from
// the brokers that they came from before. The client is asked for nothing but records and watermarks: questions for
// metadata are the topic watch's, which has a client of its own.
//
// Told by librdkafka's threads, asked by the reader's, the watch's and the scrapes'.
#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <string>

#include "common/mutex.h"

namespace pipeline {

// How much longer than `fetch.wait.max.ms` an answer to a fetch may take: a broker, this process or the network stood
// still. The reader's loop allows itself no more between two looks.
inline constexpr int64_t kStandstillNs = 1'000'000'000;

// Between two losses for nothing but metadata, while a partition has no leader.
inline constexpr int64_t kLeaderlessCheckNs = 1'000'000'000;

// Who sees what has happened to the client's requests. Pure but for the lock.
class BrokerContact {
 public:
  // A broker as far as fetches tell.
  struct Broker {
    int64_t answered_ns = -1;  // the last fetch that was answered; -1: none
    int64_t asked_ns = -1;     // a fetch that waits for its answer; -1: none does
    bool failed = false;       // since the last answer
    std::string error;         // what librdkafka said of it last; empty since it has answered
  };

  // `fetch_wait_ms`: how long a broker may keep a fetch without records.
  explicit BrokerContact(int fetch_wait_ms) : fetch_ns_max_(fetch_wait_ms * int64_t{1'000'000} + kStandstillNs) {}

  // Has the client that is made of `conf` tell this one, which outlives it.
  void Attach(rd_kafka_conf_t* conf);

  void OnSent(int32_t broker, int16_t api_key, int64_t now_ns);
  // `round_trip_us`: -1 unknown.
  void OnAnswer(int32_t broker, int16_t api_key, int64_t round_trip_us, rd_kafka_resp_err_t error, int64_t now_ns);
  // "host:port/id: reason", as librdkafka tells an application.
  void OnError(const std::string& text);
  // From whoever else has found that it may be another log.
  void Lose(const std::string& reason);

  // From the watch: a partition has no leader.
  void SetLeaderless(bool leaderless);
  // From the reader, between two batches: a loss that has waited for its time is one now.
  void Look(int64_t now_ns);

  // Cheap; seen with every message that was fetched after it.
  bool lost() const { return lost_.load(std::memory_order_acquire); }
  // Contact counts as made again. Why it was lost; empty: it was not.
  std::string Take();
  int64_t losses() const { return losses_.load(std::memory_order_relaxed); }  // so far

  Broker broker(int32_t id) const;
  // Since when the broker has not answered though it should have (0: it has), as far as `now_ns`. One that was never
  // asked counts from `begun_ns` on.
  int64_t SilentSince(int32_t id, int64_t begun_ns, int64_t now_ns) const;

 private:
  void OnMetadata(int64_t now_ns);
  void LoseLocked(const std::string& reason) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int64_t fetch_ns_max_;
  std::atomic<bool> lost_ = false;
  std::atomic<int64_t> losses_ = 0;
  mutable Mutex mutex_;
  std::string reason_ ABSL_GUARDED_BY(mutex_);                 // of the first loss
  std::map<int32_t, Broker> brokers_ ABSL_GUARDED_BY(mutex_);  // as many as the cluster has
  bool leaderless_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t metadata_ns_ ABSL_GUARDED_BY(mutex_) = INT64_MIN / 2;  // of the last loss for metadata
  std::atomic<bool> waits_ = false;  // a loss for metadata has to wait; written under mutex_
};

}  // namespace pipeline
