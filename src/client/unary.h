// The two unary calls: one payment, or a page of them. Called by payment-client's `get` and `list`, from one thread;
// each call blocks until it is answered or its deadline has passed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/channel.h"
#include "payment.pb.h"
#include "payment/payment.h"

namespace pipeline {

struct UnaryOptions {
  std::vector<std::string> servers;     // tried in order: the next one when one is unavailable or full
  int64_t timeout_ns = 10'000'000'000;  // of a call, its retries and all servers together
  ChannelOptions channel;
};

// What a call came to. `code` 0: the answer is filled in.
struct UnaryStatus {
  int code = 0;
  std::string message;
};

// Not thread-safe.
class UnaryClient {
 public:
  // Retries while a server says UNAVAILABLE (it is starting, or still loads its backlog): five times within about 3 s.
  explicit UnaryClient(UnaryOptions options);

  UnaryStatus Get(const std::string& id, ::payment::Payment* payment);
  // `limit` 1 to 100; `cursor` of the page before, empty for the first.
  UnaryStatus List(const Filter& filter, int limit, const std::string& cursor, ::payment::PaymentList* page);

 private:
  template <typename Call>
  UnaryStatus OnAnyServer(const Call& call);

  UnaryOptions options_;
  Channels channels_;
};

}  // namespace pipeline
