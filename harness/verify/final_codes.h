// The gRPC codes (grpc/status.h) that trying again does not mend. BACKOFF holds a client to not trying again after one,
// LIVE tells of the one after which a client has ended. Pure.
#pragma once

#include <string_view>

namespace harness {

// The name of such a code, "NOT_FOUND"; empty for any other.
constexpr std::string_view FinalCodeName(int code) {
  switch (code) {
    case 3:
      return "INVALID_ARGUMENT";
    case 5:
      return "NOT_FOUND";
    case 6:
      return "ALREADY_EXISTS";
    case 7:
      return "PERMISSION_DENIED";
    case 15:
      return "DATA_LOSS";
    case 16:
      return "UNAUTHENTICATED";
    default:
      return {};
  }
}

}  // namespace harness
