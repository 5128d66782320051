#include "server/calls/call_limits.h"

namespace pipeline {
namespace {

grpc::Status Exhausted(const std::string& message) { return {grpc::StatusCode::RESOURCE_EXHAUSTED, message}; }

}  // namespace

std::optional<grpc::Status> CheckCallSize(const grpc::CallbackServerContext& context, int64_t request_bytes,
                                          ServerCounters* counters) {
  if (request_bytes > kRequestBytesMax) {
    counters->CallRefused(CallLimit::kRequestBytes);
    return Exhausted("the request has " + std::to_string(request_bytes) + " bytes; allowed: at most " +
                     std::to_string(kRequestBytesMax));
  }
  const auto entries = static_cast<int64_t>(context.client_metadata().size());
  if (entries > kCallMetadataEntriesMax) {
    counters->CallRefused(CallLimit::kMetadataEntries);
    return Exhausted("the call has " + std::to_string(entries) + " metadata entries; allowed: at most " +
                     std::to_string(kCallMetadataEntriesMax));
  }
  return std::nullopt;
}

grpc::Status NotAdmitted(Admission admission, const CallHub& hub, ServerCounters* counters) {
  if (admission == Admission::kFull) {
    counters->CallRefused(CallLimit::kCalls);
    return Exhausted("this server has its " + std::to_string(hub.calls_max()) + " open calls already");
  }
  if (admission == Admission::kPeerFull) {
    counters->CallRefused(CallLimit::kCallsPerPeer);
    return Exhausted("your host has its " + std::to_string(hub.calls_per_peer_max()) +
                     " open calls at this server already");
  }
  return {grpc::StatusCode::UNAVAILABLE, "the server is shutting down"};
}

grpc::Status PaymentsBeyondLimit(const PaymentStore& store, ServerCounters* counters) {
  counters->CallRefused(CallLimit::kPayments);
  return Exhausted("the topic has more " + store.LimitText() + "; it serves resumed streams only");
}

}  // namespace pipeline
