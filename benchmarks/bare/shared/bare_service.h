// The contract's two streams with nothing behind them: whoever calls is handed to a maker of reactors. Called by the
// bare relay and the bare fan-out server; reactions come from gRPC's threads.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>

#include "payment.grpc.pb.h"

namespace bench {

class BareService final
    : public ::payment::PaymentService::WithRawCallbackMethod_StreamPayments<
          ::payment::PaymentService::WithRawCallbackMethod_SubscribePayments<::payment::PaymentService::Service>> {
 public:
  using Reactor = grpc::ServerWriteReactor<grpc::ByteBuffer>;
  explicit BareService(std::function<Reactor*()> start) : start_(std::move(start)) {}

  Reactor* StreamPayments(grpc::CallbackServerContext* /*context*/, const grpc::ByteBuffer* /*request*/) override {
    return start_();
  }
  Reactor* SubscribePayments(grpc::CallbackServerContext* /*context*/, const grpc::ByteBuffer* /*request*/) override {
    return start_();
  }

 private:
  const std::function<Reactor*()> start_;
};

// Listens on a free port of 127.0.0.1 with the server's channel settings, and says {"port": N}.
std::unique_ptr<grpc::Server> Serve(BareService* service);

}  // namespace bench
