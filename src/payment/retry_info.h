// The details of a gRPC status (`grpc-status-details-bin`) in which a server says when to come again: google.rpc.Status
// with a google.rpc.RetryInfo or without one. Encoded by servers, decoded by clients; what a client decodes may be
// anybody's bytes, and is fuzzed. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pipeline {

// For the third argument of grpc::Status. `retry_delay_ns`: come again after it; nullopt: never, this call can't be
// served here. Below 0 it is 0.
std::string EncodeStatusDetails(int code, std::string_view message, std::optional<int64_t> retry_delay_ns);

struct StatusDetails {
  std::optional<int64_t> retry_delay_ns;  // at least 0; nullopt: the server names no time
};

// nullopt: not the details of this status (no google.rpc.Status, another code, a RetryInfo that makes no sense), or
// more than anybody needs. Read them as if there were none.
std::optional<StatusDetails> DecodeStatusDetails(int code, std::string_view bytes);

}  // namespace pipeline
