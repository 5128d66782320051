// A server with a bug, for the tests of the verdict: a relay in front of a real payment-server, which it starts beside
// itself, that does something wrong with what passes. Never installed.
//
//   seeded-server BUG[:SEED] PORT STATE_DIR JOURNAL payment-server ARGUMENTS...
//     none              no bug: must pass
//     swap              swaps two neighbours of one partition, once
//     start-at-end      when started again, serves nothing of what was written before
//     drop-one          never sends one record
//     amount            changes one record's amount
//     metadata          changes one record's metadata
//     contents          sends one payment with the content of the one before it
//     kind              says "existing" of one new record
//     plain             no bug, but of the plain contract: says nothing before its first event, and gives no positions
//     abort-on-term     crashes whenever it is asked to end
//     kind-sometimes    says "new" of every seventh event of its snapshots
//     leak              sends a subscriber one record that its filter does not match
//     freeze            sends nothing any more, and says nothing
//     repeat-on-resume  sends the first event of a resumed stream twice
//     skip-on-resume    never sends the first event of a resumed stream
//     live-on-resume    when started again, takes a token and begins where the log ended then: a silent jump
//     snapshot-race     loses the first new record behind a snapshot
//     stop-at-bad       sends nothing of a partition any more behind a record that is no payment
//     serve-bad         sends a payment in place of a record that is none
//     stale-get         answers GetPayment with what it knew when it was asked first
//     list-skip         leaves one payment out of each page of ListPayments but the first
//     reorder-on-resume  sends the first event of a resumed stream after the next one of its partition
//     drop-slow         drops what comes while a subscriber takes nothing
//     unbounded-queue   keeps all that a subscriber does not take
//     bookmark-early    says of one record that its subscriber has it, and sends it after that
//     false-start       tells a stream without a token that it began somewhere in the log, and sends nothing up to
//     there snapshot-beyond   says that a snapshot covers what is not there yet, and sends nothing up to there
//     replay-from-zero  begins at the beginning whatever the token says
//     false-refusal     refuses valid tokens, with OUT_OF_RANGE or FAILED_PRECONDITION
//     processed-at      says of every payment that Kafka has had it for an hour less
//     wire-amount       says -7.5 in the `amount` of every payment, beside the right exact_amount
//     log-id            names another log to each stream
//     unary-internal    answers every unary call with INTERNAL
//     invent            is a server of the plain contract, and sends one payment that nobody sent
//     strip-metadata    is one too, and sends no metadata
//     zombie            goes on with a stream whose client has gone: reads for it and writes to it
// SEED decides which record it is. JOURNAL: its own server journal (docs/formats.md), of what it read from the real
// server and what it wrote itself, in which its bugs can be seen; "-": none.
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/program.h"
#include "harness/process/ports.h"
#include "harness/run/health.h"
#include "payment.grpc.pb.h"
#include "payment/stream_metadata.h"
#include "server/ops/server_journal.h"
#include "tests/seeded/bug_argument.h"
#include "tests/seeded/server_bug.h"
#include "tests/seeded/stream_queue.h"

namespace {

using harness::Bug;
using harness::StreamJournal;
using harness::StreamQueue;
using harness::StreamState;
using ::payment::PaymentBatch;
using ::payment::PaymentEvent;
using ::payment::PaymentService;

constexpr int64_t kReadyWithinNs = 30'000'000'000;
constexpr int64_t kProbePauseNs = 10'000'000;
constexpr int kProbeTimeoutMs = 500;
constexpr auto kStalledAfter = std::chrono::milliseconds(500);  // drop-slow
constexpr auto kEarlyBy = std::chrono::milliseconds(20);        // bookmark-early
constexpr char kOtherLog[] = "#other-";                         // log-id
constexpr size_t kBallastBytes = size_t{16} << 10;

// One past the last record of each partition that the server has: where the snapshot of a full stream ends.
std::map<int32_t, int64_t> EndsOf(PaymentService::Stub* stub) {
  grpc::ClientContext context;
  const auto reader = stub->StreamPayments(&context, {});
  reader->WaitForInitialMetadata();
  const auto start = context.GetServerInitialMetadata().find(pipeline::kStartMetadataKey);
  ::payment::StreamStart parsed;
  if (start != context.GetServerInitialMetadata().end()) {
    parsed.ParseFromArray(start->second.data(), static_cast<int>(start->second.size()));
  }
  std::map<int32_t, int64_t> ends;
  for (const auto& partition : parsed.token().partitions()) {
    ends[partition.partition()] = partition.snapshot_until() + 1;
  }
  context.TryCancel();
  return ends;
}

class Relay final : public PaymentService::Service {
 public:
  // `journal`: null without one.
  Relay(const std::string& upstream, Bug* bug, std::string server_id, pipeline::ServerJournal* journal)
      : stub_(PaymentService::NewStub(grpc::CreateChannel(upstream, grpc::InsecureChannelCredentials()))),
        bug_(bug),
        server_id_(std::move(server_id)),
        journal_(journal) {}

  grpc::Status GetPayment(grpc::ServerContext* context, const ::payment::GetPaymentRequest* request,
                          ::payment::Payment* response) override {
    if (bug_->name() == "unary-internal") return {grpc::StatusCode::INTERNAL, "seeded"};
    const auto upstream = grpc::ClientContext::FromServerContext(*context);
    grpc::Status status = stub_->GetPayment(upstream.get(), *request, response);
    if (!status.ok() || bug_->name() != "stale-get") return status;
    const std::lock_guard lock(mutex_);
    *response = answered_.try_emplace(request->payment_id(), *response).first->second;
    return status;
  }

  grpc::Status ListPayments(grpc::ServerContext* context, const ::payment::ListPaymentsRequest* request,
                            ::payment::PaymentList* response) override {
    if (bug_->name() == "unary-internal") return {grpc::StatusCode::INTERNAL, "seeded"};
    const auto upstream = grpc::ClientContext::FromServerContext(*context);
    grpc::Status status = stub_->ListPayments(upstream.get(), *request, response);
    const bool skips = bug_->name() == "list-skip" && !request->cursor().empty();
    if (skips && response->payments_size() > 0) response->mutable_payments()->DeleteSubrange(0, 1);
    return status;
  }

  grpc::Status StreamPayments(grpc::ServerContext* context, const ::payment::ListPaymentsRequest* request,
                              grpc::ServerWriter<PaymentEvent>* writer) override {
    // The call to the real server ends with the client's, unless nobody tells it.
    if (grpc::Status refused = bug_->Refusal(request->has_resume()); !refused.ok()) return refused;
    const bool zombie = bug_->name() == "zombie";
    const auto upstream =
        zombie ? std::make_unique<grpc::ClientContext>() : grpc::ClientContext::FromServerContext(*context);
    ::payment::ListPaymentsRequest asked = *request;
    if (bug_->name() == "leak") asked.clear_provider();
    bug_->ChangeRequest(&asked);
    if (asked.has_resume()) {
      std::string* log_id = asked.mutable_resume()->mutable_log_id();
      log_id->resize(std::min(log_id->find(kOtherLog), log_id->size()));
    }
    const auto reader = stub_->StreamPayments(upstream.get(), asked);
    if (bug_->name() == "plain") return RelayPlain(reader.get(), writer);
    reader->WaitForInitialMetadata();
    StreamJournal journal(journal_, ++subscriptions_);
    StreamState stream;
    stream.resumed = request->has_resume();
    RelayStart(*upstream, *request, context, &journal, &stream);
    writer->SendInitialMetadata();
    if (bug_->name() == "leak") stream.wanted = request->provider();
    const auto write = [&](const PaymentEvent& passed) {
      journal.Write(passed);
      if (!writer->Write(passed) && !zombie) upstream->TryCancel();
    };
    if (bug_->name() == "drop-slow" || bug_->name() == "unbounded-queue") {
      PassThroughQueue(reader.get(), &journal, write);
    } else {
      PaymentEvent event;
      while (reader->Read(&event)) {
        journal.Read(event);
        for (const PaymentEvent& passed : bug_->Pass(event, &stream)) write(passed);
      }
    }
    return RelayEnd(*upstream, reader->Finish(), context, &journal);
  }

  // Only for the bug that needs it: elsewhere clients fall back to StreamPayments.
  grpc::Status SubscribePayments(grpc::ServerContext* context, const ::payment::SubscribeRequest* request,
                                 grpc::ServerWriter<PaymentBatch>* writer) override {
    if (bug_->name() != "bookmark-early") return Service::SubscribePayments(context, request, writer);
    const auto upstream = grpc::ClientContext::FromServerContext(*context);
    const auto reader = stub_->SubscribePayments(upstream.get(), *request);
    reader->WaitForInitialMetadata();
    StreamJournal journal(journal_, ++subscriptions_);
    ::payment::ListPaymentsRequest same;
    if (request->has_resume()) *same.mutable_resume() = request->resume();
    StreamState stream;
    stream.resumed = same.has_resume();
    RelayStart(*upstream, same, context, &journal, &stream);
    writer->SendInitialMetadata();
    PaymentBatch batch;
    while (reader->Read(&batch)) {
      for (const PaymentEvent& event : batch.events()) journal.Read(event);
      if (const PaymentEvent* victim = bug_->BookmarkTooEarly(batch)) {
        PaymentBatch early;
        early.add_bookmarks()->set_partition(victim->partition());
        early.mutable_bookmarks(0)->set_offset(victim->offset());
        writer->Write(early);
        // So that the journal and the client's clock agree on what came first.
        const auto deadline = std::chrono::steady_clock::now() + kEarlyBy;
        std::this_thread::sleep_until(deadline);
      }
      for (const PaymentEvent& event : batch.events()) journal.Write(event);
      if (!writer->Write(batch)) upstream->TryCancel();
    }
    return RelayEnd(*upstream, reader->Finish(), context, &journal);
  }

 private:
  // As a server that knows nothing of the additions to the contract.
  static grpc::Status RelayPlain(grpc::ClientReader<PaymentEvent>* reader, grpc::ServerWriter<PaymentEvent>* writer) {
    PaymentEvent event;
    while (reader->Read(&event)) {
      event.clear_partition();
      event.clear_offset();
      event.clear_record_crc32c();
      if (!writer->Write(event)) break;
    }
    return reader->Finish();
  }

  // What the real server says first, but for the stream's name and what the bug makes of it.
  void RelayStart(const grpc::ClientContext& upstream, const ::payment::ListPaymentsRequest& request,
                  grpc::ServerContext* context, StreamJournal* journal, StreamState* stream) const {
    for (const auto& [key, value] : upstream.GetServerInitialMetadata()) {
      std::string text(value.data(), value.size());
      if (key == pipeline::kStartMetadataKey) text = bug_->ChangeStart(text, stream);
      if (key == pipeline::kStartMetadataKey) journal->Begin(context->peer(), request, text);
      if (!key.starts_with("payment-") || key == pipeline::kSubscriptionMetadataKey || bug_->is_plain()) continue;
      context->AddInitialMetadata(std::string(key.data(), key.size()),
                                  bug_->name() == "log-id" ? WithOtherLog(text, journal->number()) : text);
    }
    if (bug_->is_plain()) return;
    context->AddInitialMetadata(pipeline::kSubscriptionMetadataKey,
                                pipeline::SubscriptionName(server_id_, journal->number()));
  }
  // The same StreamStart, of another log.
  static std::string WithOtherLog(const std::string& start_bytes, uint64_t number) {
    ::payment::StreamStart start;
    start.ParseFromString(start_bytes);
    start.mutable_token()->mutable_log_id()->append(kOtherLog + std::to_string(number));
    return start.SerializeAsString();
  }
  static grpc::Status RelayEnd(const grpc::ClientContext& upstream, grpc::Status status, grpc::ServerContext* context,
                               StreamJournal* journal) {
    journal->End(status);
    for (const auto& [key, value] : upstream.GetServerTrailingMetadata()) {
      if (key.starts_with("payment-")) {
        context->AddTrailingMetadata(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
      }
    }
    return status;
  }
  // Reads on whether the subscriber takes anything or not.
  template <typename Write>
  void PassThroughQueue(grpc::ClientReader<PaymentEvent>* reader, StreamJournal* journal, const Write& write) const {
    const bool drops = bug_->name() == "drop-slow";
    StreamQueue queue(drops ? kStalledAfter : StreamQueue::Clock::duration::max(), drops ? 0 : kBallastBytes);
    std::thread sender([&] {
      while (const auto event = queue.Pop()) write(*event);
    });
    PaymentEvent event;
    while (reader->Read(&event)) {
      journal->Read(event);
      queue.Push(event);
    }
    queue.Close();
    sender.join();
  }

  std::unique_ptr<PaymentService::Stub> stub_;
  Bug* bug_;
  const std::string server_id_;
  pipeline::ServerJournal* const journal_;
  std::atomic<uint64_t> subscriptions_ = 0;
  std::mutex mutex_;
  std::map<std::string, ::payment::Payment> answered_;  // stale-get: the first answer
};

pid_t StartUpstream(std::vector<std::string> arguments) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ);
  if (error == 0) return pid;
  std::cerr << fmt::format("seeded-server: can't start {}: {}\n", arguments[0], std::strerror(error));
  std::exit(1);
}

// How far the log had come when this server was started again: one past the last event of a full stream of the replica
// that has just loaded it. Nothing at the first start.
std::map<int32_t, int64_t> EndsAtRestart(const std::string& upstream, const std::string& state_dir) {
  const std::string mark = state_dir + "/seeded-server.started";
  const bool again = std::ifstream(mark).good();
  std::ofstream{mark} << "started\n";
  if (!again) return {};
  const auto stub = PaymentService::NewStub(grpc::CreateChannel(upstream, grpc::InsecureChannelCredentials()));
  return EndsOf(stub.get());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::cerr << "usage: seeded-server BUG PORT STATE_DIR JOURNAL payment-server ARGUMENTS...\n";
    return 2;
  }
  pipeline::StopSignal stop;
  const int upstream_port = harness::PickFreePort();
  std::vector<std::string> arguments(argv + 5, argv + argc);
  arguments.insert(arguments.end(), {"--listen", "127.0.0.1", "--port", std::to_string(upstream_port)});
  const pid_t child = StartUpstream(arguments);
  const std::string upstream = fmt::format("127.0.0.1:{}", upstream_port);
  const int64_t deadline_ns = pipeline::MonotonicNs() + kReadyWithinNs;
  while (!harness::IsReady(harness::ProbeServer(upstream, kProbeTimeoutMs))) {
    if (pipeline::MonotonicNs() > deadline_ns) return 1;
    if (stop.WaitUntil(pipeline::MonotonicNs() + kProbePauseNs)) break;
  }
  Bug bug(BugArgument(argv[1]), EndsAtRestart(upstream, argv[3]));
  const std::string server_id = fmt::format("seeded-server#{}.1", getpid());
  std::unique_ptr<pipeline::ServerJournal> journal;
  if (std::string_view(argv[4]) != "-") journal = std::make_unique<pipeline::ServerJournal>(argv[4], server_id);
  Relay relay(upstream, &bug, server_id, journal.get());
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // As the real server: clients may ping every few seconds.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000);
  builder.AddListeningPort(fmt::format("127.0.0.1:{}", argv[2]), grpc::InsecureServerCredentials());
  builder.RegisterService(&relay);
  const auto server = builder.BuildAndStart();
  if (!server) return 1;
  stop.Wait();
  if (bug.name() == "abort-on-term") abort();
  // The child, of the same process group, has the signal too: it ends its streams, and so the relay's.
  kill(child, SIGTERM);
  waitpid(child, nullptr, 0);
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(2));
  return 0;
}
