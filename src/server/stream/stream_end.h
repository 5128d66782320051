// How a stream ends: what its client is told, in its status and in trailing metadata. Made by the StreamFlow, the
// StreamCall and its catch-up; told by the StreamCall. Thread-safe.
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>
#include <vector>

#include "server/stream/stream_services.h"
#include "stream/resume_decision.h"

namespace pipeline {

struct StreamEnd {
  grpc::Status status;
  const char* reason = "";         // of payment-end-reason (docs/formats.md); "client": the client ended it
  std::vector<PartitionGap> gaps;  // with OUT_OF_RANGE
};

StreamEnd RefusedEnd(Refusal refusal);
// The log was replaced.
StreamEnd ReplacedEnd();
// The store does not hold every payment; counts.
StreamEnd IncompleteEnd(const StreamServices& services);
// It has left the log window, and the server catches nobody up.
StreamEnd FellOffEnd();
// Kafka can't be read for it: it may resume.
StreamEnd KafkaFailedEnd(const std::string& reason);

// Adds reason and gaps to the trailing metadata; of the gaps as many as fit there: the status' message says how many
// there are.
void TellEnd(const StreamEnd& end, grpc::CallbackServerContext* context);

}  // namespace pipeline
