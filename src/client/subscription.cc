#include "client/subscription.h"

#include <grpcpp/support/status.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "client/event_log_file.h"
#include "client/event_stream.h"
#include "client/token.h"
#include "common/clock.h"
#include "payment/codec.h"

namespace pipeline {
namespace {

// What is at hand is written to the event log and handed on in one go, up to these.
constexpr size_t kBatchEventsMax = 256;
constexpr size_t kBatchBytesMax = size_t{1024} * 1024;

// The event log can't be written any more.
class LogFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// An event that was read and not yet handed on.
struct Arrival {
  ReceivedEvent event;
  bool has_payment = true;
  bool covered = false;  // handed on before
};

}  // namespace

struct Subscription::State {
  State(SubscriptionOptions given, SubscriptionObserver* watcher)
      : options(std::move(given)), observer(watcher), random(options.jitter_seed) {
    if (options.servers.empty()) throw std::runtime_error("no server to connect to");
    if (options.event_log_path.empty()) return;
    log.Open(options.event_log_path, options.filter);
    position = log.position();
    connection = log.last_connection();
  }

  SubscriptionResult Run();
  void Stop();

  // One stream from connecting to its end, told to observer and log.
  StreamStatus RunStream(const std::string& server);
  std::unique_ptr<EventStream> Open(const std::string& server, const Position* sent) const;
  // Sets the position to the beginning of the log that the server has now. What went wrong, if it did.
  std::optional<StreamStatus> FindEarliest(const std::string& server);
  // Reads what the server says first. What is wrong with it, if anything.
  std::optional<StreamStatus> Begin(const EventStream& stream, const std::string& server, const Position* sent);
  void Started(const std::string& server, const ParsedStart* start, const Position* sent);
  void Receive(EventStream* stream, const std::string& server);
  void Take(::payment::PaymentBatch* batch);
  void HandOn(const std::string& server);
  bool Covered(const Arrival& arrival);
  void SkipGap(const StreamStatus& end);
  void WriteLog();
  StreamStatus Ended(StreamStatus status);

  bool stopped() const {
    const std::lock_guard lock(mutex);
    return stop;
  }
  // False: stopped first.
  bool Sleep(int64_t wait_ns) {
    std::unique_lock lock(mutex);
    return !woken.wait_for(lock, std::chrono::nanoseconds(wait_ns), [this] { return stop; });
  }
  // While it lives, Stop() cancels this stream.
  class StoppableStream {
   public:
    StoppableStream(State* state, EventStream* stream) : state_(state) {
      const std::lock_guard lock(state_->mutex);
      state_->current = stream;
      allowed_ = !state_->stop;
    }
    ~StoppableStream() {
      const std::lock_guard lock(state_->mutex);
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
  EventLogFile log;
  ResumePosition position;
  uint32_t connection = 0;     // of the last stream that started
  bool started = false;        // the present stream has started
  bool has_start = false;      // ... with a StreamStart
  int failures = 0;            // consecutive, without data
  bool find_earliest = false;  // first ask which log there is now, then start at its earliest record
  std::vector<Arrival> arrivals;
  size_t arrived_bytes = 0;
  std::string scratch;

  mutable std::mutex mutex;
  std::condition_variable woken;
  bool stop = false;               // under mutex
  EventStream* current = nullptr;  // under mutex
};

Subscription::Subscription(SubscriptionOptions options, SubscriptionObserver* observer)
    : state_(std::make_unique<State>(std::move(options), observer)) {}

Subscription::~Subscription() = default;

SubscriptionResult Subscription::Run() { return state_->Run(); }

void Subscription::Stop() { state_->Stop(); }

void Subscription::State::Stop() {
  const std::lock_guard lock(mutex);
  stop = true;
  if (current != nullptr) current->Cancel();
  woken.notify_all();
}

SubscriptionResult Subscription::State::Run() {
  using Kind = SubscriptionResult::Kind;
  size_t server = 0;
  try {
    while (!stopped()) {
      const StreamStatus end = RunStream(options.servers[server]);
      if (stopped()) break;
      const AfterEnd action = ActionAfter(end.code);
      if (action == AfterEnd::kFatal) return {Kind::kFatal, end.code, end.message, end.gaps};
      if (action == AfterEnd::kGap) {
        if (options.on_gap == OnGap::kFail) return {Kind::kGap, end.code, end.message, end.gaps};
        SkipGap(end);
      }
      ++failures;
      if (options.reconnect.attempts_max > 0 && failures > options.reconnect.attempts_max) {
        return {Kind::kExhausted, end.code, end.message, end.gaps};
      }
      server = (server + 1) % options.servers.size();
      const double chance = std::uniform_real_distribution<double>(0, 1)(random);
      const int64_t wait_ns = ReconnectDelayNs(options.reconnect, failures, chance);
      observer->OnReconnecting(failures, options.reconnect.attempts_max, wait_ns);
      if (!Sleep(wait_ns)) break;
    }
  } catch (const LogFailure& failure) {
    return {Kind::kLogFailed, 0, failure.what(), {}};
  }
  return {};
}

std::unique_ptr<EventStream> Subscription::State::Open(const std::string& server, const Position* sent) const {
  const ChannelOptions channel{.keepalive_time_ns = options.keepalive_time_ns,
                               .keepalive_timeout_ns = options.keepalive_timeout_ns,
                               .connect_timeout_ns = options.connect_timeout_ns,
                               .service_config_json = {}};
  return OpenStreamPayments(server, channel, options.filter, sent);
}

StreamStatus Subscription::State::RunStream(const std::string& server) {
  observer->OnConnecting(server, failures);
  started = false;
  has_start = false;
  if (find_earliest) {
    if (std::optional<StreamStatus> failed = FindEarliest(server)) return Ended(std::move(*failed));
    find_earliest = false;
  }
  std::optional<Position> sent;
  if (position.known()) sent = position.position();
  const std::unique_ptr<EventStream> stream = Open(server, sent ? &*sent : nullptr);
  const StoppableStream stoppable(this, stream.get());
  if (!stoppable.allowed()) return {};
  if (!stream->Start()) return Ended(stream->Finish());
  if (std::optional<StreamStatus> refused = Begin(*stream, server, sent ? &*sent : nullptr)) {
    stream->Finish();
    return Ended(std::move(*refused));
  }
  Receive(stream.get(), server);
  return Ended(stream->Finish());
}

std::optional<StreamStatus> Subscription::State::FindEarliest(const std::string& server) {
  const std::unique_ptr<EventStream> stream = Open(server, nullptr);
  const StoppableStream stoppable(this, stream.get());
  if (!stoppable.allowed()) return StreamStatus{};
  const bool begun = stream->Start();
  StreamStatus end = stream->Finish();
  if (!begun) return end;
  const std::optional<std::string> bytes = stream->start_bytes();
  if (!bytes) return end.code == grpc::StatusCode::CANCELLED ? std::nullopt : std::optional(std::move(end));
  StartParse parse = ParseStreamStart(*bytes);
  if (!parse.start) return StreamStatus{grpc::StatusCode::INTERNAL, server + " sent " + parse.error, {}};
  Position earliest = std::move(parse.start->token);
  for (auto& [partition, at] : earliest.partitions) at = PartitionPosition{};
  position.Set(earliest);
  return std::nullopt;
}

std::optional<StreamStatus> Subscription::State::Begin(const EventStream& stream, const std::string& server,
                                                       const Position* sent) {
  const std::optional<std::string> bytes = stream.start_bytes();
  // Without a StreamStart only the first event shows that the call has not failed.
  if (!bytes) return std::nullopt;
  StartParse parse = ParseStreamStart(*bytes);
  if (!parse.start) return StreamStatus{grpc::StatusCode::INTERNAL, server + " sent " + parse.error, {}};
  parse.start->subscription = stream.subscription();
  if (sent != nullptr && parse.start->token.log_id != sent->log_id) {
    return StreamStatus{grpc::StatusCode::FAILED_PRECONDITION,
                        server + " has the log " + parse.start->token.log_id + ", this stream resumes " + sent->log_id,
                        {}};
  }
  Started(server, &*parse.start, sent);
  return std::nullopt;
}

void Subscription::State::Started(const std::string& server, const ParsedStart* start, const Position* sent) {
  started = true;
  has_start = start != nullptr;
  StreamStarted message{.time_ns = MonotonicNs(),
                        .connection = ++connection,
                        .server = server,
                        .server_id = {},
                        .has_start = has_start,
                        .resumed = has_start && sent != nullptr,
                        .token = {}};
  if (has_start) {
    message.server_id = start->server_id;
    message.token = start->token;
    message.subscription = start->subscription;
    position.OnStart(start->token, message.resumed);
  } else {
    position.Reset();
  }
  if (log.is_open()) {
    scratch.clear();
    AppendConnectionEntry(message, options.filter, sent, &scratch);
    log.Add(scratch);
    WriteLog();
  }
  observer->OnStarted(message);
}

void Subscription::State::Receive(EventStream* stream, const std::string& server) {
  ::payment::PaymentBatch batch;
  bool all_handed_on = true;
  for (;;) {
    Next next = stream->Read(all_handed_on, &batch);
    while (next == Next::kData) {
      Take(&batch);
      if (arrivals.size() >= kBatchEventsMax || arrived_bytes >= kBatchBytesMax) break;
      next = stream->Read(false, &batch);
    }
    HandOn(server);
    if (next == Next::kEnd) return;
    all_handed_on = next == Next::kNothing;
    if (all_handed_on) observer->OnCaughtUp();
  }
}

void Subscription::State::Take(::payment::PaymentBatch* batch) {
  const int64_t now_ns = MonotonicNs();
  for (const ::payment::PaymentEvent& message : batch->events()) {
    Arrival arrival;
    ReceivedEvent& event = arrival.event;
    event.time_ns = now_ns;
    event.existing = message.event_type() == "existing";
    // A server without positions leaves the three out; a first record's checksum alone is never 0 by design.
    if (has_start || message.partition() != 0 || message.offset() != 0 || message.record_crc32c() != 0) {
      event.partition = message.partition();
      event.offset = message.offset();
      event.record_crc32c = message.record_crc32c();
    }
    arrival.has_payment = message.has_payment();
    event.payment = FromProto(message.payment());
    event.processed_at_s = message.payment().processed_at();
    arrived_bytes += message.ByteSizeLong();
    arrivals.push_back(std::move(arrival));
  }
  batch->Clear();
}

// Order matters: all of a batch is in the event log before any of it is shown.
void Subscription::State::HandOn(const std::string& server) {
  if (arrivals.empty()) return;
  if (!started) Started(server, nullptr, nullptr);
  for (Arrival& arrival : arrivals) {
    arrival.event.connection = connection;
    arrival.covered = Covered(arrival);
    if (!log.is_open()) continue;
    scratch.clear();
    if (arrival.covered) {
      AppendDropEntry(arrival.event, &scratch);
    } else if (arrival.has_payment) {
      AppendEventEntry(arrival.event, &scratch);
    } else if (arrival.event.offset >= 0) {
      AppendBookmarkEntry(arrival.event.time_ns, connection, {{arrival.event.partition, arrival.event.offset}},
                          &scratch);
    }
    if (!scratch.empty()) log.Add(scratch);
  }
  WriteLog();
  for (const Arrival& arrival : arrivals) {
    if (arrival.covered) {
      observer->OnDropped(arrival.event);
      continue;
    }
    failures = 0;
    if (arrival.has_payment) {
      observer->OnEvent(arrival.event);
    } else {
      observer->OnSkipped(arrival.event);
    }
  }
  arrivals.clear();
  arrived_bytes = 0;
}

bool Subscription::State::Covered(const Arrival& arrival) {
  const ReceivedEvent& event = arrival.event;
  if (!has_start) return false;  // nothing to resume: passed on as it comes
  return !position.OnEvent(event.partition, event.offset, event.record_crc32c);
}

void Subscription::State::SkipGap(const StreamStatus& end) {
  if (options.on_gap == OnGap::kEarliest && end.code == grpc::StatusCode::OUT_OF_RANGE && !end.gaps.empty()) {
    for (const Gap& gap : end.gaps) position.SetEarliest(gap.partition, gap.earliest);
    return;
  }
  position.Reset();
  find_earliest = options.on_gap == OnGap::kEarliest;
}

void Subscription::State::WriteLog() {
  try {
    log.Write();
  } catch (const std::system_error& error) {
    throw LogFailure(error.what());
  }
}

StreamStatus Subscription::State::Ended(StreamStatus status) {
  if (stopped()) status = {grpc::StatusCode::CANCELLED, "stopped by this client", {}};
  const StreamEnded message{.time_ns = MonotonicNs(),
                            .connection = started ? connection : 0,
                            .code = status.code,
                            .message = status.message,
                            .gaps = status.gaps};
  if (log.is_open()) {
    scratch.clear();
    AppendEndEntry(message, &scratch);
    log.Add(scratch);
    WriteLog();
  }
  observer->OnEnded(message);
  return status;
}

}  // namespace pipeline
