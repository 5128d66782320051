#include "tests/verify/history_model.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "harness/verify/client_view.h"
#include "tests/verify/journal_model.h"
#include "tests/verify/topic_model.h"

namespace harness {
namespace {

using pipeline::PaymentStatus;
using pipeline::Provider;

constexpr int kUnavailable = 14;

// What the server knows of one connection, and where it is in each partition.
struct Stream {
  bool open = false;
  std::vector<LifeStart> start;     // per partition, as its StreamStart says
  std::vector<int64_t> sent_until;  // offsets up to here were looked at
};

// A client of the model: its configuration, its position, and its stream.
struct ModelClient {
  bool positions = true;
  bool known = false;               // has a position
  std::vector<LifeStart> position;  // after, snapshot_until (-1 once beyond)
  std::vector<int64_t> received;    // the greatest offset handed on
  Stream stream;
};

class Model {
 public:
  explicit Model(const ModelPlan& plan) : world_(plan) {}

  ModelRun Make() {
    SetUp();
    const int early = Below(plan_.records / 2 + 1);
    for (int i = 0; i < early; ++i) topic_.Produce();
    for (size_t c = 0; c < clients_.size(); ++c) Connect(c);
    for (int i = early; i < plan_.records; ++i) {
      if (Chance(5)) topic_.BreakBroker();
      topic_.Produce();
      Happen();
      if (Chance(25)) topic_.HealBroker();
    }
    topic_.HealBroker();
    for (int i = 0; i < plan_.server_kills; ++i) KillServer();
    // Every client gets something that is acknowledged, whatever its filter.
    for (const Client& client : history_.clients) topic_.ProduceCertain(client.filter);
    Finish();
    return {std::move(history_), std::move(scenario_)};
  }

 private:
  int Below(int limit) { return world_.Below(limit); }
  bool Chance(int percent) { return world_.Chance(percent); }
  int64_t Now() { return world_.Now(); }

  void SetUp() {
    history_.run_id = "run";
    history_.load_begin_ns = Now();
    history_.partitions.resize(static_cast<size_t>(plan_.partitions));
    history_.phases.push_back({.name = "steady", .begin_ns = world_.now_ns, .measured = true});
    scenario_.phases.push_back({.name = "steady", .rate_per_s = 100});
    scenario_.expect.acked_share = 0;  // its runs are too short for a share
    scenario_.servers.emplace_back().name = "server-1";
    scenario_.producers.emplace_back().name = "load";
    scenario_.producers.emplace_back().name = "shop";
    world_.AddProcess("server-1", 100);
    journal_.Start();
    world_.AddProcess("shop", 200);
    topic_.AddProducers();
    AddClient("first", {}, ResumeMode::kToken, true);
    for (int i = 0; i < plan_.clients; ++i) {
      const pipeline::Filter filter{static_cast<Provider>(Below(4)),
                                    static_cast<PaymentStatus>(Chance(60) ? 0 : Below(5))};
      const bool none = Chance(30);
      AddClient("client-" + std::to_string(i), filter, none ? ResumeMode::kNone : ResumeMode::kToken,
                !(plan_.foreign && Chance(50)));
    }
  }

  void AddClient(const std::string& name, pipeline::Filter filter, ResumeMode resume, bool positions) {
    Client& added = history_.clients.emplace_back();
    added.name = name;
    added.filter = filter;
    added.resume = resume;
    added.reconnect_delay_min_ns = Chance(60) ? ModelWorld::kTick : 0;
    scenario_.clients.emplace_back().name = name;
    world_.AddProcess(name, 300);
    ModelClient client;
    client.positions = positions;
    client.position.resize(static_cast<size_t>(plan_.partitions));
    client.received.assign(static_cast<size_t>(plan_.partitions), -1);
    clients_.push_back(std::move(client));
  }

  // ---- the server

  // The fold over what the log holds up to `bounds` (offsets, not included).
  std::map<uint64_t, std::pair<int32_t, const LogRecord*>> Store(const std::vector<int64_t>& bounds) const {
    std::map<uint64_t, std::pair<int32_t, const LogRecord*>> store;
    const auto key = [](const std::pair<int32_t, const LogRecord*>& entry) {
      return std::make_tuple(pipeline::StatusRank(entry.second->status), entry.second->timestamp_s, entry.first,
                             entry.second->offset);
    };
    for (size_t p = 0; p < history_.partitions.size(); ++p) {
      for (const LogRecord& record : history_.partitions[p].records) {
        if (!record.valid || record.offset >= bounds[p]) continue;
        const std::pair<int32_t, const LogRecord*> entry{static_cast<int32_t>(p), &record};
        const auto [winner, is_new] = store.emplace(record.id_hash, entry);
        if (!is_new && key(winner->second) < key(entry)) winner->second = entry;
      }
    }
    return store;
  }
  std::vector<int64_t> Ends() const {
    std::vector<int64_t> ends;
    ends.reserve(history_.partitions.size());
    for (const PartitionLog& log : history_.partitions) ends.push_back(log.end_offset);
    return ends;
  }

  void Connect(size_t c) {
    Client& client = history_.clients[c];
    ModelClient& state = clients_[c];
    Connection connection;
    connection.started_ns = Now();
    connection.server = "127.0.0.1:1";
    connection.has_start = state.positions;
    const bool resumes = client.resume == ResumeMode::kToken && state.known && state.positions;
    connection.resumed = resumes;
    state.stream = {};
    state.stream.open = true;
    std::vector<LifeStart> asked_from = state.position;
    for (size_t p = 0; resumes && p < asked_from.size(); ++p) {
      LifeStart& from = asked_from[p];  // it may ask for some of what it has again
      if (from.snapshot_until < 0 && Chance(15)) from.after = std::max(first_bound_[c][p], from.after - Below(4));
    }
    state.stream.start = asked_from;
    if (resumes && state.positions && Chance(60)) {
      for (size_t p = 0; p < asked_from.size(); ++p) {
        const LifeStart& position = asked_from[p];
        connection.sent.push_back({static_cast<int32_t>(p), position.after, position.snapshot_until});
      }
    }
    const bool live_only = !resumes && c > 0 && client.resume == ResumeMode::kToken && state.positions && Chance(20);
    connection.live_only = live_only;
    for (size_t p = 0; p < state.position.size(); ++p) {
      LifeStart& start = state.stream.start[p];
      const int64_t end = history_.partitions[p].end_offset;
      if (live_only) {
        start = {end - 1, -1};
      } else if (!resumes) {
        start = {-1, end - 1 - (Chance(30) ? std::min<int64_t>(Below(3), end) : 0)};  // the replica may lag
      }
      if (state.positions && (resumes || live_only || start.snapshot_until >= 0 || Chance(50))) {
        connection.token.push_back({static_cast<int32_t>(p), start.after, start.snapshot_until});
      }
      state.stream.sent_until.push_back(start.after);
    }
    if (!resumes) {
      first_bound_[c].clear();
      for (const LifeStart& start : state.stream.start) first_bound_[c].push_back(start.bound());
      if (!state.known) state.position = state.stream.start;
    }
    state.known = true;
    std::vector<TokenPart> asked;
    asked.reserve(asked_from.size());
    for (size_t p = 0; p < asked_from.size(); ++p) {
      asked.push_back({static_cast<int32_t>(p), asked_from[p].after, asked_from[p].snapshot_until});
    }
    journal_.Connect(&connection, asked);
    client.connections.push_back(connection);
  }

  void Break(size_t c, bool killed = false) {
    ModelClient& state = clients_[c];
    if (!state.stream.open) return;
    state.stream.open = false;
    Connection& connection = history_.clients[c].connections.back();
    connection.ended_ns = Now();
    connection.code = kUnavailable;
    if (Chance(30)) WriteAhead(c);
    if (!killed) journal_.End(connection);
  }

  // What the server had handed over and nobody received any more.
  void WriteAhead(size_t c) {
    const Stream& stream = clients_[c].stream;
    const Client& client = history_.clients[c];
    const auto p = static_cast<size_t>(Below(plan_.partitions));
    for (const LogRecord& record : history_.partitions[p].records) {
      if (record.offset <= std::max(stream.sent_until[p], stream.start[p].bound())) continue;
      if (!record.valid || !client.filter.Matches(record.provider, record.status)) continue;
      journal_.Write(client.connections.back(), static_cast<int32_t>(p), record.offset);
      return;
    }
  }

  // Sends client `c` the next event of partition `p`; false when there is none.
  bool Step(size_t c, size_t p) {
    Stream& stream = clients_[c].stream;
    const Client& client = history_.clients[c];
    const auto& records = history_.partitions[p].records;
    const LifeStart start = stream.start[p];
    // The snapshot: latest state at or below snapshot_until. A superseded entry may be sent all the same.
    const bool in_snapshot = stream.sent_until[p] < start.snapshot_until;
    std::map<uint64_t, std::pair<int32_t, const LogRecord*>> latest, at_start;
    if (in_snapshot) {
      std::vector<int64_t> bounds;
      bounds.reserve(stream.start.size());
      for (const LifeStart& other : stream.start) bounds.push_back(other.bound() + 1);
      at_start = Store(bounds);
      latest = Store(Ends());
    }
    for (const LogRecord& record : records) {
      if (record.offset <= stream.sent_until[p]) continue;
      stream.sent_until[p] = record.offset;
      const bool existing = record.offset <= start.snapshot_until;
      if (!record.valid || !client.filter.Matches(record.provider, record.status)) continue;
      if (existing) {
        if (at_start[record.id_hash].second != &record) continue;
        const bool superseded = latest[record.id_hash].second != &record;
        if (superseded && Chance(60)) continue;
      }
      Deliver(c, static_cast<int32_t>(p), record, existing);
      return true;
    }
    return false;
  }

  void Deliver(size_t c, int32_t partition, const LogRecord& record, bool existing) {
    Client& client = history_.clients[c];
    ModelClient& state = clients_[c];
    const auto p = static_cast<size_t>(partition);
    Delivery delivery;
    delivery.time_ns = Now();
    journal_.Write(client.connections.back(), partition, record.offset);
    delivery.connection = static_cast<uint32_t>(client.connections.size() - 1);
    if (client.connections.back().first_message_ns == 0) client.connections.back().first_message_ns = world_.now_ns;
    delivery.kind = existing ? DeliveryKind::kExisting : DeliveryKind::kNew;
    if (state.positions) {
      delivery.partition = partition;
      delivery.offset = record.offset;
      delivery.crc32c = Chance(90) ? record.crc32c : 0;
    }
    const bool repeat = client.resume == ResumeMode::kToken && state.positions && record.offset <= state.received[p];
    if (repeat) {
      delivery.kind = DeliveryKind::kDropped;
      delivery.crc32c = 0;
    } else {
      delivery.rec = record.rec;
      delivery.content_hash = record.content_hash;
      delivery.id_hash = record.id_hash;
      delivery.sentinel = record.sentinel;
      state.received[p] = record.offset;
      state.position[p].after = record.offset;
      if (record.offset > state.position[p].snapshot_until) state.position[p].snapshot_until = -1;
    }
    client.deliveries.push_back(delivery);
  }

  // ---- what happens

  void Happen() {
    for (int i = Below(4); i > 0; --i) {
      const auto c = static_cast<size_t>(Below(static_cast<int>(clients_.size())));
      if (!clients_[c].stream.open) {
        if (Chance(50)) Connect(c);
      } else if (Chance(6)) {
        Break(c);
      } else {
        Step(c, static_cast<size_t>(Below(plan_.partitions)));
      }
    }
  }

  void KillServer() {
    FaultEvent fault;
    fault.name = "kill-" + std::to_string(history_.faults.size() + 1);
    fault.type = "process.kill";
    fault.target = "server-1";
    fault.planned_ns = fault.struck_ns = Now();
    fault.effective = true;
    fault.evidence = "pid ended by signal 9";
    auto server = std::find_if(history_.processes.rbegin(), history_.processes.rend(),
                               [](const ProcessSpan& span) { return span.name == "server-1"; });
    server->ended_ns = Now();
    server->ended_by_fault = true;
    for (size_t c = 0; c < clients_.size(); ++c) Break(c, true);
    journal_.Die();
    for (Client& client : history_.clients) client.attempts.push_back({Now(), kUnavailable, "refused"});
    for (int i = Below(3); i > 0; --i) topic_.Produce();
    topic_.ProduceCertain({});
    Now();
    world_.AddProcess("server-1", 101);
    journal_.Start();
    fault.healed_ns = world_.now_ns;
    history_.faults.push_back(fault);
    for (size_t c = 0; c < clients_.size(); ++c) Connect(c);
    for (int i = Below(6); i > 0; --i) Happen();
  }

  void Finish() {
    history_.phases[0].end_ns = history_.load_end_ns = Now();
    std::vector<pipeline::Filter> filters;
    for (const Client& client : history_.clients) {
      if (std::find(filters.begin(), filters.end(), client.filter) == filters.end()) filters.push_back(client.filter);
    }
    topic_.ProduceSentinels(filters);
    for (size_t c = 0; c < clients_.size(); ++c) {
      if (!clients_[c].stream.open) Connect(c);
      std::vector<size_t> open;
      for (size_t p = 0; p < history_.partitions.size(); ++p) open.push_back(p);
      while (!open.empty()) {
        const auto at = static_cast<size_t>(Below(static_cast<int>(open.size())));
        if (!Step(c, open[at])) open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
      }
    }
    history_.drain_end_ns = Now();
    history_.drained = true;
    for (size_t c = 0; c < clients_.size(); ++c) Break(c);
    journal_.Stop();
    for (ProcessSpan& span : history_.processes) {
      if (span.ended_ns != 0) continue;
      span.ended_ns = Now();
      span.ended_by_harness = true;
    }
    // Servers grow by all that they may: a log window, what is read ahead and kept, and slack.
    history_.log_bytes = Below(1 << 20);
    for (ProcessSpan& span : history_.processes) {
      span.rss_ready_bytes = Chance(90) ? 1 + Below(1 << 30) : 0;
      if (Chance(90)) span.rss_bytes_max = span.rss_ready_bytes + Below(448 << 20) + 3 * history_.log_bytes;
    }
    if (plan_.foreign && Chance(40)) {
      Client& blind = history_.clients.emplace_back();
      blind.name = "blind";
      blind.observed = false;
      scenario_.clients.emplace_back().name = "blind";
    }
  }

  ModelWorld world_;
  const ModelPlan& plan_ = world_.plan;
  History& history_ = world_.history;
  Scenario& scenario_ = world_.scenario;
  TopicModel topic_{&world_};
  JournalModel journal_{&world_};
  std::vector<ModelClient> clients_;
  std::map<size_t, std::vector<int64_t>> first_bound_;  // by client: no overlap is declared below it
};

}  // namespace

ModelRun MakeRun(const ModelPlan& plan) { return Model(plan).Make(); }

}  // namespace harness
