#include "client/reconnect_policy.h"

#include <algorithm>

#include "payment/status_codes.h"

namespace pipeline {
AfterEnd ActionAfter(int code) {
  switch (code) {
    case status_code::kOk:
    case status_code::kCancelled:
    case status_code::kUnknown:
    case status_code::kDeadlineExceeded:
    case status_code::kResourceExhausted:
    case status_code::kAborted:
    case status_code::kInternal:
    case status_code::kUnavailable:
      return AfterEnd::kReconnect;
    case status_code::kFailedPrecondition:
    case status_code::kOutOfRange:
      return AfterEnd::kGap;
    default:
      return AfterEnd::kFatal;
  }
}

int64_t ReconnectDelayNs(const ReconnectOptions& options, int attempt, double random) {
  if (!options.exponential()) return options.delay_min_ns;
  // The ceiling doubles with each attempt; the delay is uniform between the minimum and the ceiling, so that clients
  // that lost one server together do not come back together.
  int64_t ceiling_ns = std::max<int64_t>(options.delay_min_ns, 1);
  for (int i = 0; i < attempt && ceiling_ns < options.delay_max_ns; ++i) {
    ceiling_ns = ceiling_ns > options.delay_max_ns / 2 ? options.delay_max_ns : ceiling_ns * 2;
  }
  const auto span_ns = static_cast<double>(ceiling_ns - options.delay_min_ns);
  return options.delay_min_ns + static_cast<int64_t>(span_ns * std::clamp(random, 0.0, 1.0));
}

}  // namespace pipeline
