#include "harness/observe/unary_prober.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "common/clock.h"
#include "harness/observe/log_lines.h"
#include "payment.grpc.pb.h"
#include "payment/canonical.h"
#include "payment/codec.h"

namespace harness {
namespace {

using ::payment::PaymentService;

constexpr int kPageSize = 100;
constexpr int kReconnectPauseMs = 100;
constexpr int kReconnectPauseMaxMs = 500;

std::unique_ptr<PaymentService::Stub> StubOf(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectPauseMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectPauseMaxMs);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // it is on this machine
  return PaymentService::NewStub(grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
}

// What a client has received and what is asked for.
struct Target {
  UnaryRead read;
  std::string id;
};

}  // namespace

struct UnaryProber::State {
  State(ProbeOptions probe_options, Recorder* to) : options(std::move(probe_options)), recorder(to) {}

  void Loop();
  std::optional<Target> Choose();
  // A delivery with a position of a client's open stream; the server is the one that it came from.
  std::optional<Target> ChooseOf(const History& history, size_t client);
  void Ask(Target target);
  ListWalk Walk(uint16_t server, int pages_max, bool quiet, int64_t deadline_ns, const std::function<bool()>& stopped);
  std::vector<::payment::Position> Ends() const;
  // Makes `context` the call that Stop gives up. False: stopped already.
  bool Enter(grpc::ClientContext* context, int64_t deadline_ns);
  void Leave();

  const ProbeOptions options;
  Recorder* const recorder;
  std::vector<uint16_t> indices;  // the recorder's, by server
  std::vector<std::unique_ptr<PaymentService::Stub>> stubs;
  std::mt19937_64 random;

  std::mutex mutex;  // all below
  std::condition_variable wake;
  grpc::ClientContext* call = nullptr;
  bool stopping = false;

  std::thread thread;
};

bool UnaryProber::State::Enter(grpc::ClientContext* context, int64_t deadline_ns) {
  const int64_t left_ns = std::clamp<int64_t>(deadline_ns - pipeline::MonotonicNs(), 0, kReadTimeoutNs);
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::nanoseconds(left_ns));
  const std::lock_guard lock(mutex);
  if (stopping) return false;
  call = context;
  return true;
}

void UnaryProber::State::Leave() {
  const std::lock_guard lock(mutex);
  call = nullptr;
}

std::optional<Target> UnaryProber::State::ChooseOf(const History& history, size_t client) {
  const Client& chosen = history.clients[client];
  if (!chosen.observed || chosen.deliveries.empty() || chosen.connections.empty()) return std::nullopt;
  const Connection& connection = chosen.connections.back();
  if (connection.ended_ns != 0) return std::nullopt;
  const auto server = std::find_if(options.servers.begin(), options.servers.end(),
                                   [&](const ProbedServer& probed) { return probed.address == connection.server; });
  if (server == options.servers.end()) return std::nullopt;
  const size_t number = chosen.connections.size() - 1;
  const auto begin = std::partition_point(chosen.deliveries.begin(), chosen.deliveries.end(),
                                          [&](const Delivery& delivery) { return delivery.connection < number; });
  const auto count = static_cast<uint64_t>(chosen.deliveries.end() - begin);
  if (count == 0) return std::nullopt;
  // The latest one half the time: it is where a server that answers from old state is seen.
  const uint64_t back = random() % 2 == 0 ? 0 : random() % count;
  const Delivery& delivery = *(chosen.deliveries.end() - 1 - static_cast<std::ptrdiff_t>(back));
  const auto name = history.names.Find(delivery.id_hash);
  if (delivery.connection != number) return std::nullopt;  // of an older stream, which is open still
  if (delivery.offset < 0 || !name) return std::nullopt;
  Target target;
  target.id = *name;
  target.read.id_hash = delivery.id_hash;
  target.read.offset = delivery.offset;
  target.read.partition = delivery.partition;
  target.read.client = static_cast<uint16_t>(client);
  target.read.server = static_cast<uint16_t>(server - options.servers.begin());
  return target;
}

std::optional<Target> UnaryProber::State::Choose() {
  std::optional<Target> target;
  recorder->Read([&](const History& history) {
    if (!history.clients.empty()) target = ChooseOf(history, random() % history.clients.size());
  });
  return target;
}

void UnaryProber::State::Ask(Target target) {
  UnaryRead& read = target.read;
  ::payment::GetPaymentRequest request;
  request.set_payment_id(target.id);
  if (random() % 2 == 0) {
    read.min_position = true;
    read.server = static_cast<uint16_t>(random() % options.servers.size());
    ::payment::Position* position = request.add_min_position();
    position->set_partition(read.partition);
    position->set_offset(read.offset);
  }
  grpc::ClientContext context;
  ::payment::Payment answer;
  read.asked_ns = pipeline::MonotonicNs();
  if (!Enter(&context, read.asked_ns + kReadTimeoutNs)) return;
  const grpc::Status status = stubs[read.server]->GetPayment(&context, request, &answer);
  Leave();
  read.answered_ns = pipeline::MonotonicNs();
  read.code = static_cast<uint8_t>(status.error_code());
  if (status.ok()) read.content_hash = pipeline::CanonicalHash(pipeline::FromProto(answer));
  read.server = indices[read.server];
  recorder->OnUnaryRead(read);
}

std::vector<::payment::Position> UnaryProber::State::Ends() const {
  std::vector<::payment::Position> ends;
  recorder->Read([&](const History& history) {
    for (size_t p = 0; p < history.partitions.size(); ++p) {
      if (history.partitions[p].records.empty()) continue;
      ::payment::Position& position = ends.emplace_back();
      position.set_partition(static_cast<int32_t>(p));
      position.set_offset(history.partitions[p].records.back().offset);
    }
  });
  return ends;
}

ListWalk UnaryProber::State::Walk(uint16_t server, int pages_max, bool quiet, int64_t deadline_ns,
                                  const std::function<bool()>& stopped) {
  ListWalk walk;
  walk.server = indices[server];
  walk.quiet = quiet;
  ::payment::ListPaymentsRequest request;
  request.set_limit(kPageSize);
  if (quiet) {
    for (const ::payment::Position& end : Ends()) *request.add_min_position() = end;
  }
  walk.begin_ns = pipeline::MonotonicNs();
  for (int page = 0; page < pages_max && !walk.whole && !stopped(); ++page) {
    grpc::ClientContext context;
    ::payment::PaymentList list;
    context.set_wait_for_ready(quiet);  // a server that has just come back may not be connected to yet
    if (!Enter(&context, deadline_ns)) break;
    const grpc::Status status = stubs[server]->ListPayments(&context, request, &list);
    Leave();
    walk.code = static_cast<uint8_t>(status.error_code());
    if (!status.ok()) break;
    for (const ::payment::Payment& payment : list.payments()) {
      walk.payments.push_back({IdHash(payment.id()), pipeline::CanonicalHash(pipeline::FromProto(payment))});
    }
    request.set_cursor(list.next_cursor());
    walk.whole = list.next_cursor().empty();
  }
  walk.end_ns = pipeline::MonotonicNs();
  return walk;
}

void UnaryProber::State::Loop() {
  int reads = 0, walks = 0;
  std::unique_lock lock(mutex);
  while (!stopping) {
    if (wake.wait_for(lock, std::chrono::nanoseconds(options.interval_ns), [&] { return stopping; })) return;
    lock.unlock();
    if (auto target = Choose()) {
      Ask(std::move(*target));
      if (++reads % kReadsPerWalk == 0 && walks < kWalksMax) {
        ++walks;
        const auto server = static_cast<uint16_t>(random() % options.servers.size());
        recorder->OnListWalk(
            Walk(server, kLoadWalkPagesMax, false, pipeline::MonotonicNs() + kReadTimeoutNs, [] { return false; }));
      }
    }
    lock.lock();
  }
}

UnaryProber::UnaryProber(ProbeOptions options, Recorder* recorder)
    : state_(std::make_unique<State>(std::move(options), recorder)) {
  State& state = *state_;
  state.random.seed(state.options.seed);
  for (const ProbedServer& server : state.options.servers) {
    state.indices.push_back(recorder->AddProbedServer(server));
    state.stubs.push_back(StubOf(server.address));
  }
  if (!state.stubs.empty()) state.thread = std::thread([this] { state_->Loop(); });
}

UnaryProber::~UnaryProber() { Stop(); }

void UnaryProber::Stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    if (state_->call != nullptr) state_->call->TryCancel();
  }
  state_->wake.notify_all();
  if (state_->thread.joinable()) state_->thread.join();
}

void UnaryProber::WalkQuiet(int64_t deadline_ns, const std::function<bool()>& stopped) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = false;
  }
  for (size_t server = 0; server < state_->stubs.size(); ++server) {
    state_->recorder->OnListWalk(
        state_->Walk(static_cast<uint16_t>(server), kQuietWalkPagesMax, true, deadline_ns, stopped));
  }
}

}  // namespace harness
