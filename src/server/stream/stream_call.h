// One StreamPayments or SubscribePayments call: how it starts (its token), how it ends, and the rules of gRPC's
// callback API (one write in flight, Finish exactly once, gone only after OnDone). What it sends is its flow's.
// Reactions come from gRPC's threads, wakes and ticks from the hub's, evidence and catch-up from theirs: all of them
// take the call's mutex, and none of them blocks but AwaitRoom().
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/mutex.h"
#include "payment.pb.h"
#include "server/calls/call_hub.h"
#include "server/ops/server_counters.h"
#include "server/stream/stream_end.h"
#include "server/stream/stream_flow.h"
#include "server/stream/stream_services.h"
#include "stream/resume_decision.h"

namespace pipeline {

// What a client asks for.
struct StreamRequest {
  Filter filter;
  std::optional<::payment::ResumeToken> token;
  bool live_only = false;        // without a token: no snapshot, what comes from now on
  int32_t batch_events_max = 0;  // events in a PaymentBatch; 0: StreamPayments, a PaymentEvent a message
};

class StreamCall : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                   public OpenCall,
                   public std::enable_shared_from_this<StreamCall> {
 public:
  // Starts a call; gRPC owns it until OnDone. `context` is the call's.
  static grpc::ServerWriteReactor<grpc::ByteBuffer>* Start(const StreamServices& services,
                                                           grpc::CallbackServerContext* context, StreamRequest request);
  // A call that only ends. The caller has counted that it started; its end is counted here.
  static grpc::ServerWriteReactor<grpc::ByteBuffer>* Refuse(ServerCounters* counters, CallMethod method,
                                                            const grpc::Status& status);

  // `peer`: the host that it comes from.
  StreamCall(const StreamServices& services, grpc::CallbackServerContext* context, StreamRequest request,
             std::string peer);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  void Wake() override { Pump(); }
  void Tick(int64_t now_ns) override;
  void EndForShutdown(int64_t cancel_at_ns) override;
  CallProgress progress() const override;
  const StreamFacts* stream() const override { return &facts_; }

  // For what works for this stream on threads of its own.
  bool ended() const;
  // Runs `act` with the flow held still, then ends the stream as it says, or sends what there is. False: it has ended.
  using Act = std::function<std::optional<StreamEnd>(StreamFlow*)>;
  bool WithFlow(const Act& act);
  enum class Room : uint8_t {
    kRoom,
    kStuck,  // the client has taken nothing for stuck_ns
    kEnded,
  };
  // Waits while the flow holds more than it may.
  Room AwaitRoom();

 private:
  enum class Stage : uint8_t { kStarting, kVerifying, kFlowing };

  void Pump();
  void PumpLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TellProgress() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Refill() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Decides where the stream begins; false: nothing comes of it now (it waits, Kafka is asked, it has ended).
  bool Begin() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AskKafka(std::vector<Position> records) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Names the stream, tells the journal, and sends what the client has to know before the first event.
  void SendStart(const std::string& log_id, const std::vector<PartitionStart>& starts)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Write() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void End(const StreamEnd& end) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  void OnEvidence(KafkaEvidence evidence);

  const StreamServices& services_;
  grpc::CallbackServerContext* const context_;
  const StreamRequest request_;
  const StreamFacts facts_;

  mutable Mutex mutex_;
  CondVar room_;  // in the flow's queue
  Stage stage_ ABSL_GUARDED_BY(mutex_) = Stage::kStarting;
  uint64_t subscription_ ABSL_GUARDED_BY(mutex_) = 0;              // 0: it has not started
  std::optional<KafkaEvidence> evidence_ ABSL_GUARDED_BY(mutex_);  // about the token
  StreamFlow flow_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool wrote_ ABSL_GUARDED_BY(mutex_) = false;  // the first message
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;  // Finish was called
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t cancel_at_ns_ ABSL_GUARDED_BY(mutex_) = 0;                           // monotonic; 0: not
  grpc::StatusCode code_ ABSL_GUARDED_BY(mutex_) = grpc::StatusCode::UNKNOWN;  // that it ended with

  // What progress() reads without the mutex; written with it held.
  std::atomic<CallProgress::Stage> told_stage_ = CallProgress::Stage::kStarting;
  std::atomic<uint64_t> told_sequence_ = 0;
  std::atomic<int64_t> told_queued_ = 0;
  std::atomic<int64_t> told_waiting_bytes_ = 0;
  std::atomic<int64_t> told_passed_ = 0;
  std::atomic<int64_t> told_write_since_ns_ = 0;
  std::atomic<uint64_t> told_subscription_ = 0;
};

}  // namespace pipeline
