// What the server can do right now and why not more: the one place from which health, the log's lines on changes of
// state and the text of UNAVAILABLE come. Set by the reader's threads, read from any thread.
#pragma once

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
  void SetStopping();

  // Health: the backlog is applied, Kafka is reachable and has the topic, and the server is not stopping.
  bool serving() const;
  // Why the payments are not all there yet; for people. Empty: they are.
  std::string WhyNotLoaded() const;

 private:
  enum class Reach : uint8_t { kUnknown, kReachable, kUnreachable };
  bool Serving() const { return loaded_ && topic_present_ && reach_ == Reach::kReachable && !stopping_; }
  void Report();

  const std::string brokers_;
  const std::string topic_;
  mutable std::mutex mutex_;
  Reach reach_ = Reach::kUnknown;
  bool topic_present_ = true;
  bool loaded_ = false;
  bool stopping_ = false;
  bool reported_ = false;
  std::function<void(bool)> on_serving_;
};

}  // namespace pipeline
