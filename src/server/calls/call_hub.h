// All calls that stay open: wakes those that wait for records, looks now and then after those that are stuck, and ends
// them all at shutdown. Made by PaymentServer; Add and Remove are called from gRPC's threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "common/mutex.h"
#include "payment/payment.h"
#include "server/calls/host_counts.h"
#include "server/replica.h"

namespace pipeline {

// How far an open call is.
struct CallProgress {
  enum class Stage : uint8_t { kUnary, kStarting, kVerifying, kSnapshot, kCatchingUp, kLive, kEnding };
  Stage stage = Stage::kUnary;
  uint64_t window_sequence = 0;  // kLive: of the next record in the log window to be looked at for it
  int64_t queued = 0;            // events taken for it and not yet handed to gRPC
  int64_t waiting_bytes = 0;     // of those, and of the message that gRPC has not taken from it yet
  int64_t passed = 0;            // kSnapshot, kCatchingUp: offsets that it is past, over all partitions
  int64_t write_since_ns = 0;    // monotonic, to a tick: since when gRPC has not taken a message; 0: it takes them
  uint64_t subscription = 0;     // 0: it has not started
};

// What a stream is: does not change while it is open.
struct StreamFacts {
  std::string peer;         // the host
  int64_t started_ns = 0;   // monotonic
  const char* begins = "";  // what it asked for: "snapshot", "token", "live"
  bool batched = false;
  Filter filter;
};

// An open call. Held alive by the hub from Add to Remove.
class OpenCall : public Waiter {
 public:
  // For the metrics. Takes no lock: what it says may be a moment old. From any thread.
  virtual CallProgress progress() const = 0;
  // Null: it is no stream. From any thread.
  virtual const StreamFacts* stream() const { return nullptr; }
  // About ten times a second, from the hub's thread.
  virtual void Tick(int64_t now_ns) = 0;
  // Ends the call with UNAVAILABLE; what is stuck then is cancelled at `cancel_at_ns` (by Tick).
  virtual void EndForShutdown(int64_t cancel_at_ns) = 0;
};

enum class Admission : uint8_t { kAdmitted, kFull, kPeerFull, kStopping };

class CallHub {
 public:
  CallHub(Replica* replica, int64_t calls_max, int64_t calls_per_peer_max);
  ~CallHub();

  // `peer`: the host that the call comes from.
  Admission Add(const std::shared_ptr<OpenCall>& call, const std::string& peer);
  void Remove(const OpenCall* call);
  int64_t open_calls() const;
  int64_t calls_max() const { return calls_max_; }
  int64_t calls_per_peer_max() const { return calls_per_peer_max_; }
  // Of the peer that has the most of them; 0: there is none.
  int64_t most_calls_of_a_peer() const;
  // Of every open call, for the metrics. Holds up who opens or closes a call, nobody else.
  std::vector<CallProgress> Progress() const;
  // All open calls, held alive by the caller. Holds up the same.
  std::vector<std::shared_ptr<OpenCall>> Calls() const;
  // 1, 2, ...: what a stream is called in this process.
  uint64_t NextSubscription() { return ++subscriptions_; }

  // Ends all calls and admits no more. Returns when the last one has gone, or at `deadline_ns`: false then.
  bool EndAll(int64_t cancel_at_ns, int64_t deadline_ns);
  // After EndAll: the same wait again.
  bool WaitUntilEmpty(int64_t deadline_ns);
  // Stops the thread. Nothing is woken any more.
  void Stop();

 private:
  struct Entry {
    std::shared_ptr<OpenCall> call;
    HostCounts::Place host;
  };

  void Run();
  // Null: it has gone already.
  std::shared_ptr<OpenCall> RemoveLocked(const OpenCall* call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Replica* const replica_;
  const int64_t calls_max_;
  const int64_t calls_per_peer_max_;
  mutable Mutex mutex_;
  CondVar empty_;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::unordered_map<const OpenCall*, Entry> calls_ ABSL_GUARDED_BY(mutex_);
  HostCounts hosts_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> stopping_ = false;
  std::atomic<uint64_t> subscriptions_ = 0;
  std::thread thread_;
};

}  // namespace pipeline
