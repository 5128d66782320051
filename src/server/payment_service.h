// The gRPC service: checks requests and starts their calls. The streams are raw, so that the bytes that subscribers
// share are sent as they are; the unary methods are typed. Called from gRPC's threads.
#pragma once

#include <grpcpp/grpcpp.h>

#include "payment.grpc.pb.h"
#include "server/stream/stream_call.h"
#include "server/unary/unary_call.h"

namespace pipeline {

using PaymentServiceBase =
    ::payment::PaymentService::WithCallbackMethod_GetPayment<::payment::PaymentService::WithCallbackMethod_ListPayments<
        ::payment::PaymentService::WithRawCallbackMethod_StreamPayments<
            ::payment::PaymentService::WithRawCallbackMethod_SubscribePayments<::payment::PaymentService::Service>>>>;

class PaymentService final : public PaymentServiceBase {
 public:
  // `answer_early`: what is in the store is served also before the backlog is applied (demo data without Kafka).
  PaymentService(const StreamServices& streams, const UnaryServices& unaries, bool answer_early)
      : streams_(streams), unaries_(unaries), answer_early_(answer_early) {}

  grpc::ServerUnaryReactor* GetPayment(grpc::CallbackServerContext* context,
                                       const ::payment::GetPaymentRequest* request,
                                       ::payment::Payment* response) override;
  grpc::ServerUnaryReactor* ListPayments(grpc::CallbackServerContext* context,
                                         const ::payment::ListPaymentsRequest* request,
                                         ::payment::PaymentList* response) override;
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
