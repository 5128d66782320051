// Any bytes as a request for a stream: no crash, and whatever token is honoured, the stream sends only records that the
// token does not cover, in order.
#include <cstdint>
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

void Decide(const pipeline::Filter& filter, const payment::ResumeToken& token) {
  using Action = pipeline::ResumeDecision::Action;
  const std::vector<pipeline::Watermarks> fresh(kFuzzPartitions, {7, 16});
  for (const std::vector<pipeline::Watermarks>* marks :
       {static_cast<const std::vector<pipeline::Watermarks>*>(nullptr), &fresh}) {
    const pipeline::ResumeDecision decision = pipeline::DecideResume(token, pipeline::FuzzState(), marks);
    if (decision.action == Action::kRefuse) {
      Require(!decision.refusal.message.empty());
      continue;
    }
    if (decision.action == Action::kVerify) {  // also for a partition that another replica may have seen added
      Require(marks == nullptr);
      continue;
    }
    Require(decision.starts.size() == kFuzzPartitions);
    if (decision.unread.empty()) pipeline::ServeOwed(filter, decision.starts);
  }
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
