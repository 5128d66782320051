#include "harness/observe/embedded_subscribers.h"

#include <fmt/format.h>
#include <grpc/grpc.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "harness/contract/canonical.h"
#include "harness/observe/log_lines.h"
#include "harness/observe/name_batch.h"

namespace harness {
namespace {

constexpr size_t kBatchMax = 512;
// A connection, and what wakes its thread.
constexpr rlim_t kFilesEach = 2;
// What the harness has open beside its subscribers' connections: logs, journals, its own calls.
constexpr rlim_t kOtherFiles = 512;

// Each subscriber is a thread that waits for its own connection. By default all threads of a process take turns at one
// set of epoll(7), an event each: of 1,000 subscribers half the events came 1.9 s late, with poll(2) 0.25 s, on a busy
// machine. gRPC reads this when it begins; the programs under test choose for themselves.
void WaitWithPoll() {
  static const bool chosen = [] {
    constexpr char kStrategy[] = "GRPC_POLL_STRATEGY";
    const bool told = getenv(kStrategy) != nullptr;  // NOLINT(concurrency-mt-unsafe)
    if (!told) setenv(kStrategy, "poll", 1);         // NOLINT(concurrency-mt-unsafe)
    grpc_init();                                     // never shut down, so that it stays
    if (!told) unsetenv(kStrategy);                  // NOLINT(concurrency-mt-unsafe)
    return true;
  }();
  static_cast<void>(chosen);
}

std::vector<TokenPart> TokenParts(const pipeline::Token& token) {
  std::vector<TokenPart> starts;
  starts.reserve(token.partitions.size());
  for (const auto& [partition, at] : token.partitions) {
    starts.push_back({partition, at.after, at.snapshot_until.value_or(-1)});
  }
  return starts;
}

// All calls come from its subscription's thread.
class EmbeddedSubscriber : public pipeline::SubscriptionObserver {
 public:
  EmbeddedSubscriber(Recorder* recorder, size_t client, pipeline::SubscriptionOptions options)
      : recorder_(recorder), client_(client), subscription_(std::move(options), this), thread_([this] { Run(); }) {}
  ~EmbeddedSubscriber() override { Join(); }
  EmbeddedSubscriber(const EmbeddedSubscriber&) = delete;
  EmbeddedSubscriber& operator=(const EmbeddedSubscriber&) = delete;

  void Stop() { subscription_.Stop(); }
  void Join() {
    Stop();
    if (thread_.joinable()) thread_.join();
  }

  void OnStarted(const pipeline::StreamStarted& start) override {
    Flush();
    Connection connection;
    connection.started_ns = start.time_ns;
    connection.server = start.server;
    connection.server_id = start.server_id;
    connection.resumed = start.resumed;
    connection.has_start = start.has_start;
    connection.log_id = start.token.log_id;
    connection.subscription = start.subscription;
    connection.token = TokenParts(start.token);
    recorder_->OnConnection(client_, connection);
  }
  void OnEvent(const pipeline::ReceivedEvent& event) override {
    Take(event, event.existing ? DeliveryKind::kExisting : DeliveryKind::kNew);
  }
  void OnDropped(const pipeline::ReceivedEvent& event) override { Take(event, DeliveryKind::kDropped); }
  void OnBookmark(const pipeline::ReceivedBookmark& bookmark) override {
    Flush();
    std::vector<Bookmark> bookmarks;
    bookmarks.reserve(bookmark.positions.size());
    for (const auto& [partition, offset] : bookmark.positions) {
      bookmarks.push_back({.time_ns = bookmark.time_ns, .offset = offset, .partition = partition});
    }
    recorder_->OnBookmarks(client_, bookmarks);
  }
  void OnCaughtUp() override { Flush(); }
  void OnEnded(const pipeline::StreamEnded& end) override {
    Flush();
    if (end.connection == 0) {
      recorder_->OnFailedAttempt(client_, {.time_ns = end.time_ns,
                                           .code = end.code,
                                           .message = end.message,
                                           .tells_token = true,
                                           .sent = end.sent ? TokenParts(*end.sent) : std::vector<TokenPart>()});
    } else {
      recorder_->OnConnectionEnd(client_, {end.time_ns, end.code, end.message});
    }
  }

 private:
  void Run() {
    const pipeline::SubscriptionResult result = subscription_.Run();
    Flush();
    if (result.kind != pipeline::SubscriptionResult::Kind::kStopped) {
      // What it lacks from now on is for the verdict to find.
      spdlog::warn("an embedded subscriber (client {}) gave up: code {}, {}", client_, result.code, result.message);
    }
  }
  void Take(const pipeline::ReceivedEvent& event, DeliveryKind kind) {
    Delivery& delivery = deliveries_.emplace_back();
    delivery.time_ns = event.time_ns;
    delivery.offset = event.offset;
    delivery.partition = event.partition;
    delivery.crc32c = event.record_crc32c.value_or(0);
    delivery.kind = kind;
    delivery.processed_at_s = event.processed_at_s;
    delivery.amount_differs = event.amount_beside.has_value();
    delivery.content_hash = CanonicalHash(event.payment);
    delivery.id_hash = IdHash(event.payment.id);
    delivery.rec = recorder_->ParseRec(RecTextOf(event.payment)).value_or(Rec{});
    delivery.sentinel = recorder_->IsSentinel(delivery.rec);
    names_.Add(delivery.id_hash, event.payment.id);
    if (deliveries_.size() >= kBatchMax) Flush();
  }
  void Flush() {
    names_.TellTo(recorder_);
    if (!deliveries_.empty()) recorder_->OnDeliveries(client_, deliveries_);
    deliveries_.clear();
  }

  Recorder* const recorder_;
  const size_t client_;
  std::vector<Delivery> deliveries_;
  NameBatch names_;
  pipeline::Subscription subscription_;
  std::thread thread_;  // last: it uses all the others
};

}  // namespace

struct EmbeddedSubscribers::State {
  std::optional<rlimit> files_before;  // the limit, where it was raised
  Recorder* recorder = nullptr;
  pipeline::Mutex mutex;
  std::map<size_t, std::unique_ptr<EmbeddedSubscriber>> subscribers ABSL_GUARDED_BY(mutex);  // by client
};

EmbeddedSubscribers::EmbeddedSubscribers(Recorder* recorder) : state_(std::make_unique<State>()) {
  state_->recorder = recorder;
  WaitWithPoll();
}

EmbeddedSubscribers::~EmbeddedSubscribers() {
  StopAll();
  // Programs that are started later get what the harness was given.
  if (state_->files_before) setrlimit(RLIMIT_NOFILE, &*state_->files_before);
}

void EmbeddedSubscribers::Reserve(size_t subscribers) {
  rlimit files{};
  const rlim_t needed = subscribers * kFilesEach + kOtherFiles;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= needed) return;
  const rlimit raised{needed, files.rlim_max};
  if (needed > files.rlim_max || setrlimit(RLIMIT_NOFILE, &raised) != 0) {
    throw std::runtime_error(
        fmt::format("{} embedded subscribers need {} open files, and this process may have {}; raise the limit (ulimit "
                    "-Hn), or have fewer",
                    subscribers, needed, files.rlim_max));
  }
  state_->files_before = files;
}

void EmbeddedSubscribers::Add(size_t client, pipeline::SubscriptionOptions options) {
  auto subscriber = std::make_unique<EmbeddedSubscriber>(state_->recorder, client, std::move(options));
  const pipeline::MutexLock lock(&state_->mutex);
  state_->subscribers[client] = std::move(subscriber);
}

void EmbeddedSubscribers::Stop(size_t client) {
  std::unique_ptr<EmbeddedSubscriber> stopped;
  {
    const pipeline::MutexLock lock(&state_->mutex);
    auto found = state_->subscribers.extract(client);
    if (found) stopped = std::move(found.mapped());
  }
}

void EmbeddedSubscribers::StopAll() {
  std::map<size_t, std::unique_ptr<EmbeddedSubscriber>> stopped;
  {
    const pipeline::MutexLock lock(&state_->mutex);
    stopped.swap(state_->subscribers);
  }
  for (const auto& [client, subscriber] : stopped) subscriber->Stop();
  for (const auto& [client, subscriber] : stopped) subscriber->Join();
}

}  // namespace harness
