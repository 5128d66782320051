// Runs a Subscription on a thread of its own and keeps what it says, so that a test can wait for it. Each wait has a
// condition and a deadline far beyond what a loaded machine needs.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/subscription.h"
#include "tests/client/test_server.h"

namespace pipeline {

inline constexpr std::chrono::seconds kPatience{60};

// The offsets of a partition's first `count` records.
inline std::vector<int64_t> UpTo(int64_t count) {
  std::vector<int64_t> offsets(static_cast<size_t>(count));
  std::iota(offsets.begin(), offsets.end(), 0);
  return offsets;
}

// `count` records in each of two partitions.
inline void Fill(TestServer* server, int count) {
  for (int i = 0; i < count; ++i) {
    server->Append(0);
    server->Append(1);
  }
}

class Heard : public SubscriptionObserver {
 public:
  void OnConnecting(const std::string& server, int /*attempt*/) override {
    Note([&] { connecting.push_back(server); });
  }
  void OnStarted(const StreamStarted& start) override {
    Note([&] { starts.push_back(start); });
  }
  void OnEvent(const ReceivedEvent& event) override {
    if (on_event) on_event(event);
    Note([&] { events.push_back(event); });
  }
  void OnDropped(const ReceivedEvent& event) override {
    Note([&] { dropped.push_back(event); });
  }
  void OnSkipped(const ReceivedEvent& event) override {
    Note([&] { skipped.push_back(event); });
  }
  void OnBookmark(const ReceivedBookmark& bookmark) override {
    Note([&] { bookmarks.push_back(bookmark); });
  }
  void OnCaughtUp() override {
    Note([&] { caught_up_at = events.size(); });
  }
  void OnEnded(const StreamEnded& end) override {
    Note([&] { ends.push_back(end); });
  }
  void OnReconnecting(int attempt, int /*attempts_max*/, int64_t /*wait_ns*/) override {
    Note([&] { attempts.push_back(attempt); });
  }

  // False: it did not come true in time. `condition` sees the members below unchanging.
  bool WaitFor(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, kPatience, condition);
  }
  // Offsets of each partition, in the order received.
  std::map<int32_t, std::vector<int64_t>> Offsets() {
    const std::lock_guard lock(mutex);
    std::map<int32_t, std::vector<int64_t>> offsets;
    for (const ReceivedEvent& event : events) offsets[event.partition].push_back(event.offset);
    return offsets;
  }

  std::function<void(const ReceivedEvent&)> on_event;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> connecting;
  std::vector<StreamStarted> starts;
  std::vector<ReceivedEvent> events;
  std::vector<ReceivedEvent> dropped;
  std::vector<ReceivedEvent> skipped;
  std::vector<ReceivedBookmark> bookmarks;
  std::vector<StreamEnded> ends;
  std::vector<int> attempts;
  size_t caught_up_at = 0;

 private:
  template <typename Change>
  void Note(const Change& change) {
    {
      const std::lock_guard lock(mutex);
      change();
    }
    changed.notify_all();
  }
};

class RunningSubscription {
 public:
  RunningSubscription(SubscriptionOptions options, Heard* heard)
      : subscription_(std::move(options), heard), thread_([this] {
          SubscriptionResult result = subscription_.Run();
          const std::lock_guard lock(mutex_);
          result_ = std::move(result);
          done_ = true;
          changed_.notify_all();
        }) {}
  ~RunningSubscription() {
    subscription_.Stop();
    thread_.join();
  }
  RunningSubscription(const RunningSubscription&) = delete;
  RunningSubscription& operator=(const RunningSubscription&) = delete;

  void Stop() { subscription_.Stop(); }
  // The result of Run(); fails the test when it does not return.
  SubscriptionResult Result() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [this] { return done_; })) << "Run() does not return";
    return result_;
  }
  SubscriptionResult StopAndWait() {
    Stop();
    return Result();
  }

 private:
  Subscription subscription_;
  std::mutex mutex_;
  std::condition_variable changed_;
  SubscriptionResult result_;
  bool done_ = false;
  std::thread thread_;
};

// No waits between attempts, no limit to them.
inline SubscriptionOptions QuickOptions(const std::string& server) {
  SubscriptionOptions options;
  options.servers = {server};
  options.reconnect = {.attempts_max = 0, .delay_min_ns = 1'000'000, .delay_max_ns = 1'000'000};
  options.connect_timeout_ns = 20'000'000'000;
  return options;
}

}  // namespace pipeline
