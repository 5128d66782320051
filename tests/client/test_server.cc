#include "tests/client/test_server.h"

#include <grpcpp/server_builder.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "client/token.h"
#include "common/crc32c.h"
#include "payment/stream_metadata.h"

namespace pipeline {
namespace {

std::string IdOf(int32_t partition, int64_t offset) {
  return "p" + std::to_string(partition) + "-" + std::to_string(offset);
}

void FillPayment(int32_t partition, int64_t offset, ::payment::Payment* payment) {
  payment->set_id(IdOf(partition, offset));
  payment->set_provider(::payment::PROVIDER_STRIPE);
  payment->set_status(::payment::STATUS_COMPLETED);
  payment->set_amount(1.5);
  payment->mutable_exact_amount()->set_units(15000);
  payment->mutable_exact_amount()->set_exponent(4);
  payment->set_currency("USD");
  payment->set_customer_email("someone@example.com");
  payment->set_created_at(1'769'853'600);
  payment->set_processed_at(1'769'853'601);
  (*payment->mutable_metadata())["k"] = "v";
}

}  // namespace

struct TestServer::Cursor {
  Token token;                 // of the StreamStart
  std::vector<int64_t> next;   // the next offset of each partition
  std::vector<int64_t> until;  // up to here "existing"
  size_t bookmarks = 0;        // of those the server was told
};

TestServer::TestServer(int partitions, std::string log_id, int port, PingsTaken pings)
    : log_id_(std::move(log_id)), ends_(static_cast<size_t>(partitions), 0) {
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  if (pings == PingsTaken::kAny) {
    // Clients under test ping often.
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  }
  builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port_ == 0) throw std::runtime_error("can't start the test server");
}

TestServer::~TestServer() { Shutdown(); }

void TestServer::Shutdown() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  server_->Shutdown();
  server_->Wait();
}

void TestServer::Append(int32_t partition) {
  {
    const std::lock_guard lock(mutex_);
    ++ends_[static_cast<size_t>(partition)];
  }
  changed_.notify_all();
}

void TestServer::SetLogId(const std::string& log_id) {
  {
    const std::lock_guard lock(mutex_);
    log_id_ = log_id;
    for (int64_t& end : ends_) end = 0;
    ++cuts_;
  }
  changed_.notify_all();
}

void TestServer::Misbehave(Misbehaviour how) {
  const std::lock_guard lock(mutex_);
  queue_.push_back(std::move(how));
}

void TestServer::OfferBatches(int events_max) {
  const std::lock_guard lock(mutex_);
  batch_events_max_ = events_max;
}

void TestServer::Bookmark(int32_t partition, int64_t offset) {
  {
    const std::lock_guard lock(mutex_);
    bookmarks_.emplace_back(partition, offset);
  }
  changed_.notify_all();
}

uint32_t TestServer::asked_batch_events() const {
  const std::lock_guard lock(mutex_);
  return asked_batch_events_;
}

int TestServer::batched_calls() const {
  const std::lock_guard lock(mutex_);
  return batched_calls_;
}

void TestServer::CutAll() {
  {
    const std::lock_guard lock(mutex_);
    ++cuts_;
  }
  changed_.notify_all();
}

int TestServer::records(int32_t partition) const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(ends_[static_cast<size_t>(partition)]);
}

std::vector<::payment::ListPaymentsRequest> TestServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

int TestServer::unary_calls() const {
  const std::lock_guard lock(mutex_);
  return unary_calls_;
}

size_t TestServer::connections() const {
  const std::lock_guard lock(mutex_);
  return peers_.size();
}

void TestServer::RefuseUnary(int times, grpc::StatusCode code) {
  const std::lock_guard lock(mutex_);
  refuse_unary_ = times;
  refuse_unary_with_ = code;
}

uint32_t TestServer::Checksum(int32_t partition, int64_t offset, const std::string& log_id) {
  return RecordCrc32c(IdOf(partition, offset), log_id);
}

grpc::Status TestServer::Begin(const ::payment::ListPaymentsRequest& request, const Misbehaviour& how,
                               Cursor* cursor) const {
  if (how.refuse) return *how.refuse;
  const int64_t none = -1;
  cursor->token.log_id = log_id_;
  cursor->next.assign(ends_.size(), 0);
  cursor->until.assign(ends_.size(), none);
  const bool resumes = request.has_resume() && !how.no_start;
  for (size_t p = 0; p < ends_.size(); ++p) {
    TokenPart& at = cursor->token.partitions[static_cast<int32_t>(p)];
    if (resumes) continue;
    cursor->until[p] = ends_[p] - 1;
    at.snapshot_until = ends_[p] - 1;
  }
  if (!resumes) return grpc::Status::OK;
  if (request.resume().log_id() != log_id_) return {grpc::StatusCode::FAILED_PRECONDITION, "another log"};
  for (const ::payment::PartitionResume& part : request.resume().partitions()) {
    const auto p = static_cast<size_t>(part.partition());
    if (p >= ends_.size() || part.after() < -1) return {grpc::StatusCode::INVALID_ARGUMENT, "malformed token"};
    if (part.after() >= ends_[p]) return {grpc::StatusCode::OUT_OF_RANGE, "ahead of the log"};
    if (part.has_record_crc32c() && part.record_crc32c() != Checksum(part.partition(), part.after(), log_id_)) {
      return {grpc::StatusCode::FAILED_PRECONDITION, "another record"};
    }
    cursor->next[p] = std::max<int64_t>(0, part.after() + 1 - how.repeat);
    if (part.has_snapshot_until()) cursor->until[p] = part.snapshot_until();
    TokenPart& at = cursor->token.partitions[part.partition()];
    at.after = part.after();
    if (part.has_snapshot_until()) at.snapshot_until = part.snapshot_until();
  }
  return grpc::Status::OK;
}

bool TestServer::NextEvent(Cursor* cursor, ::payment::PaymentEvent* event) const {
  // Taking turns, so that every partition is under way when a stream is cut.
  size_t behind = 0;
  for (size_t p = 1; p < ends_.size(); ++p) {
    if (ends_[p] - cursor->next[p] > ends_[behind] - cursor->next[behind]) behind = p;
  }
  if (cursor->next[behind] >= ends_[behind]) return false;
  const auto partition = static_cast<int32_t>(behind);
  const int64_t offset = cursor->next[behind]++;
  event->Clear();
  FillPayment(partition, offset, event->mutable_payment());
  event->set_event_type(offset <= cursor->until[behind] ? "existing" : "new");
  event->set_partition(partition);
  event->set_offset(offset);
  event->set_record_crc32c(Checksum(partition, offset, log_id_));
  return true;
}

bool TestServer::Wait(const std::function<bool()>& ready, std::unique_lock<std::mutex>* lock,
                      grpc::ServerContext* context) {
  // A synchronous handler is not told of a cancellation; it has to look.
  while (!ready() && !stopping_ && !context->IsCancelled()) changed_.wait_for(*lock, std::chrono::milliseconds(5));
  return !stopping_ && !context->IsCancelled();
}

void TestServer::NextBatch(const Misbehaviour& how, int events_max, int* sent, Cursor* cursor,
                           ::payment::PaymentBatch* batch) {
  batch->Clear();
  ::payment::PaymentEvent event;
  while (batch->events_size() < events_max && (!how.cut_after || *sent < *how.cut_after) && NextEvent(cursor, &event)) {
    if (how.empty_event && *sent == 0) event.clear_payment();
    if (how.no_start) {
      event.clear_partition();
      event.clear_offset();
      event.clear_record_crc32c();
    }
    if (how.second_at && *sent == 1) {
      event.set_partition(how.second_at->first);
      event.set_offset(how.second_at->second);
    }
    ++*sent;
    *batch->add_events() = event;
  }
  for (; events_max > 1 && cursor->bookmarks < bookmarks_.size(); ++cursor->bookmarks) {
    ::payment::Position* position = batch->add_bookmarks();
    position->set_partition(bookmarks_[cursor->bookmarks].first);
    position->set_offset(bookmarks_[cursor->bookmarks].second);
  }
}

grpc::Status TestServer::StreamPayments(grpc::ServerContext* context, const ::payment::ListPaymentsRequest* request,
                                        grpc::ServerWriter<::payment::PaymentEvent>* writer) {
  return Serve(
      context, *request, 1, [writer] { writer->SendInitialMetadata(); },
      [writer](const ::payment::PaymentBatch& batch) { return writer->Write(batch.events(0)); });
}

grpc::Status TestServer::SubscribePayments(grpc::ServerContext* context, const ::payment::SubscribeRequest* request,
                                           grpc::ServerWriter<::payment::PaymentBatch>* writer) {
  int events_max = 0;
  {
    const std::lock_guard lock(mutex_);
    ++batched_calls_;
    asked_batch_events_ = request->max_batch_events();
    events_max = batch_events_max_;
  }
  if (events_max == 0) return {grpc::StatusCode::UNIMPLEMENTED, "no batches here"};
  ::payment::ListPaymentsRequest same;
  same.set_provider(request->provider());
  same.set_status(request->status());
  if (request->has_resume()) *same.mutable_resume() = request->resume();
  return Serve(
      context, same, events_max, [writer] { writer->SendInitialMetadata(); },
      [writer](const ::payment::PaymentBatch& batch) { return writer->Write(batch); });
}

grpc::Status TestServer::Serve(grpc::ServerContext* context, const ::payment::ListPaymentsRequest& request,
                               int events_max, const std::function<void()>& send_metadata, const Write& write) {
  std::unique_lock lock(mutex_);
  requests_.push_back(request);
  peers_.insert(context->peer());
  Misbehaviour how;
  if (!queue_.empty()) {
    how = queue_.front();
    queue_.erase(queue_.begin());
  }
  const uint64_t cuts_before = cuts_;
  grpc::Status stopped(grpc::StatusCode::UNAVAILABLE, "shutting down");
  if (how.silent) {
    Wait([&] { return cuts_ != cuts_before; }, &lock, context);
    return stopped;
  }
  Cursor cursor;
  if (grpc::Status begin = Begin(request, how, &cursor); !begin.ok()) {
    for (const Gap& gap : how.gaps) {
      ::payment::PositionGap message;
      message.set_partition(gap.partition);
      message.set_wanted(gap.wanted);
      message.set_earliest(gap.earliest);
      context->AddTrailingMetadata(kGapMetadataKey, message.SerializeAsString());
    }
    return begin;
  }
  if (!how.no_start) {
    ::payment::StreamStart start;
    start.set_server_id("test-server");
    ToMessage(cursor.token, start.mutable_token());
    context->AddInitialMetadata(kStartMetadataKey,
                                how.start_bytes.empty() ? start.SerializeAsString() : how.start_bytes);
    if (how.subscription) context->AddInitialMetadata(kSubscriptionMetadataKey, *how.subscription);
    send_metadata();
  }
  ::payment::PaymentBatch batch;
  for (int sent = 0; !how.cut_after || sent < *how.cut_after;) {
    const auto ready = [&] {
      if (cuts_ != cuts_before) return true;
      NextBatch(how, events_max, &sent, &cursor, &batch);
      return batch.events_size() + batch.bookmarks_size() > 0;
    };
    if (!Wait(ready, &lock, context) || cuts_ != cuts_before) return stopped;
    lock.unlock();
    const bool written = write(batch);
    lock.lock();
    if (!written) return stopped;
  }
  return how.status;
}

grpc::Status TestServer::BeginUnary(const grpc::ServerContext& context) {
  const std::lock_guard lock(mutex_);
  peers_.insert(context.peer());
  ++unary_calls_;
  if (refuse_unary_ == 0) return grpc::Status::OK;
  --refuse_unary_;
  return {refuse_unary_with_, "loading"};
}

grpc::Status TestServer::GetPayment(grpc::ServerContext* context, const ::payment::GetPaymentRequest* request,
                                    ::payment::Payment* payment) {
  if (grpc::Status refusal = BeginUnary(*context); !refusal.ok()) return refusal;
  const std::lock_guard lock(mutex_);
  for (size_t p = 0; p < ends_.size(); ++p) {
    for (int64_t offset = 0; offset < ends_[p]; ++offset) {
      if (IdOf(static_cast<int32_t>(p), offset) != request->payment_id()) continue;
      FillPayment(static_cast<int32_t>(p), offset, payment);
      return grpc::Status::OK;
    }
  }
  return {grpc::StatusCode::NOT_FOUND, "no payment " + request->payment_id()};
}

// The cursor is the number of payments before the page, all of them of partition 0.
grpc::Status TestServer::ListPayments(grpc::ServerContext* context, const ::payment::ListPaymentsRequest* request,
                                      ::payment::PaymentList* page) {
  if (grpc::Status refusal = BeginUnary(*context); !refusal.ok()) return refusal;
  const std::lock_guard lock(mutex_);
  const int64_t begin = request->cursor().empty() ? 0 : std::stoll(request->cursor());
  const int64_t end = std::min(ends_[0], begin + request->limit());
  for (int64_t offset = begin; offset < end; ++offset) FillPayment(0, offset, page->add_payments());
  if (end < ends_[0]) page->set_next_cursor(std::to_string(end));
  page->set_total_count(static_cast<int>(ends_[0]));
  return grpc::Status::OK;
}

}  // namespace pipeline
