#include "harness/observe/unary_prober.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "common/clock.h"
#include "common/mutex.h"
#include "harness/contract/canonical.h"
#include "harness/contract/decimal.h"
#include "harness/observe/log_lines.h"
#include "harness/verify/checker.h"
#include "harness/verify/fold.h"
#include "harness/verify/log_index.h"
#include "payment.grpc.pb.h"
#include "payment/codec.h"

namespace harness {
namespace {

using ::payment::PaymentService;

constexpr int kPageSize = 100;
constexpr int kReconnectPauseMs = 100;
constexpr int kReconnectPauseMaxMs = 500;
constexpr int64_t kConnectTimeoutNs = 1'000'000'000;
constexpr int kAnswersKeptMax = 200;

std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectPauseMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectPauseMaxMs);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // it is on this machine
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
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
  // `quiet_server`: after the drain, that one is asked.
  // False: it was given up, or not answered in time.
  bool Ask(Target target, std::optional<uint16_t> quiet_server, int64_t timeout_ns);
  void KeepAnswer(const UnaryRead& read, const ::payment::Payment& answer);
  ListWalk Walk(uint16_t server, int pages_max, const QuietAsking* quiet, int64_t deadline_ns);
  ListWalk WalkUntilLoaded(uint16_t server, const QuietAsking& asking, int64_t deadline_ns);
  // What a traversal has to show: the fold of the audited log, sorted.
  std::vector<std::pair<uint64_t, uint64_t>> Expected() const;
  std::vector<::payment::Position> Ends() const;
  // Waits until the server is connected to, kConnectTimeoutNs at most: a call that fails at once moves no connection on
  // (gRPC polls only while a call waits, or every five seconds), and would fail for as long as none does.
  void AwaitConnected(uint16_t server);
  // Makes `context` the call that Stop gives up. False: stopped already.
  bool Enter(grpc::ClientContext* context, int64_t deadline_ns, int64_t timeout_ns);
  // False: it was given up.
  bool Leave();

  const ProbeOptions options;
  Recorder* const recorder;
  std::vector<uint16_t> indices;  // the recorder's, by server
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  std::vector<std::unique_ptr<PaymentService::Stub>> stubs;
  std::mt19937_64 random;
  int answers_kept = 0;

  pipeline::Mutex mutex;
  pipeline::CondVar wake;
  grpc::ClientContext* call ABSL_GUARDED_BY(mutex) = nullptr;
  bool stopping ABSL_GUARDED_BY(mutex) = false;

  std::thread thread;
};

void UnaryProber::State::AwaitConnected(uint16_t server) {
  const int64_t deadline_ns = pipeline::MonotonicNs() + kConnectTimeoutNs;
  constexpr auto kLook = std::chrono::milliseconds(50);
  while (!channels[server]->WaitForConnected(std::chrono::system_clock::now() + kLook)) {
    const pipeline::MutexLock lock(&mutex);
    if (stopping || pipeline::MonotonicNs() >= deadline_ns) return;
  }
}

bool UnaryProber::State::Enter(grpc::ClientContext* context, int64_t deadline_ns, int64_t timeout_ns) {
  const int64_t left_ns = std::clamp<int64_t>(deadline_ns - pipeline::MonotonicNs(), 0, timeout_ns);
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::nanoseconds(left_ns));
  const pipeline::MutexLock lock(&mutex);
  if (stopping) return false;
  call = context;
  return true;
}

bool UnaryProber::State::Leave() {
  const pipeline::MutexLock lock(&mutex);
  call = nullptr;
  return !stopping;
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

// What of an answer its content's hash does not have. A server of the plain contract promises neither.
template <typename Answer>
void TakeFields(const ::payment::Payment& message, Answer* answer) {
  if (!message.has_exact_amount()) return;
  const pipeline::Money exact{message.exact_amount().units(), message.exact_amount().exponent()};
  answer->processed_at_s = message.processed_at();
  answer->amount_differs = message.amount() != NearestDouble(exact);
}

// An answer with another content than was received, for people to see if it turns out to be wrong.
void UnaryProber::State::KeepAnswer(const UnaryRead& read, const ::payment::Payment& answer) {
  if (answers_kept >= kAnswersKeptMax) return;
  uint64_t received = 0;
  recorder->Read([&](const History& history) {
    if (read.partition < 0 || static_cast<size_t>(read.partition) >= history.partitions.size()) return;
    const LogRecord* record = history.partitions[static_cast<size_t>(read.partition)].Find(read.offset);
    if (record != nullptr) received = record->content_hash;
  });
  if (received == read.content_hash) return;
  ++answers_kept;
  KeptContent content;
  content.content_hash = read.content_hash;
  content.where = options.servers[read.server].name;
  content.payment = pipeline::FromProto(answer);
  recorder->OnContent(content);
}

bool UnaryProber::State::Ask(Target target, std::optional<uint16_t> quiet_server, int64_t timeout_ns) {
  UnaryRead& read = target.read;
  ::payment::GetPaymentRequest request;
  request.set_payment_id(target.id);
  read.quiet = quiet_server.has_value();
  if (quiet_server || random() % 2 == 0) {
    read.min_position = true;
    read.server = quiet_server ? *quiet_server : static_cast<uint16_t>(random() % options.servers.size());
    ::payment::Position* position = request.add_min_position();
    position->set_partition(read.partition);
    position->set_offset(read.offset);
  }
  grpc::ClientContext context;
  ::payment::Payment answer;
  if (!read.quiet) AwaitConnected(read.server);
  read.asked_ns = pipeline::MonotonicNs();
  context.set_wait_for_ready(read.quiet);
  if (!Enter(&context, read.asked_ns + timeout_ns, timeout_ns)) return false;
  const grpc::Status status = stubs[read.server]->GetPayment(&context, request, &answer);
  if (!Leave()) return false;  // given up by Stop: that is no answer of the server's
  read.answered_ns = pipeline::MonotonicNs();
  read.code = static_cast<uint8_t>(status.error_code());
  if (status.ok()) {
    read.content_hash = CanonicalHash(pipeline::FromProto(answer));
    TakeFields(answer, &read);
    KeepAnswer(read, answer);
  }
  read.server = indices[read.server];
  recorder->OnUnaryRead(read);
  return status.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED;
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

std::vector<std::pair<uint64_t, uint64_t>> UnaryProber::State::Expected() const {
  std::vector<std::pair<uint64_t, uint64_t>> expected;
  recorder->Read([&](const History& history) {
    const LogIndex log(history);
    for (const LogPlace winner : Fold(log, AuditedLasts(history, log))) {
      if (winner != kNoPlace) expected.emplace_back(log.record(winner).id_hash, log.record(winner).content_hash);
    }
  });
  std::sort(expected.begin(), expected.end());
  return expected;
}

ListWalk UnaryProber::State::WalkUntilLoaded(uint16_t server, const QuietAsking& asking, int64_t deadline_ns) {
  ListWalk walk = Walk(server, kQuietWalkPagesMax, &asking, deadline_ns);
  if (server < asking.tells_readiness.size() && asking.tells_readiness[server]) return walk;
  const auto expected = Expected();
  const auto is_right = [&] {
    if (!walk.whole || walk.payments.size() != expected.size()) return false;
    std::vector<std::pair<uint64_t, uint64_t>> listed;
    for (const ListedPayment& payment : walk.payments) listed.emplace_back(payment.id_hash, payment.content_hash);
    std::sort(listed.begin(), listed.end());
    return listed == expected;
  };
  const int64_t until_ns = std::min(asking.patience_ns, deadline_ns);
  while (!is_right() && !asking.stopped() && pipeline::MonotonicNs() + kQuietPauseNs < until_ns) {
    pipeline::MutexLock lock(&mutex);
    wake.WaitFor(&mutex, std::chrono::nanoseconds(kQuietPauseNs),
                 [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return stopping; });
    if (stopping) break;
    lock.Unlock();
    walk = Walk(server, kQuietWalkPagesMax, &asking, deadline_ns);
  }
  return walk;
}

ListWalk UnaryProber::State::Walk(uint16_t server, int pages_max, const QuietAsking* quiet, int64_t deadline_ns) {
  const int64_t timeout_ns = quiet != nullptr ? kQuietTimeoutNs : kReadTimeoutNs;
  ListWalk walk;
  walk.server = indices[server];
  walk.quiet = quiet != nullptr;
  ::payment::ListPaymentsRequest request;
  request.set_limit(kPageSize);
  if (walk.quiet) {
    for (const ::payment::Position& end : Ends()) *request.add_min_position() = end;
  }
  walk.begin_ns = pipeline::MonotonicNs();
  for (int page = 0; page < pages_max && !walk.whole && !walk.cut; ++page) {
    grpc::ClientContext context;
    ::payment::PaymentList list;
    context.set_wait_for_ready(walk.quiet);  // a server that has just come back may not be connected to yet
    const int64_t asked_ns = pipeline::MonotonicNs();
    const bool stop = walk.quiet && quiet->stopped();
    if (stop || !Enter(&context, deadline_ns, timeout_ns)) {
      walk.cut = true;
      break;
    }
    const grpc::Status status = stubs[server]->ListPayments(&context, request, &list);
    const bool given_up = !Leave();
    walk.code = static_cast<uint8_t>(status.error_code());
    // A call that had not its time to answer is the harness's matter.
    const bool had_its_time = deadline_ns - asked_ns >= timeout_ns;
    walk.cut = given_up || (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED && walk.quiet && !had_its_time);
    if (!status.ok()) break;
    for (const ::payment::Payment& payment : list.payments()) {
      ListedPayment& listed = walk.payments.emplace_back();
      listed.id_hash = IdHash(payment.id());
      listed.content_hash = CanonicalHash(pipeline::FromProto(payment));
      TakeFields(payment, &listed);
    }
    walk.total_count = list.total_count();
    request.set_cursor(list.next_cursor());
    walk.whole = list.next_cursor().empty();
  }
  walk.end_ns = pipeline::MonotonicNs();
  return walk;
}

void UnaryProber::State::Loop() {
  int reads = 0, walks = 0;
  pipeline::MutexLock lock(&mutex);
  while (!stopping) {
    if (wake.WaitFor(&mutex, std::chrono::nanoseconds(options.interval_ns),
                     [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return stopping; }))
      return;
    lock.Unlock();
    if (auto target = Choose()) {
      Ask(std::move(*target), std::nullopt, kReadTimeoutNs);
      if (++reads % kReadsPerWalk == 0 && walks < kWalksMax) {
        ++walks;
        const auto server = static_cast<uint16_t>(random() % options.servers.size());
        AwaitConnected(server);
        recorder->OnListWalk(Walk(server, kLoadWalkPagesMax, nullptr, pipeline::MonotonicNs() + kReadTimeoutNs));
      }
    }
    lock.Lock();
  }
}

UnaryProber::UnaryProber(ProbeOptions options, Recorder* recorder)
    : state_(std::make_unique<State>(std::move(options), recorder)) {
  State& state = *state_;
  state.random.seed(state.options.seed);
  for (const ProbedServer& server : state.options.servers) {
    state.indices.push_back(recorder->AddProbedServer(server));
    state.channels.push_back(ChannelTo(server.address));
    state.stubs.push_back(PaymentService::NewStub(state.channels.back()));
  }
  if (!state.stubs.empty()) state.thread = std::thread([this] { state_->Loop(); });
}

UnaryProber::~UnaryProber() { Stop(); }

void UnaryProber::Stop() {
  {
    const pipeline::MutexLock lock(&state_->mutex);
    state_->stopping = true;
    if (state_->call != nullptr) state_->call->TryCancel();
  }
  state_->wake.NotifyAll();
  if (state_->thread.joinable()) state_->thread.join();
}

void UnaryProber::AskQuiet(const QuietAsking& asking) {
  State& state = *state_;
  {
    const pipeline::MutexLock lock(&state.mutex);
    state.stopping = false;
  }
  for (size_t i = 0; i < state.stubs.size(); ++i) {
    const auto server = static_cast<uint16_t>(i);
    // What is left is shared, so that a server that does not answer takes nothing from those behind it.
    const int64_t now_ns = pipeline::MonotonicNs();
    const int64_t share_ns = (asking.deadline_ns - now_ns) / static_cast<int64_t>(state.stubs.size() - i);
    const int64_t deadline_ns = now_ns + share_ns;
    state.recorder->OnListWalk(state.WalkUntilLoaded(server, asking, deadline_ns));
    for (int reads = 0; reads < kQuietReadsPerServer && !asking.stopped(); ++reads) {
      const int64_t left_ns = deadline_ns - pipeline::MonotonicNs();
      if (left_ns < kReadTimeoutNs) break;
      auto target = state.Choose();
      if (target && !state.Ask(std::move(*target), server, std::min(left_ns, kQuietTimeoutNs))) break;
    }
  }
}

}  // namespace harness
