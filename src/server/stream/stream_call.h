// One StreamPayments or SubscribePayments call: a cursor, the few events pulled from it, and the rules of gRPC's
// callback API (one write in flight, Finish exactly once, gone only after OnDone). Reactions come from gRPC's threads,
// wakes and ticks from the hub's, verification and catch-up from theirs: all of them take the call's mutex, and none of
// them blocks but Send().
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "payment.pb.h"
#include "server/calls/call_hub.h"
#include "server/ops/server_counters.h"
#include "server/ops/server_journal.h"
#include "server/replica.h"
#include "server/stream/catch_up_pool.h"
#include "server/stream/ready_runs.h"
#include "server/stream/slow_subscriber.h"
#include "server/stream/stream_queue.h"
#include "server/stream/token_verifier.h"
#include "stream/stream_cursor.h"

namespace pipeline {

// What every stream needs of its server. Outlives all of them.
struct StreamServices {
  Replica* replica = nullptr;
  CallHub* hub = nullptr;
  TokenVerifier* verifier = nullptr;
  CatchUpPool* catch_up = nullptr;
  ReadyRuns* ready_runs = nullptr;
  std::string server_id;
  // How long a stream that was ended may leave its status unread, and one that is caught up its events, before it is
  // cancelled.
  int64_t stuck_ns = 5'000'000'000;
  ServerJournal* journal = nullptr;  // null: none is kept
  SlowSubscriber slow_subscriber = SlowSubscriber::kCatchUp;
  ServerCounters* counters = nullptr;
  int64_t payments_max = INT64_MAX;  // that the replica keeps
};

// What a client asks for.
struct StreamRequest {
  Filter filter;
  std::optional<::payment::ResumeToken> token;
  bool live_only = false;        // without a token: no snapshot, what comes from now on
  int32_t batch_events_max = 0;  // events in a PaymentBatch; 0: StreamPayments, a PaymentEvent a message
};

class StreamCall : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                   public OpenCall,
                   public VerifiedStream,
                   public CaughtUpStream,
                   public std::enable_shared_from_this<StreamCall> {
 public:
  // Starts a call; gRPC owns it until OnDone. `context` is the call's.
  static grpc::ServerWriteReactor<grpc::ByteBuffer>* Start(const StreamServices& services,
                                                           grpc::CallbackServerContext* context, StreamRequest request);
  // A call that only ends. The caller has counted that it started; its end is counted here.
  static grpc::ServerWriteReactor<grpc::ByteBuffer>* Refuse(ServerCounters* counters, CallMethod method,
                                                            const grpc::Status& status);

  StreamCall(const StreamServices& services, grpc::CallbackServerContext* context, StreamRequest request);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  void Wake() override { Pump(); }
  void Tick(int64_t now_ns) override;
  void EndForShutdown(int64_t cancel_at_ns) override;
  CallProgress progress() const override;

  ResumeDecision DecideWith(const ReplicaState& state, const std::vector<Watermarks>& fresh) override;
  void OnVerified(std::vector<Watermarks> fresh, const std::vector<int32_t>& same) override;
  void OnRefused(Refusal refusal) override;
  void OnKafkaFailed(const std::string& reason) override;
  bool ended() const override;

  const Filter& catch_up_filter() const override { return request_.filter; }
  std::vector<int64_t> catch_up_from() const override;
  bool Send(std::vector<StreamEvent> events, const std::vector<int64_t>& covered) override;
  void Leave(const std::vector<int64_t>& covered) override;
  Join TryJoin(const std::vector<int64_t>& covered) override;
  void OnCatchUpRefused(Refusal refusal) override { OnRefused(std::move(refusal)); }
  void OnCatchUpFailed(const std::string& reason) override { OnKafkaFailed(reason); }

 private:
  enum class Stage : uint8_t { kStarting, kVerifying, kFlowing, kCatchingUp };

  void Pump();
  // The following with mutex_ held.
  void PumpLocked();
  void TellProgress();
  void Refill();
  // Both: false when nothing more comes of it now (waits, is being verified or caught up, has ended).
  bool Begin();
  bool Pull();
  // What another stream has made ready of the window, when this one wants just that.
  bool PullReady();
  // Shares what was pulled from the window's entries from `sequence` on, when it is all of them; else queues it.
  void QueueAndShare(std::optional<uint64_t> sequence, std::vector<StreamEvent> events);
  // Decides where a stream without a token, or with one, begins; makes the cursor when it may. False: waits.
  // `complete`: the store holds the snapshot that the stream begins with.
  bool Decide(ResumeDecision* decision, std::string* log_id, bool* complete);
  void CatchUp();
  void LeaveLocked(const std::vector<int64_t>& covered);
  // Names the stream, tells the journal, and sends what the client has to know before the first event.
  void SendStart(const std::string& log_id, const std::vector<PartitionStart>& starts);
  void Write();
  void EndRefused(const Refusal& refusal);
  void EndReplaced();
  void EndIncomplete();
  void End(grpc::StatusCode code, const std::string& message, const char* reason);

  const StreamServices& services_;
  grpc::CallbackServerContext* const context_;
  StreamRequest request_;  // its token is cleared of checksums that were compared

  mutable std::mutex mutex_;
  std::condition_variable room_;  // in queue_, for Send
  Stage stage_ = Stage::kStarting;
  uint64_t subscription_ = 0;                     // 0: it has not started
  std::optional<std::vector<Watermarks>> fresh_;  // what the verifier was told
  std::unique_ptr<StreamCursor> cursor_;
  StreamQueue queue_;
  bool arrived_ = false;  // at the window's end, once
  bool writing_ = false;
  bool wrote_ = false;  // the first message
  bool ended_ = false;  // Finish was called
  bool done_ = false;
  int64_t cancel_at_ns_ = 0;                           // monotonic; 0: not
  grpc::StatusCode code_ = grpc::StatusCode::UNKNOWN;  // that it ended with

  // What progress() reads without the mutex; written with it held.
  std::atomic<CallProgress::Stage> told_stage_ = CallProgress::Stage::kStarting;
  std::atomic<uint64_t> told_sequence_ = 0;
  std::atomic<int64_t> told_queued_ = 0;
};

}  // namespace pipeline
