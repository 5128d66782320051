#include "tests/verify/history_model.h"

#include <algorithm>
#include <map>
#include <random>
#include <tuple>
#include <utility>

#include "harness/verify/client_view.h"

namespace harness {
namespace {

using pipeline::PaymentStatus;
using pipeline::Provider;

constexpr int64_t kTick = 1'000'000;  // ns between two things that happen
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
  explicit Model(const ModelPlan& plan) : plan_(plan), random_(plan.seed) {}

  ModelRun Make() {
    SetUp();
    const int early = Below(plan_.records / 2 + 1);
    for (int i = 0; i < early; ++i) Produce();
    for (size_t c = 0; c < clients_.size(); ++c) Connect(c);
    for (int i = early; i < plan_.records; ++i) {
      Produce();
      Happen();
    }
    for (int i = 0; i < plan_.server_kills; ++i) KillServer();
    // Every client gets something that is acknowledged, whatever its filter.
    for (const Client& client : history_.clients) ProduceCertain(client.filter);
    Finish();
    return {std::move(history_), std::move(scenario_)};
  }

 private:
  int Below(int limit) { return static_cast<int>(random_() % static_cast<uint64_t>(std::max(limit, 1))); }
  bool Chance(int percent) { return Below(100) < percent; }
  int64_t Now() { return now_ += kTick; }

  void SetUp() {
    history_.run_id = "run";
    history_.load_begin_ns = Now();
    history_.partitions.resize(static_cast<size_t>(plan_.partitions));
    history_.phases.push_back({.name = "steady", .begin_ns = now_, .measured = true});
    scenario_.phases.push_back({.name = "steady", .rate_per_s = 100});
    scenario_.servers.emplace_back().name = "server-1";
    scenario_.producers.emplace_back().name = "load";
    scenario_.producers.emplace_back().name = "shop";
    AddProcess("server-1", 100);
    AddProcess("shop", 200);
    AddProducer("load");
    AddProducer("shop");
    AddProducer("sentinel");
    if (plan_.foreign) AddProducer("stranger", false);
    AddClient("first", {}, ResumeMode::kToken, true);
    for (int i = 0; i < plan_.clients; ++i) {
      const pipeline::Filter filter{static_cast<Provider>(Below(4)),
                                    static_cast<PaymentStatus>(Chance(60) ? 0 : Below(5))};
      const bool none = Chance(30);
      AddClient("client-" + std::to_string(i), filter, none ? ResumeMode::kNone : ResumeMode::kToken,
                !(none && plan_.foreign && Chance(50)));
    }
  }

  void AddProducer(const std::string& name, bool has_acks = true) {
    Producer& added = history_.producers.emplace_back();
    added.name = name;
    added.has_acks = has_acks;
  }

  void AddProcess(const std::string& name, int64_t pid) {
    ProcessSpan& added = history_.processes.emplace_back();
    added.name = name;
    added.pid = pid;
    added.started_ns = added.ready_ns = now_;
  }

  void AddClient(const std::string& name, pipeline::Filter filter, ResumeMode resume, bool positions) {
    Client& added = history_.clients.emplace_back();
    added.name = name;
    added.filter = filter;
    added.resume = resume;
    scenario_.clients.emplace_back().name = name;
    AddProcess(name, 300);
    ModelClient client;
    client.positions = positions;
    client.position.resize(static_cast<size_t>(plan_.partitions));
    client.received.assign(static_cast<size_t>(plan_.partitions), -1);
    clients_.push_back(std::move(client));
  }

  // ---- producers and the log

  struct Content {
    uint64_t id = 0;
    int32_t partition = 0;
    Provider provider = Provider::kUnknown;
    PaymentStatus status = PaymentStatus::kUnknown;
    int64_t timestamp_s = 0;
  };

  Content RandomContent() {
    Content content;
    const bool further = !payments_.empty() && Chance(55);
    content.id =
        further ? payments_[static_cast<size_t>(Below(static_cast<int>(payments_.size())))] : 1000 + payments_.size();
    if (!further) payments_.push_back(content.id);
    // The key decides the partition; a few ids are spread, so that the fold has to look across.
    content.partition =
        static_cast<int32_t>((content.id % 7 == 0 ? random_() : content.id) % static_cast<uint64_t>(plan_.partitions));
    content.provider = static_cast<Provider>(content.id % 4);
    content.status = static_cast<PaymentStatus>(Below(5));
    content.timestamp_s = 1'700'000'000 + Below(20);
    return content;
  }

  void Produce() {
    const Content content = RandomContent();
    const int kind = Below(100);
    const size_t producer = Chance(70) ? 0 : 1;
    if (plan_.foreign && kind < 4) {
      Append(content, Rec::Make(3, ++stranger_sequence_), random_() | 1, true);
    } else if (plan_.foreign && kind < 8) {
      Send(1, content, Outcome::kOk, {.log = true, .told = Chance(70), .rec = false});
    } else if (kind < 12) {
      Send(1, content, Outcome::kOk, {.log = true, .told = true, .valid = false});
    } else if (kind < 16) {
      Send(producer, content, Outcome::kUnknown, {.log = Chance(50), .told = false});
    } else if (kind < 19) {
      Send(producer, content, Outcome::kFail, {.log = false, .told = false});
    } else if (kind < 24) {
      Send(producer, content, Outcome::kOk, {.log = true, .told = false});
    } else {
      Send(producer, content, Outcome::kOk, {.log = true, .told = true});
    }
  }

  struct How {
    bool log = true;
    bool told = true;
    bool valid = true;
    bool rec = true;
    bool sentinel = false;
  };

  void Send(size_t producer, const Content& content, Outcome outcome, How how) {
    auto& sends = history_.producers[producer].sends;
    harness::Send send;
    send.planned_ns = send.sent_ns = Now();
    if (producer == 0) {
      ++history_.phases[0].planned;
      send.planned_ns -= Below(1000);
    }
    send.content_hash = how.valid ? random_() | 1 : 0;
    send.outcome = outcome;
    send.sentinel = how.sentinel;
    send.measured = !how.sentinel;
    const Rec rec = Rec::Make(static_cast<uint16_t>(producer), sends.size() + 1);
    if (how.log) {
      const int64_t offset =
          Append(content, how.rec && how.valid ? rec : Rec{}, send.content_hash, how.valid, how.sentinel);
      if (how.told) send.offset = offset, send.partition = content.partition;
      // A retry whose first try had arrived after all.
      if (!how.sentinel && Chance(4)) Append(content, how.rec && how.valid ? rec : Rec{}, send.content_hash, how.valid);
    }
    if (outcome == Outcome::kOk || outcome == Outcome::kFail) send.acked_ns = Now();
    sends.push_back(send);
  }

  int64_t Append(const Content& content, Rec rec, uint64_t hash, bool valid, bool sentinel = false) {
    PartitionLog& log = history_.partitions[static_cast<size_t>(content.partition)];
    if (Chance(4)) ++log.end_offset;  // a gap
    LogRecord record;
    record.offset = log.end_offset++;
    record.seen_ns = Now();
    record.rec = rec;
    record.content_hash = hash;
    record.valid = valid;
    record.id_hash = valid ? content.id : 0;
    record.timestamp_s = content.timestamp_s;
    record.crc32c = static_cast<uint32_t>(random_()) | 1;
    record.provider = content.provider;
    record.status = content.status;
    record.sentinel = sentinel;
    log.records.push_back(record);
    return record.offset;
  }

  void ProduceCertain(const pipeline::Filter& filter) {
    Content content = RandomContent();
    content.id = 1000 + payments_.size();
    payments_.push_back(content.id);
    Match(filter, &content);
    Send(0, content, Outcome::kOk, {});
  }

  static void Match(const pipeline::Filter& filter, Content* content) {
    if (filter.provider != Provider::kUnknown) content->provider = filter.provider;
    if (filter.status != PaymentStatus::kUnknown) content->status = filter.status;
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
    const bool resumes = client.resume == ResumeMode::kToken && state.known;
    connection.resumed = resumes;
    state.stream = {};
    state.stream.open = true;
    state.stream.start = state.position;
    const bool live_only = !resumes && c > 0 && client.resume == ResumeMode::kToken && Chance(20);
    for (size_t p = 0; p < state.position.size(); ++p) {
      LifeStart& start = state.stream.start[p];
      const int64_t end = history_.partitions[p].end_offset;
      if (live_only) {
        start = {end - 1, -1};
      } else if (!resumes) {
        start = {-1, end - 1 - (Chance(30) ? std::min<int64_t>(Below(3), end) : 0)};  // the replica may lag
      } else if (start.snapshot_until < 0 && Chance(15)) {
        connection.sent.clear();
        start.after = std::max(first_bound_[c][p], start.after - Below(4));  // a declared overlap
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
    client.connections.push_back(connection);
  }

  void Break(size_t c) {
    ModelClient& state = clients_[c];
    if (!state.stream.open) return;
    state.stream.open = false;
    Connection& connection = history_.clients[c].connections.back();
    connection.ended_ns = Now();
    connection.code = kUnavailable;
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
    delivery.connection = static_cast<uint32_t>(client.connections.size() - 1);
    if (client.connections.back().first_message_ns == 0) client.connections.back().first_message_ns = now_;
    delivery.kind = existing ? DeliveryKind::kExisting : DeliveryKind::kNew;
    if (state.positions) {
      delivery.partition = partition;
      delivery.offset = record.offset;
      delivery.crc32c = Chance(90) ? record.crc32c : 0;
    }
    const bool repeat = client.resume == ResumeMode::kToken && record.offset <= state.received[p];
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
    for (size_t c = 0; c < clients_.size(); ++c) Break(c);
    for (Client& client : history_.clients) client.attempts.push_back({Now(), kUnavailable, "refused"});
    for (int i = Below(3); i > 0; --i) Produce();
    ProduceCertain({});
    Now();
    AddProcess("server-1", 101);
    fault.healed_ns = now_;
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
    for (int32_t p = 0; p < plan_.partitions; ++p) {
      for (const pipeline::Filter& filter : filters) {
        Content content = RandomContent();
        content.id = 900'000 + random_() % 1'000'000'000;
        content.partition = p;
        Match(filter, &content);
        Send(2, content, Outcome::kOk, {.sentinel = true});
      }
    }
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
    for (ProcessSpan& span : history_.processes) {
      if (span.ended_ns != 0) continue;
      span.ended_ns = Now();
      span.ended_by_harness = true;
    }
    if (plan_.foreign && Chance(40)) {
      Client& blind = history_.clients.emplace_back();
      blind.name = "blind";
      blind.observed = false;
      scenario_.clients.emplace_back().name = "blind";
    }
  }

  const ModelPlan plan_;
  std::mt19937_64 random_;
  int64_t now_ = 1'000'000'000;
  History history_;
  Scenario scenario_;
  std::vector<ModelClient> clients_;
  std::map<size_t, std::vector<int64_t>> first_bound_;  // by client: no overlap is declared below it
  std::vector<uint64_t> payments_;
  uint64_t stranger_sequence_ = 0;
};

}  // namespace

ModelRun MakeRun(const ModelPlan& plan) { return Model(plan).Make(); }

}  // namespace harness
