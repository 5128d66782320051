// When and where a client tries again, and which statuses it does not retry (design: the table of stream ends). Pure:
// randomness comes in as a number. Called by the Subscription.
#pragma once

#include <cstdint>
#include <string_view>

namespace pipeline {

struct ReconnectOptions {
  int attempts_max = 10;  // failures in a row (reconnect_plan.h); 0: no limit
  int64_t delay_min_ns = 3'000'000'000;
  int64_t delay_max_ns = 3'000'000'000;  // above delay_min_ns: exponential with jitter
  bool exponential() const { return delay_max_ns > delay_min_ns; }
};

// What to do when a stream that the client did not end itself ended with a gRPC status code.
enum class AfterEnd : uint8_t { kReconnect, kGap, kFatal };
AfterEnd ActionAfter(int code);

// The wait before attempt `attempt` (1, 2, ...). `random` in [0, 1). Exponential: uniform between delay_min_ns and
// min(delay_max_ns, delay_min_ns * 2^attempt).
int64_t ReconnectDelayNs(const ReconnectOptions& options, int attempt, double random);

}  // namespace pipeline
