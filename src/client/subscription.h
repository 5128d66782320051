// A subscription that survives: connects, receives, reconnects and resumes until told to stop or until it may not go
// on. Called by payment-client's `stream` and by the harness's embedded subscribers. Run() blocks its thread, and calls
// the observer from it; Stop() may be called from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/held_token.h"
#include "client/reconnect_policy.h"
#include "payment/payment.h"

namespace pipeline {

enum class OnGap : uint8_t { kFail, kSnapshot, kEarliest };

// Which call brings the payments.
enum class StreamRpc : uint8_t {
  kAuto,       // SubscribePayments, and StreamPayments where a server does not offer it
  kSubscribe,  // SubscribePayments alone: many events a message, and bookmarks
  kStream,     // StreamPayments alone: an event a message, as in the tutorial
};

struct SubscriptionOptions {
  std::vector<std::string> servers;  // host:port; tried in order, the next one after a failure
  Filter filter;
  ReconnectOptions reconnect;  // reconnect_policy.h: 10 tries 3 s apart by default, or exponential with jitter
  int64_t keepalive_time_ns = 10'000'000'000;
  int64_t keepalive_timeout_ns = 5'000'000'000;
  int64_t connect_timeout_ns = 5'000'000'000;
  OnGap on_gap = OnGap::kFail;
  bool resume = true;  // false: each stream begins anew, with a snapshot
  StreamRpc rpc = StreamRpc::kAuto;
  uint32_t batch_events_max = 0;  // that SubscribePayments is asked for; 0: as many a message as the server likes
  std::string event_log_path;     // empty: none
  uint64_t jitter_seed = 0;
};

struct ReceivedEvent {
  int64_t time_ns = 0;      // monotonic, when it was read from the stream
  uint32_t connection = 0;  // 1, 2, ... as in the event log
  bool existing = false;
  int32_t partition = -1;
  int64_t offset = -1;  // -1: a server without positions
  std::optional<uint32_t> record_crc32c;
  Payment payment;
  int64_t processed_at_s = 0;
  std::optional<double> amount_beside = {};  // the message's `amount`, where it is not the nearest to its exact_amount
};

struct StreamStarted {
  int64_t time_ns = 0;
  uint32_t connection = 0;
  std::string server;  // address
  std::string server_id;
  bool has_start = false;         // the server sent a StreamStart
  bool resumed = false;           // a token was sent
  Token token;                    // the StreamStart's
  std::string subscription = {};  // what the server calls this stream; empty: it does not say
};

// Everything up to these that matches the filter has been sent on this connection or before.
struct ReceivedBookmark {
  int64_t time_ns = 0;
  uint32_t connection = 0;
  std::vector<std::pair<int32_t, int64_t>> positions;  // partition and offset, each beyond the position before
};

struct StreamEnded {
  int64_t time_ns = 0;
  uint32_t connection = 0;  // 0: an attempt that never started
  int code = 0;             // gRPC number
  std::string message;
  std::vector<Gap> gaps;
  std::optional<Token> sent = {};  // of an attempt that never started: the token that it was made with, if any
};

// All calls come from Run()'s thread. An event is in the event log before OnEvent is called.
class SubscriptionObserver {
 public:
  virtual ~SubscriptionObserver() = default;
  virtual void OnConnecting(const std::string& /*server*/, int /*attempt*/) {}
  virtual void OnStarted(const StreamStarted& /*start*/) {}
  virtual void OnEvent(const ReceivedEvent& /*event*/) {}
  // Received again after it had been handed on: dropped.
  virtual void OnDropped(const ReceivedEvent& /*event*/) {}
  // Received without a payment, as no server of ours sends it: passed over. Its position counts as covered.
  virtual void OnSkipped(const ReceivedEvent& /*event*/) {}
  // The server says how far this client has everything. It is in the event log before this is called.
  virtual void OnBookmark(const ReceivedBookmark& /*bookmark*/) {}
  // All that had been received is handed on, and the next event is being waited for: time to flush what was held back.
  virtual void OnCaughtUp() {}
  virtual void OnEnded(const StreamEnded& /*end*/) {}
  // Before a wait: `attempt` of `attempts_max` (0: no limit); 0 after an end that is no failure.
  virtual void OnReconnecting(int /*attempt*/, int /*attempts_max*/, int64_t /*wait_ns*/) {}
};

struct SubscriptionResult {
  enum class Kind : uint8_t {
    kStopped,    // Stop() was called
    kExhausted,  // the last try failed
    kFatal,      // a status that is not retried
    kGap,        // OUT_OF_RANGE or FAILED_PRECONDITION under OnGap::kFail
    kLogFailed,  // the event log can't be read, belongs to another filter, or can't be written
  };
  Kind kind = Kind::kStopped;
  int code = 0;
  std::string message;
  std::vector<Gap> gaps;
};

class Subscription {
 public:
  // Opens the event log when there is one: throws std::system_error or std::runtime_error (damaged; another filter).
  Subscription(SubscriptionOptions options, SubscriptionObserver* observer);
  ~Subscription();
  SubscriptionResult Run();
  void Stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pipeline
