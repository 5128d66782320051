// A payment server for the client's tests, small and obedient: it serves a log that the test appends to, by the rules
// of the wire contract, and misbehaves when told to. Real gRPC on a real port. Thread-safe.
#pragma once

#include <grpcpp/server.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "client/held_token.h"
#include "payment.grpc.pb.h"

namespace pipeline {

// What the next stream does wrong. Each is used for one stream; then the server is correct again.
struct Misbehaviour {
  std::optional<grpc::Status> refuse = {};  // at once, without a StreamStart
  std::vector<Gap> gaps = {};               // in the trailing metadata, with `refuse`
  std::optional<int> cut_after = {};        // ends the stream after this many events with `status`
  grpc::Status status = grpc::Status(grpc::StatusCode::UNAVAILABLE, "cut");
  int repeat = 0;                // a resumed stream begins this many records of each partition too early
  bool no_start = false;         // no StreamStart and no positions: as the tutorial's servers
  bool silent = false;           // accepts the call and never answers
  std::string start_bytes = {};  // in place of a correct StreamStart
  bool empty_event = false;      // the first event has no payment
  std::optional<std::pair<int32_t, int64_t>> second_at =
      {};                                        // the second event's partition and offset, in place of its own
  std::optional<std::string> subscription = {};  // what it calls the stream; none: it does not say
};

// How many pings the server takes from a client that sends nothing else.
enum class PingsTaken : uint8_t {
  kAny,
  kFew,  // as servers of every make do when nobody sets it: one in 5 minutes, and two more
};

class TestServer : private ::payment::PaymentService::Service {
 public:
  explicit TestServer(int partitions = 2, std::string log_id = "log-1", int port = 0,
                      PingsTaken pings = PingsTaken::kAny);
  ~TestServer() override;

  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  void Shutdown();  // ends all streams; the port is free afterwards

  // Appends a record; its offset is the next one of the partition, its payment id "p<partition>-<offset>".
  void Append(int32_t partition);
  // From now on SubscribePayments is offered too, with up to `events_max` events a message.
  void OfferBatches(int events_max);
  // Sent behind the events that there are, on each open SubscribePayments stream.
  void Bookmark(int32_t partition, int64_t offset);
  int batched_calls() const;                 // of SubscribePayments, refused ones too
  void SetLogId(const std::string& log_id);  // another log: what there was is gone, streams are cut
  void Misbehave(Misbehaviour how);          // queued: one for each stream to come
  void CutAll();                             // ends the open streams with UNAVAILABLE

  int records(int32_t partition) const;
  static uint32_t Checksum(int32_t partition, int64_t offset, const std::string& log_id);
  // The streams' requests so far.
  std::vector<::payment::ListPaymentsRequest> requests() const;
  // What the last SubscribePayments asked for; 0: nothing.
  uint32_t asked_batch_events() const;
  int unary_calls() const;
  // How many connections the calls so far came on.
  size_t connections() const;
  // The next unary calls answer `code`, this many times.
  void RefuseUnary(int times, grpc::StatusCode code = grpc::StatusCode::UNAVAILABLE);

 private:
  grpc::Status StreamPayments(grpc::ServerContext* context, const ::payment::ListPaymentsRequest* request,
                              grpc::ServerWriter<::payment::PaymentEvent>* writer) override;
  grpc::Status SubscribePayments(grpc::ServerContext* context, const ::payment::SubscribeRequest* request,
                                 grpc::ServerWriter<::payment::PaymentBatch>* writer) override;
  grpc::Status GetPayment(grpc::ServerContext* context, const ::payment::GetPaymentRequest* request,
                          ::payment::Payment* payment) override;
  grpc::Status ListPayments(grpc::ServerContext* context, const ::payment::ListPaymentsRequest* request,
                            ::payment::PaymentList* page) override;

  struct Cursor;
  // One stream. `write` sends events and bookmarks, `events_max` at most in one call.
  using Write = std::function<bool(const ::payment::PaymentBatch&)>;
  grpc::Status Serve(grpc::ServerContext* context, const ::payment::ListPaymentsRequest& request, int events_max,
                     const std::function<void()>& send_metadata, const Write& write);
  void NextBatch(const Misbehaviour& how, int events_max, int* sent, Cursor* cursor, ::payment::PaymentBatch* batch);
  // Where a stream begins, or why it may not.
  grpc::Status Begin(const ::payment::ListPaymentsRequest& request, const Misbehaviour& how, Cursor* cursor) const;
  bool NextEvent(Cursor* cursor, ::payment::PaymentEvent* event) const;  // under mutex_
  bool Wait(const std::function<bool()>& ready, std::unique_lock<std::mutex>* lock, grpc::ServerContext* context);
  // OK: the call may be answered.
  grpc::Status BeginUnary(const grpc::ServerContext& context);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string log_id_;
  std::vector<int64_t> ends_;  // records of each partition
  std::vector<Misbehaviour> queue_;
  std::vector<::payment::ListPaymentsRequest> requests_;
  uint64_t cuts_ = 0;
  int batch_events_max_ = 0;  // 0: SubscribePayments is not offered
  int batched_calls_ = 0;
  uint32_t asked_batch_events_ = 0;
  std::vector<std::pair<int32_t, int64_t>> bookmarks_;
  bool stopping_ = false;
  std::set<std::string> peers_;
  int unary_calls_ = 0;
  int refuse_unary_ = 0;
  grpc::StatusCode refuse_unary_with_ = grpc::StatusCode::UNAVAILABLE;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace pipeline
