// One call of a payment stream, from connecting to its status. Each RPC that streams payments is one class behind this
// interface, so that the Subscription's loop is the same for all. Owned by the Subscription's thread; only Cancel() may
// be called from another.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/channel.h"
#include "client/held_token.h"
#include "payment.pb.h"
#include "payment/payment.h"
#include "payment/retry_info.h"

namespace pipeline {

struct StreamStatus {
  int code = 0;  // gRPC number
  std::string message;
  std::vector<Gap> gaps = {};
  std::optional<StatusDetails> details = {};  // the server sent some that belong to this status
  bool too_many_pings = false;                // it was ended because this client pings too often
};

enum class Next : uint8_t {
  kData,     // something was appended
  kNothing,  // nothing at hand (never when asked to wait)
  kEnd,      // the stream is over: Finish() tells why
};

class EventStream {
 public:
  virtual ~EventStream() = default;
  // Connects, sends the request and blocks until the initial metadata are here (true) or the call is over (false).
  // The time to connect is limited. The time to the metadata is not: a server that still loads its backlog, or one that
  // sends them with its first event, is alive all the same, and a dead one is noticed by keepalive.
  virtual bool Start() = 0;
  // The bytes of `payment-start-bin` after Start(); nullopt: the server sent none, or the call has failed already.
  virtual std::optional<std::string> start_bytes() const = 0;
  // What the server calls this stream (`payment-subscription`); empty: it does not say, or more than we keep.
  virtual std::string subscription() const = 0;
  // When the request was on its way (monotonic), so when there was a connection; 0: never.
  virtual int64_t sent_ns() const = 0;
  // Puts one message's events and bookmarks into `batch`, which is empty. With `wait` blocks until there is one.
  virtual Next Read(bool wait, ::payment::PaymentBatch* batch) = 0;
  // Ends the call when it is not over yet, and returns its status. Once, after Start().
  virtual StreamStatus Finish() = 0;
  // Any thread, any time: makes the others return soon.
  virtual void Cancel() = 0;
};

// A server and the channel to it, for the calls of one attempt.
struct StreamPeer {
  std::string server;
  int64_t connect_timeout_ns;
  std::shared_ptr<grpc::Channel> channel;
};

// StreamPayments. `resume` null: begins with a snapshot.
std::unique_ptr<EventStream> OpenStreamPayments(const StreamPeer& peer, const Filter& filter, const Token* resume);
// SubscribePayments, likewise. UNIMPLEMENTED from servers that do not offer it. `batch_events_max`: as
// SubscriptionOptions have it.
std::unique_ptr<EventStream> OpenSubscribePayments(const StreamPeer& peer, const Filter& filter, const Token* resume,
                                                   uint32_t batch_events_max);

}  // namespace pipeline
