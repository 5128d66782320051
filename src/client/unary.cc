#include "client/unary.h"

#include <grpcpp/client_context.h>

#include <chrono>
#include <string>
#include <utility>

#include "client/proxy.h"
#include "payment.grpc.pb.h"

namespace pipeline {
namespace {

constexpr char kRetryUnavailable[] = R"({"methodConfig": [{
  "name": [{"service": "payment.PaymentService"}],
  "retryPolicy": {"maxAttempts": 5, "initialBackoff": "0.3s", "maxBackoff": "1s", "backoffMultiplier": 2,
                  "retryableStatusCodes": ["UNAVAILABLE"]}}]})";

ChannelOptions WithRetries(ChannelOptions options) {
  options.service_config_json = kRetryUnavailable;
  return options;
}

}  // namespace

UnaryClient::UnaryClient(UnaryOptions options)
    : options_(std::move(options)), channels_(WithRetries(options_.channel)) {}

template <typename Call>
UnaryStatus UnaryClient::OnAnyServer(const Call& call) {
  const auto deadline = std::chrono::system_clock::now() + std::chrono::nanoseconds(options_.timeout_ns);
  grpc::Status status(grpc::StatusCode::UNAVAILABLE, "no server to connect to");
  std::string through;
  for (const std::string& server : options_.servers) {
    const auto stub = ::payment::PaymentService::NewStub(channels_.To(server));
    grpc::ClientContext context;
    context.set_deadline(deadline);
    status = call(stub.get(), &context);
    through = status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                      status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED
                  ? ThroughProxy(ProxyFor(server))
                  : std::string();
    // What one server has no room for, another may have.
    const bool elsewhere = status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                           status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED;
    if (!elsewhere) break;
  }
  return {status.error_code(), status.error_message() + through};
}

UnaryStatus UnaryClient::Get(const std::string& id, ::payment::Payment* payment) {
  ::payment::GetPaymentRequest request;
  request.set_payment_id(id);
  return OnAnyServer([&](::payment::PaymentService::Stub* stub, grpc::ClientContext* context) {
    return stub->GetPayment(context, request, payment);
  });
}

UnaryStatus UnaryClient::List(const Filter& filter, int limit, const std::string& cursor,
                              ::payment::PaymentList* page) {
  ::payment::ListPaymentsRequest request;
  request.set_provider(static_cast<::payment::Provider>(filter.provider));
  request.set_status(static_cast<::payment::PaymentStatus>(filter.status));
  request.set_limit(limit);
  request.set_cursor(cursor);
  return OnAnyServer([&](::payment::PaymentService::Stub* stub, grpc::ClientContext* context) {
    return stub->ListPayments(context, request, page);
  });
}

}  // namespace pipeline
