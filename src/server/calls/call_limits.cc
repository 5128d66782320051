#include "server/calls/call_limits.h"

#include "payment/retry_info.h"

namespace pipeline {
namespace {

// Calls come and go: a client that is refused for their number may come again soon.
constexpr int64_t kRetryDelayNs = 1'000'000'000;

grpc::Status Exhausted(const std::string& message, std::optional<int64_t> retry_delay_ns) {
  constexpr auto kCode = grpc::StatusCode::RESOURCE_EXHAUSTED;
  return {kCode, message, EncodeStatusDetails(kCode, message, retry_delay_ns)};
}

grpc::Status Later(const std::string& message) { return Exhausted(message, kRetryDelayNs); }
grpc::Status NeverHere(const std::string& message) { return Exhausted(message, std::nullopt); }

}  // namespace

std::optional<grpc::Status> CheckCallSize(const grpc::CallbackServerContext& context, int64_t request_bytes,
                                          ServerCounters* counters) {
  if (request_bytes > kRequestBytesMax) {
    counters->CallRefused(CallLimit::kRequestBytes);
    return NeverHere("the request has " + std::to_string(request_bytes) + " bytes; allowed: at most " +
                     std::to_string(kRequestBytesMax));
  }
  const auto entries = static_cast<int64_t>(context.client_metadata().size());
  if (entries > kCallMetadataEntriesMax) {
    counters->CallRefused(CallLimit::kMetadataEntries);
    return NeverHere("the call has " + std::to_string(entries) + " metadata entries; allowed: at most " +
                     std::to_string(kCallMetadataEntriesMax));
  }
  return std::nullopt;
}

grpc::Status NotAdmitted(Admission admission, const CallHub& hub, ServerCounters* counters) {
  if (admission == Admission::kFull) {
    counters->CallRefused(CallLimit::kCalls);
    return Later("this server has its " + std::to_string(hub.calls_max()) + " open calls already");
  }
  if (admission == Admission::kPeerFull) {
    counters->CallRefused(CallLimit::kCallsPerPeer);
    return Later("your host has its " + std::to_string(hub.calls_per_peer_max()) +
                 " open calls at this server already");
  }
  return {grpc::StatusCode::UNAVAILABLE, "the server is shutting down"};
}

grpc::Status PaymentsBeyondLimit(const PaymentStore& store, ServerCounters* counters) {
  counters->CallRefused(CallLimit::kPayments);
  return NeverHere("the topic has more " + store.LimitText() + "; it serves resumed streams only");
}

}  // namespace pipeline
