// One GetPayment or ListPayments call. Answered at once, or, with min_position, when the replica has applied it: until
// then it waits as streams do. Reactions come from gRPC's threads, wakes and ticks from the hub's.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "common/mutex.h"
#include "payment.pb.h"
#include "server/calls/call_hub.h"
#include "server/ops/server_counters.h"
#include "server/ops/server_status.h"
#include "server/replica.h"

namespace pipeline {

struct UnaryServices {
  Replica* replica = nullptr;
  CallHub* hub = nullptr;
  const ServerStatus* status = nullptr;
  ServerCounters* counters = nullptr;
  int64_t stuck_ns = 5'000'000'000;  // an answer that is not read for so long is given up
};

class UnaryCall : public grpc::ServerUnaryReactor, public OpenCall, public std::enable_shared_from_this<UnaryCall> {
 public:
  using MinPosition = google::protobuf::RepeatedPtrField<::payment::Position>;
  // Found with the state held still; `fill` is called afterwards, with nothing held (parsing). May be empty.
  struct Answer {
    grpc::Status status;
    std::function<void()> fill;
  };
  using Answerer = std::function<Answer(const ReplicaState&)>;

  // Starts a call; gRPC owns it until OnDone. The caller has counted that it started.
  static grpc::ServerUnaryReactor* Start(const UnaryServices& services, CallMethod method,
                                         grpc::CallbackServerContext* context, const MinPosition& min_position,
                                         Answerer answerer);
  // A call that only ends. The caller has counted that it started; its end is counted here.
  static grpc::ServerUnaryReactor* Refuse(const UnaryServices& services, CallMethod method, const grpc::Status& status);

  UnaryCall(const UnaryServices& services, CallMethod method, grpc::CallbackServerContext* context,
            std::vector<Position> min_position, Answerer answerer);

  void OnCancel() override;
  void OnDone() override;
  void Wake() override { Try(); }
  void Tick(int64_t now_ns) override;
  void EndForShutdown(int64_t cancel_at_ns) override;
  CallProgress progress() const override { return {}; }

 private:
  void Try();
  void End(const grpc::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const UnaryServices& services_;
  const CallMethod method_;
  grpc::CallbackServerContext* const context_;
  const std::vector<Position> min_position_;  // checked
  const Answerer answerer_;
  Mutex mutex_;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t cancel_at_ns_ ABSL_GUARDED_BY(mutex_) = 0;  // monotonic; 0: not
};

}  // namespace pipeline
