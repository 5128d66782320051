// The names of gRPC's status codes, for those who write or count them (the client's event log, the server's metrics).
// Pure.
#pragma once

#include <array>
#include <string_view>

namespace pipeline {

// By number (grpc.io, "Status codes and their use in gRPC").
inline constexpr std::array<std::string_view, 17> kStatusCodeNames = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

}  // namespace pipeline
