// What the server can do right now and why not more: the one place from which health, the log's lines on changes of
// state and the text of UNAVAILABLE come. Set by the reader's threads, read from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

namespace pipeline {

class ServerStatus {
 public:
  // `brokers`: as people should read it in the log. `on_serving` is called at every change, from the thread that made
  // it, one call at a time; it must not call back.
  ServerStatus(std::string brokers, std::string topic);
  void OnServing(std::function<void(bool)> on_serving);

  void SetReachable(bool reachable, const std::string& reason = "");
  void SetTopicPresent(bool present);
  void SetLoaded(bool loaded);
  // Whether the replica holds every payment; else `more`: what the topic has more of than it may keep.
  void SetComplete(bool complete, const std::string& more = "");
  void SetStopping();

  // All of it at one moment, for the metrics.
  struct State {
    bool reachable = false;
    bool topic_present = false;  // Kafka had it when it was asked last
    bool loaded = false;
    bool complete = true;
    bool serving = false;
  };
  State state() const;

  // Health: the backlog is applied, all payments are kept, Kafka is reachable and has the topic, and the server is not
  // stopping.
  bool serving() const;
  // Why the payments are not all there yet; for people. Empty: they are.
  std::string WhyNotLoaded() const;

 private:
  enum class Reach : uint8_t { kUnknown, kReachable, kUnreachable };
  bool Serving() const { return loaded_ && complete_ && topic_present_ && reach_ == Reach::kReachable && !stopping_; }
  void Report();

  const std::string brokers_;
  const std::string topic_;
  mutable std::mutex mutex_;
  Reach reach_ = Reach::kUnknown;
  bool topic_present_ = true;  // until Kafka says that it is not
  bool topic_seen_ = false;
  bool loaded_ = false;
  bool complete_ = true;
  bool stopping_ = false;
  bool reported_ = false;
  std::function<void(bool)> on_serving_;
};

}  // namespace pipeline
