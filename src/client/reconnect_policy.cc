#include "client/reconnect_policy.h"

#include <algorithm>

namespace pipeline {
namespace {

// gRPC's numbers (grpc/status.h), repeated so that this file stays free of gRPC.
constexpr int kOk = 0;
constexpr int kCancelled = 1;
constexpr int kUnknown = 2;
constexpr int kDeadlineExceeded = 4;
constexpr int kResourceExhausted = 8;
constexpr int kFailedPrecondition = 9;
constexpr int kAborted = 10;
constexpr int kOutOfRange = 11;
constexpr int kInternal = 13;
constexpr int kUnavailable = 14;

}  // namespace

AfterEnd ActionAfter(int code) {
  switch (code) {
    case kOk:
    case kCancelled:
    case kUnknown:
    case kDeadlineExceeded:
    case kResourceExhausted:
    case kAborted:
    case kInternal:
    case kUnavailable:
      return AfterEnd::kReconnect;
    case kFailedPrecondition:
    case kOutOfRange:
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
