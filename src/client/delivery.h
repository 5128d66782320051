// What a subscription received, on its way to whoever asked for it: into the event log first, then to the observer,
// each record once. Holds the token from which the next stream goes on. Owned by a Subscription, used on its thread.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "client/event_log_file.h"
#include "client/event_stream.h"
#include "client/held_token.h"
#include "client/subscription.h"
#include "client/token.h"
#include "payment.pb.h"
#include "payment/payment.h"

namespace pipeline {

// The event log can't be written any more.
class EventLogFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Delivery {
 public:
  // Opens the event log when `event_log_path` is not empty, and goes on from its token. Throws std::system_error or
  // std::runtime_error (damaged; another filter). The others throw EventLogFailure.
  Delivery(const Filter& filter, const std::string& event_log_path, SubscriptionObserver* observer);

  const HeldToken& held_token() const { return held_token_; }
  void SetToken(const Token& token) { held_token_.Set(token); }
  void SetEarliest(int32_t partition, int64_t earliest) { held_token_.SetEarliest(partition, earliest); }
  void ForgetToken() { held_token_.Reset(); }

  // No stream has started yet.
  void BeginAttempt();
  // A stream has. `start`: what its server said first, null when it says nothing; `sent`: the request's token or null.
  void Started(const std::string& server, const ParsedStart* start, const Token* sent);
  bool started() const { return started_; }
  int64_t started_ns() const { return started_ns_; }  // monotonic

  // Keeps a message's events and bookmarks for HandOn(), and empties `batch`. What can't be believed, if anything: the
  // rest of the message, from there on, is not kept.
  [[nodiscard]] std::optional<std::string> Take(::payment::PaymentBatch* batch);
  bool is_full() const;
  // All of it is in the event log before any of it is shown. True: some of it, event or bookmark, was new. `server`: of
  // a stream that has not started, because its server says nothing first.
  bool HandOn(const std::string& server);

  // `sent`: the request's token or null.
  void Ended(const StreamStatus& status, const Token* sent);

 private:
  // An event, or a bookmark, that was read and not yet handed on.
  struct Arrival {
    ReceivedEvent event;
    bool has_payment = true;
    bool covered = false;  // handed on before
    ReceivedBookmark bookmark;
    bool is_bookmark = false;
  };

  // False: it has a position that is none.
  bool TakeEvent(const ::payment::PaymentEvent& message, int64_t now_ns);
  void TakeBookmarks(const ::payment::PaymentBatch& batch, int64_t now_ns);
  void LogArrival(const Arrival& arrival);
  void Show(const Arrival& arrival);
  bool Covered(const ReceivedEvent& event);
  // Leaves what is news.
  void Advance(ReceivedBookmark* bookmark);
  void WriteLog();

  const Filter filter_;
  SubscriptionObserver* const observer_;
  EventLogFile log_;
  HeldToken held_token_;
  uint32_t connection_ = 0;  // of the last stream that started
  bool started_ = false;     // the present stream has
  int64_t started_ns_ = 0;   // ... at this time
  bool has_start_ = false;   // ... with a StreamStart
  std::vector<Arrival> arrivals_;
  size_t arrived_bytes_ = 0;
  std::string scratch_;
};

}  // namespace pipeline
