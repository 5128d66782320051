#include "client/event_stream.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_stream.h>

#include <atomic>
#include <map>
#include <utility>

#include "client/ping_complaints.h"
#include "client/token.h"
#include "common/clock.h"
#include "payment.grpc.pb.h"
#include "payment/stream_metadata.h"
#include "text/duration.h"

namespace pipeline {
namespace {

// A stream whose reading ended while the server has not ended it (a message that is none of the call's) is given this
// long.
constexpr int64_t kStatusTimeoutNs = 1'000'000'000;

gpr_timespec In(int64_t duration_ns) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(duration_ns, GPR_TIMESPAN));
}

std::optional<std::string> Find(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata, const char* key) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return std::nullopt;
  return std::string(found->second.data(), found->second.size());
}

// What differs between the calls.
struct StreamPaymentsRpc {
  using Request = ::payment::ListPaymentsRequest;
  using Message = ::payment::PaymentEvent;
  static constexpr char kMessageName[] = "PaymentEvent";
  static auto Prepare(::payment::PaymentService::Stub* stub, grpc::ClientContext* context, const Request& request,
                      grpc::CompletionQueue* queue) {
    return stub->PrepareAsyncStreamPayments(context, request, queue);
  }
  static void Move(Message* message, ::payment::PaymentBatch* batch) { batch->add_events()->Swap(message); }
};

struct SubscribePaymentsRpc {
  using Request = ::payment::SubscribeRequest;
  using Message = ::payment::PaymentBatch;
  static constexpr char kMessageName[] = "PaymentBatch";
  static auto Prepare(::payment::PaymentService::Stub* stub, grpc::ClientContext* context, const Request& request,
                      grpc::CompletionQueue* queue) {
    return stub->PrepareAsyncSubscribePayments(context, request, queue);
  }
  static void Move(Message* message, ::payment::PaymentBatch* batch) { batch->Swap(message); }
};

// One operation is under way at a time, on a completion queue that only this thread reads: the asynchronous interface
// used synchronously, because it alone can say "nothing at hand" and can be waited for with a deadline.
template <typename Rpc>
class StreamingCall : public EventStream {
 public:
  StreamingCall(const StreamPeer& peer, const Filter& filter, const Token* resume)
      : server_(peer.server),
        connect_timeout_ns_(peer.connect_timeout_ns),
        stub_(::payment::PaymentService::NewStub(peer.channel)) {
    request_.set_provider(static_cast<::payment::Provider>(filter.provider));
    request_.set_status(static_cast<::payment::PaymentStatus>(filter.status));
    if (resume != nullptr) ToMessage(*resume, request_.mutable_resume());
  }
  typename Rpc::Request* request() { return &request_; }

  ~StreamingCall() override {
    if (reader_ != nullptr && !finished_) Finish();
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  bool Start() override {
    reader_ = Rpc::Prepare(stub_.get(), &context_, request_, &queue_);
    reader_->StartCall(this);
    // Done when the request is on its way, so when there is a connection.
    if (!Done(In(connect_timeout_ns_))) {
      connect_timed_out_ = true;
      context_.TryCancel();
      Done(gpr_inf_future(GPR_CLOCK_MONOTONIC));
    }
    if (!ok_) return false;
    sent_ns_ = MonotonicNs();
    complaints_ = PingComplaints(context_.peer());
    reader_->ReadInitialMetadata(this);
    Done(gpr_inf_future(GPR_CLOCK_MONOTONIC));
    if (!ok_) return false;
    start_bytes_ = Find(context_.GetServerInitialMetadata(), kStartMetadataKey);
    subscription_ = Find(context_.GetServerInitialMetadata(), kSubscriptionMetadataKey).value_or("");
    if (subscription_.size() > kSubscriptionBytesMax) subscription_.clear();
    StartRead();
    return true;
  }

  std::optional<std::string> start_bytes() const override { return start_bytes_; }
  std::string subscription() const override { return subscription_; }

  int64_t sent_ns() const override { return sent_ns_; }

  Next Read(bool wait, ::payment::PaymentBatch* batch) override {
    if (!reading_) return Next::kEnd;
    if (!Done(wait ? gpr_inf_future(GPR_CLOCK_MONOTONIC) : gpr_inf_past(GPR_CLOCK_MONOTONIC))) return Next::kNothing;
    reading_ = false;
    if (!ok_) return Next::kEnd;
    Rpc::Move(&message_, batch);
    StartRead();
    return Next::kData;
  }

  StreamStatus Finish() override {
    if (reading_) {
      context_.TryCancel();
      Done(gpr_inf_future(GPR_CLOCK_MONOTONIC));
      reading_ = false;
    }
    grpc::Status status;
    reader_->Finish(&status, this);
    const bool ended_by_server = Done(In(kStatusTimeoutNs));
    if (!ended_by_server) {
      context_.TryCancel();
      Done(gpr_inf_future(GPR_CLOCK_MONOTONIC));
    }
    finished_ = true;
    if (connect_timed_out_) {
      return {grpc::StatusCode::DEADLINE_EXCEEDED,
              "no connection to " + server_ + " within " + DurationText(connect_timeout_ns_)};
    }
    if (!ended_by_server && !cancelled_) {
      return {grpc::StatusCode::INTERNAL, server_ + " sent a message that is no " + Rpc::kMessageName};
    }
    StreamStatus result{.code = status.error_code(),
                        .message = status.error_message(),
                        .details = DecodeStatusDetails(status.error_code(), status.error_details()),
                        .too_many_pings = EndedByPings(status)};
    const auto& trailers = context_.GetServerTrailingMetadata();
    for (auto [entry, end] = trailers.equal_range(kGapMetadataKey); entry != end; ++entry) {
      if (const auto gap = ParseGap({entry->second.data(), entry->second.size()})) result.gaps.push_back(*gap);
    }
    return result;
  }

  void Cancel() override {
    cancelled_ = true;
    context_.TryCancel();
  }

 private:
  // Servers made with gRPC's core say it in the status, the others only in the GOAWAY before it.
  bool EndedByPings(const grpc::Status& status) const {
    if (status.error_code() != grpc::StatusCode::UNAVAILABLE || sent_ns_ == 0) return false;
    return status.error_message() == "Too many pings" || PingComplaints(context_.peer()) > complaints_;
  }

  // Waits for the operation under way; false: not done at the deadline.
  bool Done(gpr_timespec deadline) {
    void* tag = nullptr;
    return queue_.AsyncNext(&tag, &ok_, deadline) == grpc::CompletionQueue::GOT_EVENT;
  }

  void StartRead() {
    reading_ = true;
    reader_->Read(&message_, this);
  }

  const std::string server_;
  const int64_t connect_timeout_ns_;
  const std::unique_ptr<::payment::PaymentService::Stub> stub_;
  typename Rpc::Request request_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReader<typename Rpc::Message>> reader_;
  typename Rpc::Message message_;
  std::optional<std::string> start_bytes_;
  std::string subscription_;
  int64_t sent_ns_ = 0;
  uint64_t complaints_ = 0;  // of this server, before this call
  std::atomic<bool> cancelled_ = false;
  bool ok_ = false;
  bool reading_ = false;
  bool connect_timed_out_ = false;
  bool finished_ = false;
};

}  // namespace

std::unique_ptr<EventStream> OpenStreamPayments(const StreamPeer& peer, const Filter& filter, const Token* resume) {
  return std::make_unique<StreamingCall<StreamPaymentsRpc>>(peer, filter, resume);
}

std::unique_ptr<EventStream> OpenSubscribePayments(const StreamPeer& peer, const Filter& filter, const Token* resume,
                                                   uint32_t batch_events_max) {
  auto call = std::make_unique<StreamingCall<SubscribePaymentsRpc>>(peer, filter, resume);
  call->request()->set_max_batch_events(batch_events_max);
  return call;
}

}  // namespace pipeline
