// The gRPC service: parses and checks requests, and starts their calls. All methods are raw: the bytes that the store
// and subscribers share are sent as they are, and a request that can't be parsed is told why. Called from gRPC's
// threads.
#pragma once

#include <grpcpp/grpcpp.h>

#include "payment.grpc.pb.h"
#include "server/stream/stream_call.h"
#include "server/unary/unary_call.h"

namespace pipeline {

using PaymentServiceBase = ::payment::PaymentService::WithRawCallbackMethod_GetPayment<
    ::payment::PaymentService::WithRawCallbackMethod_ListPayments<
        ::payment::PaymentService::WithRawCallbackMethod_StreamPayments<
            ::payment::PaymentService::WithRawCallbackMethod_SubscribePayments<::payment::PaymentService::Service>>>>;

class PaymentService final : public PaymentServiceBase {
 public:
  // `answer_early`: what is in the store is served also before the backlog is applied (demo data without Kafka).
  PaymentService(const StreamServices& streams, const UnaryServices& unaries, bool answer_early)
      : streams_(streams), unaries_(unaries), answer_early_(answer_early) {}

  grpc::ServerUnaryReactor* GetPayment(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListPayments(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* StreamPayments(grpc::CallbackServerContext* context,
                                                             const grpc::ByteBuffer* request) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* SubscribePayments(grpc::CallbackServerContext* context,
                                                                const grpc::ByteBuffer* request) override;

 private:
  grpc::Status NotLoaded() const;
  grpc::Status BeyondLimit(const ReplicaState& state) const;

  const StreamServices& streams_;
  const UnaryServices& unaries_;
  const bool answer_early_;
};

}  // namespace pipeline
