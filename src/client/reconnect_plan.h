// Which server a client tries next, when, and when it gives up: the count of failures, the servers that asked for time,
// and those that refused for good. Pure: time and randomness come in as numbers. Called by the Subscription, on its
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "client/reconnect_policy.h"

namespace pipeline {

// A server that asks for more time is not waited for longer than this.
inline constexpr int64_t kRetryAfterMaxNs = 300'000'000'000;

// What one attempt came to.
struct AttemptEnd {
  bool accepted = false;      // the server sent a StreamStart or a message
  bool brought_news = false;  // an event, or a bookmark beyond what was known
  int64_t lasted_ns = 0;      // since it was accepted; if it was not, since its request was on its way; 0: it never was
  bool pinged_less = false;   // the server ended it for its pings, and the next connection pings less often
  bool never_here = false;    // the server will not serve this client, however often it asks
  std::optional<int64_t> retry_after_ns = {};  // how long the server asks to be left alone
};

// True: the attempt is no failure, and the count begins anew. It brought news, or it lasted longer than any wait before
// an attempt, so that a server which takes each stream and ends it at once still runs into the count. A server that
// sends nothing first (as the tutorial's on a quiet topic) may be a proxy that waits for its backend, so it has to last
// longer.
bool IsSuccess(const ReconnectOptions& options, const AttemptEnd& end);

struct NextAttempt {
  size_t server = 0;    // index
  int attempt = 0;      // how many failures there were in a row; 0: none
  int64_t wait_ns = 0;  // before it
};

class ReconnectPlan {
 public:
  // `servers` at least 1.
  ReconnectPlan(const ReconnectOptions& options, size_t servers);

  size_t server() const { return server_; }
  int failures() const { return failures_; }
  // nullopt: no server is left (`all_refuse()`), or the last try failed. `random` in [0, 1).
  std::optional<NextAttempt> After(const AttemptEnd& end, int64_t now_ns, double random);
  bool all_refuse() const;

 private:
  struct Server {
    bool refuses = false;
    int64_t not_before_ns = 0;
  };
  // The next one after the present that may be asked at `at_ns`, or else the one that may be asked soonest.
  size_t Choose(int64_t at_ns) const;

  const ReconnectOptions options_;
  std::vector<Server> servers_;
  size_t server_ = 0;
  int failures_ = 0;
};

}  // namespace pipeline
