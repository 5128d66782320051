// A server with a bug, for the tests of the verdict: a relay in front of a real payment-server, which it starts beside
// itself, that does something wrong with what passes. Never installed.
//
//   seeded-server BUG PORT STATE_DIR payment-server ARGUMENTS...
//     none           no bug: must pass
//     swap           swaps two neighbours of one partition, once
//     start-at-end   when started again, serves nothing of what was written before
//     drop-one       never sends one record
//     amount         changes one record's amount
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/clock.h"
#include "common/program.h"
#include "harness/process/ports.h"
#include "harness/run/health.h"
#include "payment.grpc.pb.h"

namespace {

using ::payment::PaymentEvent;
using ::payment::PaymentService;

constexpr int64_t kVictim = 60;  // counted over all streams of this process
constexpr int64_t kReadyWithinNs = 30'000'000'000;
constexpr int64_t kProbePauseNs = 10'000'000;
constexpr int kProbeTimeoutMs = 500;

// What is wrong with this server. One for the process, shared by its streams.
class Bug {
 public:
  // `ends`: for start-at-end, the offsets below which nothing is served.
  Bug(std::string name, std::map<int32_t, int64_t> ends) : name_(std::move(name)), ends_(std::move(ends)) {}

  // What to send in place of `event`. `held` belongs to the stream: an event that goes out after the next one.
  std::vector<PaymentEvent> Pass(const PaymentEvent& event, std::optional<PaymentEvent>* held) {
    if (name_ == "start-at-end") {
      const auto end = ends_.find(event.partition());
      if (end != ends_.end() && event.offset() < end->second) return {};
    }
    if (held->has_value()) {
      if ((*held)->partition() != event.partition()) return {event};
      PaymentEvent late = std::move(**held);
      held->reset();
      return {event, std::move(late)};
    }
    if (++events_ != kVictim) return {event};
    if (name_ == "drop-one") return {};
    if (name_ == "swap") {
      *held = event;
      return {};
    }
    PaymentEvent changed = event;
    if (name_ == "amount") {
      changed.mutable_payment()->mutable_exact_amount()->set_units(event.payment().exact_amount().units() + 1);
    }
    return {std::move(changed)};
  }

 private:
  std::string name_;
  std::map<int32_t, int64_t> ends_;
  std::atomic<int64_t> events_ = 0;
};

class Relay final : public PaymentService::Service {
 public:
  Relay(const std::string& upstream, Bug* bug)
      : stub_(PaymentService::NewStub(grpc::CreateChannel(upstream, grpc::InsecureChannelCredentials()))), bug_(bug) {}

  grpc::Status GetPayment(grpc::ServerContext* context, const ::payment::GetPaymentRequest* request,
                          ::payment::Payment* response) override {
    const auto upstream = grpc::ClientContext::FromServerContext(*context);
    return stub_->GetPayment(upstream.get(), *request, response);
  }

  grpc::Status ListPayments(grpc::ServerContext* context, const ::payment::ListPaymentsRequest* request,
                            ::payment::PaymentList* response) override {
    const auto upstream = grpc::ClientContext::FromServerContext(*context);
    return stub_->ListPayments(upstream.get(), *request, response);
  }

  grpc::Status StreamPayments(grpc::ServerContext* context, const ::payment::ListPaymentsRequest* request,
                              grpc::ServerWriter<PaymentEvent>* writer) override {
    const auto upstream = grpc::ClientContext::FromServerContext(*context);
    const auto reader = stub_->StreamPayments(upstream.get(), *request);
    reader->WaitForInitialMetadata();
    for (const auto& [key, value] : upstream->GetServerInitialMetadata()) {
      if (key.starts_with("payment-")) {
        context->AddInitialMetadata(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
      }
    }
    writer->SendInitialMetadata();
    PaymentEvent event;
    std::optional<PaymentEvent> held;
    while (reader->Read(&event)) {
      for (const PaymentEvent& passed : bug_->Pass(event, &held)) {
        if (!writer->Write(passed)) upstream->TryCancel();
      }
    }
    grpc::Status status = reader->Finish();
    for (const auto& [key, value] : upstream->GetServerTrailingMetadata()) {
      if (key.starts_with("payment-")) {
        context->AddTrailingMetadata(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
      }
    }
    return status;
  }

 private:
  std::unique_ptr<PaymentService::Stub> stub_;
  Bug* bug_;
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
  std::map<int32_t, int64_t> ends;
  if (!again) return ends;
  const auto stub = PaymentService::NewStub(grpc::CreateChannel(upstream, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  const auto reader = stub->StreamPayments(&context, {});
  reader->WaitForInitialMetadata();
  const auto start = context.GetServerInitialMetadata().find("payment-start-bin");
  ::payment::StreamStart parsed;
  if (start != context.GetServerInitialMetadata().end()) {
    parsed.ParseFromArray(start->second.data(), static_cast<int>(start->second.size()));
  }
  for (const auto& partition : parsed.token().partitions()) {
    ends[partition.partition()] = partition.snapshot_until() + 1;
  }
  context.TryCancel();
  return ends;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::cerr << "usage: seeded-server BUG PORT STATE_DIR payment-server ARGUMENTS...\n";
    return 2;
  }
  pipeline::StopSignal stop;
  const int upstream_port = harness::PickFreePort();
  std::vector<std::string> arguments(argv + 4, argv + argc);
  arguments.insert(arguments.end(), {"--listen", "127.0.0.1", "--port", std::to_string(upstream_port)});
  const pid_t child = StartUpstream(arguments);
  const std::string upstream = fmt::format("127.0.0.1:{}", upstream_port);
  const int64_t deadline_ns = pipeline::MonotonicNs() + kReadyWithinNs;
  while (!harness::IsReady(harness::ProbeServer(upstream, kProbeTimeoutMs))) {
    if (pipeline::MonotonicNs() > deadline_ns) return 1;
    if (stop.WaitUntil(pipeline::MonotonicNs() + kProbePauseNs)) break;
  }
  Bug bug(argv[1], EndsAtRestart(upstream, argv[3]));
  Relay relay(upstream, &bug);
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // As the real server: clients may ping every few seconds.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000);
  builder.AddListeningPort(fmt::format("127.0.0.1:{}", argv[2]), grpc::InsecureServerCredentials());
  builder.RegisterService(&relay);
  const auto server = builder.BuildAndStart();
  if (!server) return 1;
  stop.Wait();  // the child, of the same process group, has the signal too: it ends its streams, and so the relay's
  kill(child, SIGTERM);
  waitpid(child, nullptr, 0);
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(2));
  return 0;
}
