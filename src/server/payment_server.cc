#include "server/payment_server.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "common/clock.h"
#include "common/memory_limit.h"
#include "grpc/health/v1/health.pb.h"
#include "server/calls/call_hub.h"
#include "server/calls/call_limits.h"
#include "server/calls/client_port.h"
#include "server/calls/connections.h"
#include "server/calls/descriptors.h"
#include "server/demo_data.h"
#include "server/kafka/evidence_reader.h"
#include "server/kafka/kafka_reader.h"
#include "server/kafka/reject_log.h"
#include "server/ops/metrics_collector.h"
#include "server/ops/metrics_listener.h"
#include "server/ops/server_counters.h"
#include "server/ops/server_journal.h"
#include "server/ops/server_status.h"
#include "server/ops/streams_page.h"
#include "server/payment_service.h"
#include "server/replica.h"
#include "server/stream/catch_up_pool.h"
#include "server/stream/stream_queue.h"

namespace pipeline {
namespace {

constexpr char kServiceName[] = "payment.PaymentService";
// Clients may ping as often as this, with or without calls.
constexpr int kMinPingIntervalMs = 100;
// Of the drain time, until what is stuck is cancelled, and until connections are broken that hold calls even then; the
// rest is for their going.
constexpr double kOrderlyShare = 0.6;
constexpr double kCancelledShare = 0.8;
// What gRPC's own shutdown is given: an open Health/Watch holds it for as long, and then is cancelled.
constexpr std::chrono::milliseconds kLastCalls(200);
// After that, until connections are broken that hold it up, again and again.
constexpr std::chrono::milliseconds kLastConnections(200);

// For dead letters that are under way; those that are left the next start reads again.
constexpr int64_t kDeadLetterGraceNs = 500'000'000;

int Milliseconds(int64_t duration_ns) { return static_cast<int>(std::max<int64_t>(1, duration_ns / 1'000'000)); }

int64_t StoreBytesMax(const ServerOptions& options) {
  return options.store_bytes_max > 0 ? options.store_bytes_max
                                     : DefaultStoreBytes(MemoryBytes(), options.window_bytes_max);
}

// Tells hosts, processes and servers of one process apart, and a restarted server from the one before.
std::string ServerId() {
  static std::atomic<int> count = 0;
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return std::string(host.data()) + "#" + std::to_string(getpid()) + "." + std::to_string(++count);
}

void SetLimits(const ServerOptions& options, grpc::ServerBuilder* builder) {
  const auto set = [builder](const char* name, int value) { builder->AddChannelArgument(name, value); };
  set(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive_time_ns));
  set(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(options.keepalive_timeout_ns));
  set(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  set(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  set(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kMinPingIntervalMs);
  set(GRPC_ARG_MAX_CONCURRENT_STREAMS, static_cast<int>(options.calls_per_peer_max + kRefusalsPerConnectionMax));
  set(GRPC_ARG_MAX_METADATA_SIZE, kCallMetadataBytesMax);
  set(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, Milliseconds(options.handshake_timeout_ns));
  set(GRPC_ARG_MAX_CONNECTION_IDLE_MS, Milliseconds(options.connection_idle_ns));
  if (options.connection_age_ns > 0) {
    set(GRPC_ARG_MAX_CONNECTION_AGE_MS,
        Milliseconds(options.connection_age_ns));  // gRPC adds up to a tenth, or takes it
    set(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, Milliseconds(options.connection_age_grace_ns));
  }
  builder->SetMaxReceiveMessageSize(kReceiveBytesMax);
}

// Those that are not given, from those that are.
ConnectionLimits LimitsOf(const ServerOptions& options) {
  const DescriptorNeeds limits = PlanDescriptors({options.calls_max, options.calls_per_peer_max,
                                                  options.connections_max, options.connections_per_peer_max},
                                                 INT32_MAX)
                                     .limits;
  return {limits.connections_max, limits.connections_per_peer_max};
}

}  // namespace

struct PaymentServer::State {
  explicit State(const ServerOptions& given, std::function<void(const std::string&)> fatal)
      : options(given),
        on_fatal([fatal = std::move(fatal), told = std::make_shared<std::once_flag>()](const std::string& reason) {
          std::call_once(*told, fatal, reason);
        }),
        server_id(ServerId()),
        journal(given.journal_path.empty() ? nullptr : std::make_unique<ServerJournal>(given.journal_path, server_id)),
        status(options.kafka.brokers, options.kafka.topic, options.unready_after_ns),
        replica(options.window_bytes_max, {options.payments_max, StoreBytesMax(options)}),
        dead_letters(given.dead_letters.enabled ? std::make_unique<DeadLetters>(given.kafka, given.dead_letters)
                                                : nullptr),
        reader(options.kafka, &replica, &status, &rejects, journal.get(), dead_letters.get(), &counters,
               options.tombstones, on_fatal),
        evidence(options.kafka, &replica, options.stuck_ns * 2),
        log_proof(&replica, &evidence, [this](const std::string& reason) { reader.Doubt(reason); }),
        catch_up(options.kafka, options.catch_up_readers_max, &log_proof),
        hub(&replica, options.calls_max, options.calls_per_peer_max),
        client_port(LimitsOf(given), &counters) {
    streams = {&replica,         &hub,          &evidence,
               &catch_up,        &ready_runs,   server_id,
               options.stuck_ns, journal.get(), options.slow_subscriber,
               &counters};
    unaries = {&replica, &hub, &status, &counters, options.stuck_ns};
  }

  // gRPC listens nowhere by itself: it is handed connections.
  void StartGrpc() {
    grpc::ServerBuilder builder;
    grpc_acceptor = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, grpc::InsecureServerCredentials());
    builder.RegisterService(service.get());
    SetLimits(options, &builder);
    server = builder.BuildAndStart();
    if (server == nullptr) throw std::runtime_error("gRPC does not start");
    grpc::HealthCheckServiceInterface* health = server->GetHealthCheckService();
    status.OnServing([health](bool serving) {
      health->SetServingStatus(kServiceName, serving);
      health->SetServingStatus(serving);  // and of the server as a whole
    });
  }

  // After the service's own calls have ended.
  void ShutDownGrpc() {
    client_port.Stop();  // a connection that came now would belong to nobody
    const std::future<void> ended = std::async(std::launch::async, [this] {
      server->Shutdown(std::chrono::system_clock::now() + kLastCalls);
      server->Wait();
    });
    std::chrono::milliseconds patience = kLastCalls + kLastConnections;
    while (ended.wait_for(patience) != std::future_status::ready) {
      spdlog::warn("[SERVER] {} connections take nothing and are broken", BreakConnections(client_port.port()));
      patience = kLastConnections;
    }
  }

  const ServerOptions options;
  const std::function<void(const std::string&)> on_fatal;  // at most once
  const std::string server_id;
  const std::unique_ptr<ServerJournal> journal;  // outlives all that write to it
  ServerCounters counters;
  ServerStatus status;
  RejectLog rejects;
  Replica replica;
  const std::unique_ptr<DeadLetters> dead_letters;  // outlives the reader
  KafkaReader reader;
  EvidenceReader evidence;
  LogProof log_proof;
  CatchUpPool catch_up;
  ReadyRuns ready_runs;
  CallHub hub;
  StreamServices streams;
  UnaryServices unaries;
  std::unique_ptr<PaymentService> service;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> grpc_acceptor;
  ClientPort client_port;
  std::unique_ptr<MetricsListener> metrics;
  bool shut_down = false;
};

PaymentServer::PaymentServer(const ServerOptions& options, std::function<void(const std::string&)> on_fatal) {
  // Makes the logger, which all threads of the server share, before there are any.
  spdlog::default_logger_raw();
  if (!on_fatal) on_fatal = [](const std::string& reason) { spdlog::critical("{}", reason); };
  state_ = std::make_unique<State>(options, std::move(on_fatal));
}

PaymentServer::~PaymentServer() { Shutdown(); }

void PaymentServer::Listen() {
  const ServerOptions& options = state_->options;
  if (options.demo_data) {
    state_->replica.Update([](ReplicaState& state) {
      for (LogRecord& record : DemoData()) state.AddBuiltIn(std::move(record));
    });
  }
  state_->service = std::make_unique<PaymentService>(state_->streams, state_->unaries, options.demo_data);
  // For the builders that follow in this process.
  static std::once_flag once;
  std::call_once(once, [] {
    // One reference to the library that is never given back: its own end, which the last server would wait for, takes
    // up to 10 s after a connection that took nothing (a poller of its sleeps for as long).
    grpc_init();
    grpc::health::v1::HealthCheckRequest::descriptor();  // has the description linked, for reflection
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
  if (!options.metrics_listen.empty()) {
    state_->metrics = std::make_unique<MetricsListener>(
        options.metrics_listen,
        std::make_shared<MetricsCollector>(MetricsSources{
            &state_->counters, &state_->replica, &state_->rejects, &state_->reader, &state_->status, &state_->hub,
            &state_->catch_up, state_->journal.get(), state_->dead_letters.get(), &state_->client_port}),
        StreamsPage(&state_->hub, &state_->replica, options.slow_subscriber));
  }
  state_->client_port.Listen(options.listen, options.port, options.keepalive_timeout_ns);
  state_->StartGrpc();
  state_->client_port.Start(
      [this](int listener, int fd) {
        grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
        connection.listener_fd = listener;
        connection.fd = fd;
        state_->grpc_acceptor->HandleNewConnection(&connection);
      },
      options.reach, state_->on_fatal);
}

void PaymentServer::Start() {
  if (state_->server == nullptr) Listen();
  if (state_->dead_letters != nullptr) state_->dead_letters->Start();
  state_->reader.Start();
}

int PaymentServer::port() const { return state_->client_port.port(); }
int PaymentServer::metrics_port() const { return state_->metrics == nullptr ? 0 : state_->metrics->port(); }
bool PaymentServer::serving() const { return state_->status.serving(); }
int64_t PaymentServer::rejected(RejectReason reason) const { return state_->rejects.count(reason); }
DeadLetterCounts PaymentServer::dead_letters() const {
  return state_->dead_letters == nullptr ? DeadLetterCounts() : state_->dead_letters->counts();
}
int64_t PaymentServer::connections() const { return state_->client_port.numbers().connections; }
int64_t PaymentServer::open_calls() const { return state_->hub.open_calls(); }
int64_t PaymentServer::journal_lost() const { return state_->journal == nullptr ? 0 : state_->journal->lost(); }
int64_t PaymentServer::caught_up() const { return state_->catch_up.caught_up(); }
int32_t PaymentServer::catch_up_reading() const { return state_->catch_up.reading(); }

void PaymentServer::Shutdown() {
  if (std::exchange(state_->shut_down, true)) return;
  const int64_t now_ns = MonotonicNs();
  const auto share_ns = [&](double share) {
    return now_ns + static_cast<int64_t>(share * static_cast<double>(state_->options.drain_timeout_ns));
  };
  state_->status.SetStopping();
  state_->reader.RequestStop();
  if (!state_->hub.EndAll(share_ns(kOrderlyShare), share_ns(kCancelledShare))) {
    const int64_t calls = state_->hub.open_calls();
    spdlog::warn("[SERVER] {} calls are stuck; {} connections are broken", calls,
                 BreakConnections(state_->client_port.port()));
    state_->hub.WaitUntilEmpty(share_ns(1));
  }
  state_->reader.Stop();
  if (state_->dead_letters != nullptr) state_->dead_letters->Stop(kDeadLetterGraceNs);
  state_->catch_up.Stop();
  state_->evidence.Stop();
  if (state_->server != nullptr) {
    state_->status.OnServing(nullptr);
    state_->ShutDownGrpc();
  }
  state_->hub.Stop();
  state_->metrics.reset();
  if (state_->journal != nullptr) state_->journal->Close();
}

}  // namespace pipeline
