// Any bytes as a request for batches: no crash, and what is sent is what the request asked for, in batches as large as
// it may say, which protobuf reads back whole.
#include <cstdint>
#include <variant>
#include <vector>

#include "payment.pb.h"
#include "server/calls/request_check.h"
#include "stream/batch_encoder.h"
#include "stream/resume_decision.h"
#include "tests/fuzz/fuzz_replica.h"

namespace {

using pipeline::Require;

void SendBatches(const std::vector<pipeline::StreamEvent>& events, int32_t events_max) {
  pipeline::BatchEncoder encoder(events_max, 200);
  size_t read = 0;
  for (size_t i = 0; i < events.size();) {
    for (; i < events.size() && encoder.Fits(events[i]); ++i) encoder.Add(events[i]);
    payment::PaymentBatch batch;
    Require(batch.ParseFromString(encoder.Take()));
    Require(batch.events_size() >= 1 && batch.events_size() <= events_max);
    for (const payment::PaymentEvent& event : batch.events()) {
      const pipeline::StreamEvent& sent = events[read++];
      Require(event.partition() == sent.partition && event.offset() == sent.offset);
      Require(event.event_type() == (sent.existing ? "existing" : "new"));
    }
  }
  Require(read == events.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  payment::SubscribeRequest request;
  if (!request.ParseFromArray(data, static_cast<int>(size))) return 0;
  const int32_t events_max = pipeline::BatchEventsMax(request.max_batch_events());
  Require(events_max >= 1 && events_max <= pipeline::kBatchEventsMax);
  const auto checked = pipeline::CheckFilter(request.provider(), request.status());
  const auto* filter = std::get_if<pipeline::Filter>(&checked);
  if (filter == nullptr) return 0;
  std::vector<pipeline::PartitionStart> starts = pipeline::StreamCursor::SnapshotStarts(pipeline::FuzzState());
  if (request.has_resume()) {
    request.mutable_resume()->set_log_id(pipeline::kFuzzLogId);
    const pipeline::ResumeDecision decision = pipeline::DecideResume(request.resume(), pipeline::FuzzState(), nullptr);
    if (decision.action != pipeline::ResumeDecision::Action::kServe) return 0;
    starts = decision.starts;
  } else if (request.live_only()) {
    starts = pipeline::StreamCursor::LiveStarts(pipeline::FuzzState());
  }
  SendBatches(pipeline::ServeOwed(*filter, starts), events_max);
  return 0;
}
