// What the streams put on the wire: messages that share the window's bytes, and the gaps in their metadata.
// Called by StreamCall, with its mutex held. Thread-safe.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <string>
#include <vector>

#include "stream/resume_decision.h"
#include "stream/stream_cursor.h"

namespace pipeline {

// A payment.PaymentEvent, without a copy of its payment.
grpc::ByteBuffer EventMessage(StreamEvent event);
// A payment.PaymentBatch that is serialised already.
grpc::ByteBuffer BatchMessage(std::string bytes);

grpc::StatusCode StatusCodeOf(RefusalCode code);
// Tells a refusal's gaps in trailing metadata, as many as fit there; the status' message says how many there are.
void AddGaps(const std::vector<PartitionGap>& gaps, grpc::CallbackServerContext* context);

}  // namespace pipeline
