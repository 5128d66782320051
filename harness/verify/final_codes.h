// The gRPC codes that trying again does not mend. BACKOFF holds a client to not trying again after one, LIVE tells of
// the one after which a client has ended. Pure.
#pragma once

#include <string_view>

#include "payment/status_codes.h"

namespace harness {

// The name of such a code, "NOT_FOUND"; empty for any other.
constexpr std::string_view FinalCodeName(int code) {
  namespace status_code = pipeline::status_code;
  switch (code) {
    case status_code::kInvalidArgument:
    case status_code::kNotFound:
    case status_code::kAlreadyExists:
    case status_code::kPermissionDenied:
    case status_code::kDataLoss:
    case status_code::kUnauthenticated:
      return pipeline::kStatusCodeNames[static_cast<size_t>(code)];
    default:
      return {};
  }
}

}  // namespace harness
