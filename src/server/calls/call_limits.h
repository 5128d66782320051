// What one call may bring along, and what a call beyond a limit is told (docs/limits.md). The details of its status say
// whether to come again: there is a google.rpc.RetryInfo where the shortage passes, and none where this server will
// never take it. Called from gRPC's threads. Thread-safe.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <optional>
#include <string>

#include "server/calls/call_hub.h"
#include "server/ops/server_counters.h"
#include "stream/payment_store.h"

namespace pipeline {

// Of a serialised request. A token of 200 partitions, the most there are, takes about a tenth of it.
inline constexpr int64_t kRequestBytesMax = 64LL * 1024;
// gRPC itself refuses what is larger than this without handing it over: nothing larger is ever held.
inline constexpr int kReceiveBytesMax = 4 * static_cast<int>(kRequestBytesMax);
// Calls of one connection beyond those that a host may have open: they are refused, and a client that does not even
// take the refusals gets no more of them.
inline constexpr int64_t kRefusalsPerConnectionMax = 1000;
// Of a call's metadata: ours needs none, proxies and tracers add some. gRPC itself refuses more bytes than these.
inline constexpr int64_t kCallMetadataEntriesMax = 64;
inline constexpr int kCallMetadataBytesMax = 8 * 1024;

// The status for a call whose request or metadata are too large; nullopt: they are not. Counts.
std::optional<grpc::Status> CheckCallSize(const grpc::CallbackServerContext& context, int64_t request_bytes,
                                          ServerCounters* counters);

// The status for a call that the hub did not admit. Counts those that are beyond a limit.
grpc::Status NotAdmitted(Admission admission, const CallHub& hub, ServerCounters* counters);

// The status for a call that needs all payments while the store does not hold them. Counts.
grpc::Status PaymentsBeyondLimit(const PaymentStore& store, ServerCounters* counters);

}  // namespace pipeline
