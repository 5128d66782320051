#include "server/payment_service.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "server/calls/call_limits.h"
#include "server/calls/request_check.h"
#include "stream/batch_encoder.h"
#include "stream/list_cursor.h"

namespace pipeline {
namespace {

// Of serialised payments in one page: with what surrounds them still far below the 4 MiB that clients receive.
constexpr int64_t kPageBytesMax = 1024LL * 1024;

grpc::Status Invalid(const std::string& message) { return {grpc::StatusCode::INVALID_ARGUMENT, message}; }

grpc::ByteBuffer MessageOf(std::string_view bytes) {
  const grpc::Slice slice(bytes.data(), bytes.size());
  return {&slice, 1};
}

// `list`, serialised, with these payments in it. What begins an event is what a payment in a list begins with.
static_assert(+::payment::PaymentEvent::kPaymentFieldNumber == +::payment::PaymentList::kPaymentsFieldNumber);
std::string WithPayments(const ::payment::PaymentList& list, const std::vector<EventFrame>& frames) {
  size_t size_bytes = list.ByteSizeLong();
  for (const EventFrame& frame : frames) size_bytes += frame.head().size();
  std::string bytes;
  bytes.reserve(size_bytes);
  for (const EventFrame& frame : frames) bytes += frame.head();
  list.AppendToString(&bytes);
  return bytes;
}

// False: the bytes are none.
template <typename Request>
bool ParseRequest(grpc::ByteBuffer bytes, Request* request) {
  return grpc::SerializationTraits<Request>::Deserialize(&bytes, request).ok();
}

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  if (!buffer.DumpToSingleSlice(&slice).ok()) return "";
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

// The status that refuses a call, if what came is too much, or no request.
template <typename Request>
std::optional<grpc::Status> ReadRequest(const grpc::CallbackServerContext& context, const grpc::ByteBuffer& bytes,
                                        ServerCounters* counters, Request* request) {
  auto refusal = CheckCallSize(context, static_cast<int64_t>(bytes.Length()), counters);
  if (refusal) return refusal;
  if (!ParseRequest(bytes, request)) return Invalid(WhyNotParsed(*Request::descriptor(), BytesOf(bytes)));
  return std::nullopt;
}

// What both streams' requests have in common. The status that refuses it, if it can't be served.
template <typename Request>
std::optional<grpc::Status> ReadStreamRequest(const grpc::CallbackServerContext& context, const grpc::ByteBuffer& bytes,
                                              ServerCounters* counters, Request* request, StreamRequest* asked) {
  auto refusal = ReadRequest(context, bytes, counters, request);
  if (refusal) return refusal;
  const auto filter = CheckFilter(request->provider(), request->status());
  if (const auto* wrong = std::get_if<std::string>(&filter)) return Invalid(*wrong);
  asked->filter = std::get<Filter>(filter);
  if (request->has_resume()) asked->token = std::move(*request->mutable_resume());
  return std::nullopt;
}

}  // namespace

grpc::Status PaymentService::NotLoaded() const {
  return {grpc::StatusCode::UNAVAILABLE, unaries_.status->WhyNotLoaded()};
}

grpc::Status PaymentService::BeyondLimit(const ReplicaState& state) const {
  return PaymentsBeyondLimit(state.store(), unaries_.counters);
}

grpc::ServerUnaryReactor* PaymentService::GetPayment(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  constexpr auto kMethod = CallMethod::kGetPayment;
  unaries_.counters->CallStarted(kMethod);
  ::payment::GetPaymentRequest asked;
  if (const auto refusal = ReadRequest(*context, *request, unaries_.counters, &asked)) {
    return UnaryCall::Refuse(unaries_, kMethod, *refusal);
  }
  if (asked.payment_id().empty()) return UnaryCall::Refuse(unaries_, kMethod, Invalid("payment_id is empty"));
  const auto answer = [this, id = asked.payment_id(), response](const ReplicaState& state) -> UnaryCall::Answer {
    const StoredPayment* stored = state.store().Find(id);
    // Before the backlog is applied an absent payment may still come, and one that is there may be of yesterday.
    if (!state.loaded() && (stored == nullptr || !answer_early_)) return {NotLoaded(), nullptr};
    if (stored == nullptr && !state.store().complete()) return {BeyondLimit(state), nullptr};
    if (stored == nullptr) return {{grpc::StatusCode::NOT_FOUND, "no payment " + Shortened(id)}, nullptr};
    return {grpc::Status::OK, [frame = stored->record.frame, response] { *response = MessageOf(frame.payment()); }};
  };
  return UnaryCall::Start(unaries_, kMethod, context, asked.min_position(), answer);
}

grpc::ServerUnaryReactor* PaymentService::ListPayments(grpc::CallbackServerContext* context,
                                                       const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  constexpr auto kMethod = CallMethod::kListPayments;
  unaries_.counters->CallStarted(kMethod);
  ::payment::ListPaymentsRequest asked;
  if (const auto refusal = ReadRequest(*context, *request, unaries_.counters, &asked)) {
    return UnaryCall::Refuse(unaries_, kMethod, *refusal);
  }
  const auto filter = CheckFilter(asked.provider(), asked.status());
  if (const auto* wrong = std::get_if<std::string>(&filter)) {
    return UnaryCall::Refuse(unaries_, kMethod, Invalid(*wrong));
  }
  const auto limit = CheckLimit(asked.limit());
  if (const auto* wrong = std::get_if<std::string>(&limit)) {
    return UnaryCall::Refuse(unaries_, kMethod, Invalid(*wrong));
  }
  const auto answer = [this, filter = std::get<Filter>(filter), limit = std::get<int32_t>(limit),
                       cursor = asked.cursor(), response](const ReplicaState& state) -> UnaryCall::Answer {
    if (!state.loaded() && !answer_early_) return {NotLoaded(), nullptr};
    if (!state.store().complete()) return {BeyondLimit(state), nullptr};
    std::optional<ListPlace> after;
    if (!cursor.empty()) {
      after = DecodeListCursor(cursor, filter, state.log_id());
      if (!after) return {Invalid("cursor: not one that this log gave for this provider and status"), nullptr};
    }
    const ListPage page = state.store().List(filter, after, limit, kPageBytesMax);
    ::payment::PaymentList list;
    list.set_total_count(
        static_cast<int32_t>(std::min<int64_t>(page.total_count, std::numeric_limits<int32_t>::max())));
    if (page.next) list.set_next_cursor(EncodeListCursor(*page.next, filter, state.log_id()));
    std::vector<EventFrame> frames;
    frames.reserve(page.payments.size());
    for (const StoredPayment* payment : page.payments) frames.push_back(payment->record.frame);
    return {grpc::Status::OK, [frames = std::move(frames), list = std::move(list), response] {
              *response = MessageOf(WithPayments(list, frames));
            }};
  };
  return UnaryCall::Start(unaries_, kMethod, context, asked.min_position(), answer);
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* PaymentService::StreamPayments(grpc::CallbackServerContext* context,
                                                                           const grpc::ByteBuffer* request) {
  constexpr auto kMethod = CallMethod::kStreamPayments;
  streams_.counters->CallStarted(kMethod);
  ::payment::ListPaymentsRequest parsed;
  StreamRequest asked;
  if (const auto refusal = ReadStreamRequest(*context, *request, streams_.counters, &parsed, &asked)) {
    return StreamCall::Refuse(streams_.counters, kMethod, *refusal);
  }
  return StreamCall::Start(streams_, context, std::move(asked));
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* PaymentService::SubscribePayments(grpc::CallbackServerContext* context,
                                                                              const grpc::ByteBuffer* request) {
  constexpr auto kMethod = CallMethod::kSubscribePayments;
  streams_.counters->CallStarted(kMethod);
  ::payment::SubscribeRequest parsed;
  StreamRequest asked;
  if (const auto refusal = ReadStreamRequest(*context, *request, streams_.counters, &parsed, &asked)) {
    return StreamCall::Refuse(streams_.counters, kMethod, *refusal);
  }
  asked.live_only = parsed.live_only();
  asked.batch_events_max = BatchEventsMax(parsed.max_batch_events());
  return StreamCall::Start(streams_, context, std::move(asked));
}

}  // namespace pipeline
