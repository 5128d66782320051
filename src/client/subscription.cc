#include "client/subscription.h"

#include <grpcpp/support/status.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <utility>

#include "client/channel.h"
#include "client/delivery.h"
#include "client/event_stream.h"
#include "client/proxy.h"
#include "client/reconnect_plan.h"
#include "client/token.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "text/duration.h"

namespace pipeline {

struct Subscription::State {
  State(SubscriptionOptions given, SubscriptionObserver* watcher)
      : options(std::move(given)),
        observer(watcher),
        random(options.jitter_seed),
        delivery(options.filter, options.event_log_path, observer),
        channels({.keepalive_time_ns = options.keepalive_time_ns,
                  .keepalive_timeout_ns = options.keepalive_timeout_ns,
                  .connect_timeout_ns = options.connect_timeout_ns,
                  .service_config_json = {}}),
        plan(options.reconnect, options.servers.size()) {
    if (options.servers.empty()) throw std::runtime_error("no server to connect to");
  }

  SubscriptionResult Run();
  void Stop();

  // One stream from connecting to its end, told to observer and log.
  StreamStatus RunStream(const std::string& server);
  // One call of it, and a second one where the server does not offer batches.
  StreamStatus RunCall(const StreamPeer& peer, StreamRpc rpc);
  StreamRpc RpcFor(const std::string& server) const;
  // Sets the token to the beginning of the log that the server has now. What went wrong, if it did.
  std::optional<StreamStatus> FindEarliest(const StreamPeer& peer);
  // Reads what the server says first. What is wrong with it, if anything.
  std::optional<StreamStatus> Begin(const EventStream& stream, const std::string& server, const Token* sent);
  // All that comes. What is wrong with it, if anything.
  std::optional<StreamStatus> Receive(EventStream* stream, const std::string& server);
  void SkipGap(const StreamStatus& end);
  StreamStatus Ended(const std::string& server, StreamStatus status);
  // What the status says about the attempts to come.
  void Judge(const std::string& server, StreamStatus* status);
  // After an end that is not the last, unless the plan says so: waits for the next attempt. The result, if it is over.
  std::optional<SubscriptionResult> WaitForNext(const StreamStatus& end);

  bool stopped() const {
    const MutexLock lock(&mutex);
    return stop;
  }
  // Or until stopped.
  void Sleep(int64_t wait_ns) {
    const MutexLock lock(&mutex);
    woken.WaitFor(&mutex, std::chrono::nanoseconds(wait_ns),
                  [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return stop; });
  }
  // While it lives, Stop() cancels this stream.
  class StoppableStream {
   public:
    StoppableStream(State* state, EventStream* stream) : state_(state) {
      const MutexLock lock(&state_->mutex);
      state_->current = stream;
      allowed_ = !state_->stop;
    }
    ~StoppableStream() {
      const MutexLock lock(&state_->mutex);
      state_->current = nullptr;
    }
    StoppableStream(const StoppableStream&) = delete;
    StoppableStream& operator=(const StoppableStream&) = delete;
    bool allowed() const { return allowed_; }  // false: stopped already, don't start

   private:
    State* state_;
    bool allowed_;
  };

  const SubscriptionOptions options;
  SubscriptionObserver* const observer;
  std::mt19937_64 random;

  // Run()'s thread only.
  Delivery delivery;
  Channels channels;
  ReconnectPlan plan;
  std::optional<Token> asked;       // the token of the present attempt
  AttemptEnd attempt;               // what the present attempt has come to
  bool find_earliest = false;       // first ask which log there is now, then start at its earliest record
  std::set<std::string> unbatched;  // servers that do not offer SubscribePayments

  mutable Mutex mutex;
  CondVar woken;
  bool stop ABSL_GUARDED_BY(mutex) = false;
  EventStream* current ABSL_GUARDED_BY(mutex) = nullptr;
};

Subscription::Subscription(SubscriptionOptions options, SubscriptionObserver* observer)
    : state_(std::make_unique<State>(std::move(options), observer)) {}

Subscription::~Subscription() = default;

SubscriptionResult Subscription::Run() { return state_->Run(); }

void Subscription::Stop() { state_->Stop(); }

void Subscription::State::Stop() {
  const MutexLock lock(&mutex);
  stop = true;
  if (current != nullptr) current->Cancel();
  woken.NotifyAll();
}

SubscriptionResult Subscription::State::Run() {
  using Kind = SubscriptionResult::Kind;
  try {
    while (!stopped()) {
      const StreamStatus end = RunStream(options.servers[plan.server()]);
      if (stopped()) break;
      const AfterEnd action = ActionAfter(end.code);
      if (action == AfterEnd::kFatal) return {Kind::kFatal, end.code, end.message, end.gaps};
      if (action == AfterEnd::kGap) {
        if (options.on_gap == OnGap::kFail) return {Kind::kGap, end.code, end.message, end.gaps};
        SkipGap(end);
      }
      if (const std::optional<SubscriptionResult> over = WaitForNext(end)) return *over;
    }
  } catch (const EventLogFailure& failure) {
    return {Kind::kLogFailed, 0, failure.what(), {}};
  }
  return {};
}

std::optional<SubscriptionResult> Subscription::State::WaitForNext(const StreamStatus& end) {
  using Kind = SubscriptionResult::Kind;
  const double chance = std::uniform_real_distribution<double>(0, 1)(random);
  const std::optional<NextAttempt> next = plan.After(attempt, MonotonicNs(), chance);
  if (!next) {
    return SubscriptionResult{plan.all_refuse() ? Kind::kFatal : Kind::kExhausted, end.code, end.message, end.gaps};
  }
  observer->OnReconnecting(next->attempt, options.reconnect.attempts_max, next->wait_ns);
  Sleep(next->wait_ns);
  return std::nullopt;
}

StreamRpc Subscription::State::RpcFor(const std::string& server) const {
  return options.rpc == StreamRpc::kAuto && unbatched.count(server) > 0 ? StreamRpc::kStream : options.rpc;
}

StreamStatus Subscription::State::RunStream(const std::string& server) {
  observer->OnConnecting(server, plan.failures());
  attempt = {};
  delivery.BeginAttempt();
  if (!options.resume) delivery.ForgetToken();
  asked.reset();
  const StreamPeer peer{server, options.connect_timeout_ns, channels.To(server)};
  if (find_earliest) {
    if (std::optional<StreamStatus> failed = FindEarliest(peer)) return Ended(server, std::move(*failed));
    find_earliest = false;
  }
  StreamStatus end = RunCall(peer, RpcFor(server));
  const bool offered = end.code != grpc::StatusCode::UNIMPLEMENTED || delivery.started();
  if (!offered && RpcFor(server) == StreamRpc::kAuto) {
    unbatched.insert(server);
    end = RunCall(peer, StreamRpc::kStream);
  }
  return Ended(server, std::move(end));
}

StreamStatus Subscription::State::RunCall(const StreamPeer& peer, StreamRpc rpc) {
  asked.reset();
  if (delivery.held_token().known()) asked = delivery.held_token().token();
  const std::unique_ptr<EventStream> stream =
      rpc == StreamRpc::kStream
          ? OpenStreamPayments(peer, options.filter, asked ? &*asked : nullptr)
          : OpenSubscribePayments(peer, options.filter, asked ? &*asked : nullptr, options.batch_events_max);
  const StoppableStream stoppable(this, stream.get());
  if (!stoppable.allowed()) return {};
  std::optional<StreamStatus> refused;
  if (stream->Start()) {
    refused = Begin(*stream, peer.server, asked ? &*asked : nullptr);
    if (!refused) refused = Receive(stream.get(), peer.server);
  }
  StreamStatus end = stream->Finish();
  const int64_t since_ns = delivery.started() ? delivery.started_ns() : stream->sent_ns();
  if (since_ns > 0) attempt.lasted_ns = MonotonicNs() - since_ns;
  attempt.accepted = delivery.started();
  return refused ? std::move(*refused) : end;
}

std::optional<StreamStatus> Subscription::State::FindEarliest(const StreamPeer& peer) {
  const std::unique_ptr<EventStream> stream = OpenStreamPayments(peer, options.filter, nullptr);
  const StoppableStream stoppable(this, stream.get());
  if (!stoppable.allowed()) return StreamStatus{};
  const bool begun = stream->Start();
  StreamStatus end = stream->Finish();
  if (!begun) return end;
  const std::optional<std::string> bytes = stream->start_bytes();
  if (!bytes) return end.code == grpc::StatusCode::CANCELLED ? std::nullopt : std::optional(std::move(end));
  StartParse parse = ParseStreamStart(*bytes);
  if (!parse.start) return StreamStatus{grpc::StatusCode::INTERNAL, peer.server + " sent " + parse.error};
  Token earliest = std::move(parse.start->token);
  for (auto& [partition, at] : earliest.partitions) at = TokenPart{};
  delivery.SetToken(earliest);
  return std::nullopt;
}

std::optional<StreamStatus> Subscription::State::Begin(const EventStream& stream, const std::string& server,
                                                       const Token* sent) {
  const std::optional<std::string> bytes = stream.start_bytes();
  // Without a StreamStart only the first event shows that the call has not failed.
  if (!bytes) return std::nullopt;
  StartParse parse = ParseStreamStart(*bytes);
  if (!parse.start) return StreamStatus{grpc::StatusCode::INTERNAL, server + " sent " + parse.error};
  parse.start->subscription = stream.subscription();
  if (sent != nullptr && parse.start->token.log_id != sent->log_id) {
    return StreamStatus{grpc::StatusCode::FAILED_PRECONDITION,
                        server + " has the log " + parse.start->token.log_id + ", this stream resumes " + sent->log_id};
  }
  delivery.Started(server, &*parse.start, sent);
  return std::nullopt;
}

std::optional<StreamStatus> Subscription::State::Receive(EventStream* stream, const std::string& server) {
  ::payment::PaymentBatch batch;
  bool all_handed_on = true;
  for (;;) {
    Next next = stream->Read(all_handed_on, &batch);
    std::optional<std::string> wrong;
    while (next == Next::kData) {
      wrong = delivery.Take(&batch);
      if (wrong || delivery.is_full()) break;
      next = stream->Read(false, &batch);
    }
    if (delivery.HandOn(server)) attempt.brought_news = true;
    if (wrong) return StreamStatus{grpc::StatusCode::INTERNAL, server + " sent " + *wrong};
    if (next == Next::kEnd) return std::nullopt;
    all_handed_on = next == Next::kNothing;
    if (all_handed_on) observer->OnCaughtUp();
  }
}

void Subscription::State::SkipGap(const StreamStatus& end) {
  if (options.on_gap == OnGap::kEarliest && end.code == grpc::StatusCode::OUT_OF_RANGE && !end.gaps.empty()) {
    for (const Gap& gap : end.gaps) delivery.SetEarliest(gap.partition, gap.earliest);
    return;
  }
  delivery.ForgetToken();
  find_earliest = options.on_gap == OnGap::kEarliest;
}

StreamStatus Subscription::State::Ended(const std::string& server, StreamStatus status) {
  const bool not_reached =
      status.code == grpc::StatusCode::UNAVAILABLE || status.code == grpc::StatusCode::DEADLINE_EXCEEDED;
  if (not_reached && !delivery.started()) status.message += ThroughProxy(ProxyFor(server));
  Judge(server, &status);
  if (stopped()) status = {grpc::StatusCode::CANCELLED, "stopped by this client"};
  delivery.Ended(status, asked ? &*asked : nullptr);
  return status;
}

void Subscription::State::Judge(const std::string& server, StreamStatus* status) {
  if (status->details) attempt.retry_after_ns = status->details->retry_delay_ns;
  // As OTLP has it: a server that is short of something for now says for how long.
  attempt.never_here = status->code == grpc::StatusCode::RESOURCE_EXHAUSTED && status->details.has_value() &&
                       !status->details->retry_delay_ns;
  if (attempt.never_here) status->message += " (" + server + " does not ask for another try)";
  // Not even on its way: a connection that takes no call is not used again.
  if (status->code == grpc::StatusCode::DEADLINE_EXCEEDED && attempt.lasted_ns == 0) channels.Forget(server);
  if (!status->too_many_pings) return;
  const std::string before = DurationText(channels.keepalive_time_ns(server));
  const std::optional<int64_t> now_ns = channels.PingLess(server);
  attempt.pinged_less = now_ns.has_value();
  status->message += " (" + server + " finds a ping every " + before + " too many" +
                     (now_ns ? ": every " + DurationText(*now_ns) + " from now on)" : ")");
}

}  // namespace pipeline
