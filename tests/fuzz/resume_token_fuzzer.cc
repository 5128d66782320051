// Any bytes as a request for a stream: no crash, and whatever token is honoured, the stream sends only records that the
// token does not cover, in order.
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "payment.pb.h"
#include "server/calls/request_check.h"
#include "stream/resume_decision.h"
#include "tests/fuzz/fuzz_replica.h"

namespace {

using pipeline::kFuzzLogId;
using pipeline::kFuzzPartitions;
using pipeline::Require;

// What Kafka says of a position: there is a record with this checksum at each fourth offset.
std::optional<uint32_t> ChecksumIn(const pipeline::Position& position) {
  if (position.offset % 4 != 0) return std::nullopt;
  return static_cast<uint32_t>(position.offset);
}

void Decide(const pipeline::Filter& filter, const payment::ResumeToken& token) {
  using Action = pipeline::ResumeDecision::Action;
  pipeline::ResumeDecision decision = pipeline::DecideResume(token, pipeline::FuzzState(), nullptr);
  if (decision.action == Action::kAskKafka) {
    pipeline::KafkaEvidence evidence = {
        pipeline::FuzzState().generation(), std::vector<pipeline::Watermarks>(kFuzzPartitions, {7, 16}), {}};
    for (const pipeline::Position& position : decision.asked) {
      Require(position.partition >= 0 && position.partition < kFuzzPartitions && position.offset >= 0);
      evidence.records.push_back({position, ChecksumIn(position)});
    }
    decision = pipeline::DecideResume(token, pipeline::FuzzState(), &evidence);
  }
  Require(decision.action != Action::kAskKafka);
  if (decision.action == Action::kRefuse) {
    Require(!decision.refusal.message.empty());
    return;
  }
  Require(decision.starts.size() == kFuzzPartitions);
  pipeline::ServeOwed(filter, decision.starts);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  payment::ListPaymentsRequest request;
  if (!request.ParseFromArray(data, static_cast<int>(size))) return 0;
  const auto limit = pipeline::CheckLimit(request.limit());
  if (const auto* allowed = std::get_if<int32_t>(&limit)) Require(*allowed >= 1 && *allowed <= 100);
  const auto checked = pipeline::CheckFilter(request.provider(), request.status());
  const auto* filter = std::get_if<pipeline::Filter>(&checked);
  if (filter == nullptr) return 0;
  Decide(*filter, request.resume());
  request.mutable_resume()->set_log_id(kFuzzLogId);
  Decide(*filter, request.resume());
  return 0;
}
