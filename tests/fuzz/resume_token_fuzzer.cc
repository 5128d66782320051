// Any bytes as a request for a stream: no crash, and whatever token is honoured, the stream sends only records that the
// token does not cover, in order.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <variant>
#include <vector>

#include "payment.pb.h"
#include "server/request_check.h"
#include "stream/resume_decision.h"
#include "stream/stream_cursor.h"

namespace {

constexpr char kLogId[] = "log";
constexpr int32_t kPartitions = 3;

void Require(bool condition) {
  if (!condition) std::abort();
}

// Three partitions of ten records each from offset 5 on; the window holds the last few.
const pipeline::ReplicaState& State() {
  static const pipeline::ReplicaState& state = *[] {
    auto* made = new pipeline::ReplicaState(1000);
    made->Start(kLogId, std::vector<pipeline::Watermarks>(kPartitions, {5, 15}));
    for (int64_t offset = 5; offset < 15; ++offset) {
      for (int32_t partition = 0; partition < kPartitions; ++partition) {
        pipeline::LogRecord record;
        record.partition = partition;
        record.offset = offset;
        record.record_crc32c = static_cast<uint32_t>(offset);
        record.provider = static_cast<pipeline::Provider>(offset % 4);
        record.status = static_cast<pipeline::PaymentStatus>(offset % 5);
        record.id = "pay_" + std::to_string(offset % 4);
        record.frame = pipeline::MakeEventFrame(record.id, partition, offset, record.record_crc32c);
        made->Apply(std::move(record));
      }
    }
    return made;
  }();
  return state;
}

void Serve(const pipeline::Filter& filter, const std::vector<pipeline::PartitionStart>& starts) {
  pipeline::StreamCursor cursor(filter, starts, State());
  std::vector<pipeline::StreamEvent> events;
  pipeline::StreamCursor::Outcome outcome = pipeline::StreamCursor::Outcome::kMore;
  const pipeline::PullLimits limits = {2, 50, 3};
  for (int pulls = 0; pulls < 1000; ++pulls) {
    outcome = cursor.Pull(State(), limits, &events);
    if (outcome != pipeline::StreamCursor::Outcome::kEvents && outcome != pipeline::StreamCursor::Outcome::kMore) break;
  }
  Require(outcome == pipeline::StreamCursor::Outcome::kIdle || outcome == pipeline::StreamCursor::Outcome::kCatchUp);
  std::vector<int64_t> last;
  last.reserve(starts.size());
  for (const pipeline::PartitionStart& start : starts) last.push_back(start.after);
  for (const pipeline::StreamEvent& event : events) {
    Require(event.offset > last[event.partition]);
    last[event.partition] = event.offset;
  }
}

void Decide(const pipeline::Filter& filter, const payment::ResumeToken& token) {
  using Action = pipeline::ResumeDecision::Action;
  const std::vector<pipeline::Watermarks> fresh(kPartitions, {7, 16});
  for (const std::vector<pipeline::Watermarks>* marks :
       {static_cast<const std::vector<pipeline::Watermarks>*>(nullptr), &fresh}) {
    const pipeline::ResumeDecision decision = pipeline::DecideResume(token, State(), marks);
    if (decision.action == Action::kRefuse) {
      Require(!decision.refusal.message.empty());
      continue;
    }
    Require(decision.starts.size() == kPartitions);
    Require(marks == nullptr || decision.action == Action::kServe);
    if (decision.action == Action::kServe && decision.unread.empty()) Serve(filter, decision.starts);
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
  request.mutable_resume()->set_log_id(kLogId);
  Decide(*filter, request.resume());
  return 0;
}
