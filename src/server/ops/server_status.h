// Says what the server can do right now and why not more: health, the log's lines on changes of state and the text of
// UNAVAILABLE all come from here. Set by the reader's threads, read from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "common/mutex.h"
#include "server/ops/log_backoff.h"

namespace pipeline {

class ServerStatus {
 public:
  // `brokers`: as people should read it in the log. `unready_after_ns`: how long Kafka may be away from a replica that
  // is loaded until health says so. `on_serving` is called at every change, from the thread that made
  // it, one call at a time; it must not call back.
  ServerStatus(std::string brokers, std::string topic, int64_t unready_after_ns);
  void OnServing(std::function<void(bool)> on_serving);

  // Whether every partition's leader answers; if not, which and why. Told again and again while it is so.
  void SetReachable(bool reachable, const std::string& reason = "");
  // Kafka answers, but not about the topic: why. Empty: it does. Again and again, too.
  void SetTopicRefused(const std::string& reason);
  void SetTopicPresent(bool present);
  void SetLoaded(bool loaded);
  // Whether the replica holds every payment; else `more`: what the topic has more of than it may keep.
  void SetComplete(bool complete, const std::string& more = "");
  void SetStopping();

  // All of it at one moment, for the metrics.
  struct State {
    bool reachable = false;      // at this moment: health waits --unready-after
    bool topic_present = false;  // Kafka had it when it was asked last
    bool loaded = false;
    bool complete = true;
    bool serving = false;
  };
  State state() const;

  // Health: the backlog is applied, all payments are kept, Kafka has the topic and is not away for too long, and the
  // server is not stopping.
  bool serving() const;
  // Why the payments are not all there yet; for people. Empty: they are.
  std::string WhyNotLoaded() const;

 private:
  enum class Reach : uint8_t { kUnknown, kReachable, kUnreachable };
  bool Serving() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return loaded_ && complete_ && topic_present_ && !overdue_ && !stopping_;
  }
  // Kafka is away, or back.
  void TellReach(Reach before, const std::string& reason) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void UpdateAway() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Report() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string brokers_;
  const std::string topic_;
  const int64_t unready_after_ns_;
  mutable Mutex mutex_;
  Reach reach_ ABSL_GUARDED_BY(mutex_) = Reach::kUnknown;
  std::string refused_ ABSL_GUARDED_BY(mutex_);         // why the topic is not described; empty: it is
  int64_t away_since_ns_ ABSL_GUARDED_BY(mutex_) = -1;  // unreachable or refused; -1: neither
  bool overdue_ ABSL_GUARDED_BY(mutex_) = false;        // for longer than unready_after_ns_
  LogBackoff lost_lines_ ABSL_GUARDED_BY(mutex_);       // of losses, and of returns after them
  bool told_lost_ ABSL_GUARDED_BY(mutex_) = false;
  bool topic_present_ ABSL_GUARDED_BY(mutex_) = true;  // until Kafka says that it is not
  bool topic_seen_ ABSL_GUARDED_BY(mutex_) = false;
  bool loaded_ ABSL_GUARDED_BY(mutex_) = false;
  bool complete_ ABSL_GUARDED_BY(mutex_) = true;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool reported_ ABSL_GUARDED_BY(mutex_) = false;
  std::function<void(bool)> on_serving_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pipeline
