#include "benchmarks/verdict/synthetic_run.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

#include "harness/observe/recorder.h"
#include "harness/scenario/scenario_file.h"

namespace harness {
namespace {

constexpr int32_t kPartitions = 4;
constexpr int64_t kBatch = 100;      // records that an observer sees at once
constexpr int64_t kStepNs = 10'000;  // from one send to the next
constexpr int64_t kHopNs = 200'000;  // from one point to the next
constexpr int64_t kBeginNs = 1'000'000'000;
constexpr int64_t kListedMax = 500'000;  // as the prober
constexpr int kUnavailable = 14;
constexpr const char* kAddress = "127.0.0.1:50051";
constexpr std::array<const char*, 2> kClients = {"first", "second"};

uint64_t Mix(uint64_t value) {
  value = (value ^ (value >> 31)) * 0x9E37'79B9'7F4A'7C15;
  return value ^ (value >> 29);
}

uint64_t PaymentOf(int64_t record) { return static_cast<uint64_t>(record / 2); }
uint64_t SentinelPayment(int64_t index) { return UINT64_MAX - 1 - static_cast<uint64_t>(index); }
uint64_t IdHash(uint64_t payment) { return Mix(payment + 1); }
uint64_t ContentHash(Rec rec) { return Mix(rec.bits); }

class Synthesis {
 public:
  Synthesis(int64_t records, const std::string& history_dir) : records_(records), recorder_("synthetic", history_dir) {
    if (records < 1'000) throw std::invalid_argument("a synthetic run has at least 1000 records");
  }

  History Make() {
    SetUp();
    for (int64_t sent = 0; sent < records_; sent += kBatch) {
      if (sent / kBatch == records_ / kBatch / 2) Crash();
      Tell(producer_, sent, std::min(kBatch, records_ - sent));
    }
    for (int32_t p = 0; p < kPartitions; ++p) Tell(sentinels_, p, 1);
    ListAll();
    for (int32_t p = 0; p < kPartitions; ++p) recorder_.OnWatermarks(p, 0, ends_[static_cast<size_t>(p)]);
    return recorder_.Finish([this](History* history) {
      history->load_begin_ns = kBeginNs;
      history->phases[0].end_ns = history->load_end_ns = now_ns_;
      history->phases[0].planned = records_;
      history->drain_end_ns = now_ns_ + kHopNs;
      history->drained = true;
    });
  }

 private:
  void SetUp() {
    sentinels_ = recorder_.AddProducer(std::string(kSentinelProducer), true);
    producer_ = recorder_.AddProducer("load", true);
    Phase phase;
    phase.name = "steady";
    phase.begin_ns = kBeginNs;
    recorder_.AddPhase(phase);
    recorder_.SetPartitions(std::vector<int64_t>(kPartitions, 0), true);
    for (const char* name : kClients) {
      Client client;
      client.name = name;
      recorder_.AddClient(client);
    }
    probed_ = recorder_.AddProbedServer({"server-1", kAddress});
    server_ = recorder_.OnProcess(Server(1));
    for (size_t client = 0; client < kClients.size(); ++client) Connect(client, false);
  }

  ProcessSpan Server(int64_t pid) const {
    ProcessSpan span;
    span.name = "server-1";
    span.pid = pid;
    span.started_ns = span.ready_ns = now_ns_;
    return span;
  }

  void Connect(size_t client, bool resumed) {
    Connection connection;
    connection.started_ns = now_ns_;
    connection.first_message_ns = now_ns_ + kHopNs;
    connection.server = kAddress;
    connection.server_id = "server-1";
    connection.log_id = "log";
    connection.has_start = true;
    connection.resumed = resumed;
    for (int32_t p = 0; p < kPartitions; ++p) {
      connection.token.push_back({p, ends_[static_cast<size_t>(p)] - 1, -1});
    }
    if (resumed) connection.sent = connection.token;
    recorder_.OnConnection(client, connection);
  }

  void Crash() {
    FaultEvent fault;
    fault.name = "crash";
    fault.type = "process.kill";
    fault.target = "server-1";
    fault.planned_ns = fault.struck_ns = now_ns_;
    fault.healed_ns = now_ns_ + kHopNs;
    fault.effective = true;
    recorder_.OnFault(fault);
    recorder_.UpdateProcess(server_, [this](ProcessSpan* span) {
      span->ended_ns = now_ns_;
      span->ended_by_fault = true;
      span->how = "signal 9";
    });
    for (size_t client = 0; client < kClients.size(); ++client) {
      FailedAttempt end;
      end.time_ns = now_ns_;
      end.code = kUnavailable;
      end.message = "gone";
      recorder_.OnConnectionEnd(client, end);
    }
    recorder_.OnProcess(Server(2));
    for (size_t client = 0; client < kClients.size(); ++client) Connect(client, true);
  }

  // One batch, at each of the four points in turn.
  void Tell(uint16_t producer, int64_t begin, int64_t count) {
    const bool sentinel = producer == sentinels_;
    sends_.clear();
    outcomes_.clear();
    logged_.clear();
    deliveries_.clear();
    names_.clear();
    ids_.clear();
    for (int64_t i = begin; i < begin + count; ++i) Add(producer, i, sentinel);
    for (size_t i = 0; i < ids_.size(); ++i) names_.push_back({sends_[i].id_hash, ids_[i]});
    recorder_.OnNames(names_);
    recorder_.OnSends(producer, sends_);
    recorder_.OnOutcomes(producer, outcomes_);
    recorder_.OnLog(logged_);
    for (size_t client = 0; client < kClients.size(); ++client) recorder_.OnDeliveries(client, deliveries_);
    if (!sentinel) AskForLast();
  }

  // The prober's GetPayment of what came last.
  void AskForLast() {
    const Delivery& last = deliveries_.back();
    UnaryRead read;
    read.asked_ns = last.time_ns + 1;
    read.answered_ns = last.time_ns + kHopNs;
    read.id_hash = last.id_hash;
    read.content_hash = last.content_hash;
    read.offset = last.offset;
    read.partition = last.partition;
    read.server = probed_;
    recorder_.OnUnaryRead(read);
  }

  // The prober's walk through all payments after the drain: each with its last record, which has the later timestamp.
  void ListAll() {
    ListWalk walk;
    walk.begin_ns = now_ns_ + 4 * kHopNs;
    walk.end_ns = walk.begin_ns + kHopNs;
    walk.server = probed_;
    walk.quiet = true;
    walk.whole = records_ <= 2 * kListedMax;
    for (int64_t record = 0; record < std::min(records_, 2 * kListedMax); ++record) {
      if (record % 2 == 0 && record + 1 < records_) continue;
      walk.payments.push_back(
          {IdHash(PaymentOf(record)), ContentHash(Rec::Make(producer_, static_cast<uint64_t>(record) + 1))});
    }
    for (int32_t p = 0; p < kPartitions; ++p) {
      walk.payments.push_back(
          {IdHash(SentinelPayment(p)), ContentHash(Rec::Make(sentinels_, static_cast<uint64_t>(p) + 1))});
    }
    recorder_.OnListWalk(walk);
  }

  void Add(uint16_t producer, int64_t index, bool sentinel) {
    const auto sequence = static_cast<uint64_t>(index) + 1;
    const uint64_t payment = sentinel ? SentinelPayment(index) : PaymentOf(index);
    now_ns_ += kStepNs;
    LogSeen seen;
    seen.partition = static_cast<int32_t>(sentinel ? static_cast<uint64_t>(index) : Mix(payment) % kPartitions);
    LogRecord& record = seen.record;
    record.seen_ns = now_ns_ + 2 * kHopNs;
    record.offset = ends_[static_cast<size_t>(seen.partition)]++;
    record.rec = Rec::Make(producer, sequence);
    record.content_hash = ContentHash(record.rec);
    record.id_hash = IdHash(payment);
    record.timestamp_s = 1'700'000'000 + index % 2;
    record.crc32c = static_cast<uint32_t>(record.content_hash);
    record.provider = pipeline::Provider::kStripe;
    record.status = pipeline::PaymentStatus::kCompleted;
    record.valid = true;
    record.sentinel = sentinel;
    logged_.push_back(seen);

    SendSeen send;
    send.sequence = sequence;
    send.id_hash = record.id_hash;
    send.send.planned_ns = send.send.sent_ns = now_ns_;
    send.send.content_hash = record.content_hash;
    send.send.sentinel = sentinel;
    send.send.measured = !sentinel;
    sends_.push_back(send);
    outcomes_.push_back({sequence, now_ns_ + kHopNs, Outcome::kOk, seen.partition, record.offset});

    Delivery delivery;
    delivery.time_ns = now_ns_ + 3 * kHopNs;
    delivery.offset = record.offset;
    delivery.rec = record.rec;
    delivery.content_hash = record.content_hash;
    delivery.id_hash = record.id_hash;
    delivery.crc32c = record.crc32c;
    delivery.partition = seen.partition;
    delivery.sentinel = sentinel;
    deliveries_.push_back(delivery);
    std::string id = std::to_string(record.id_hash);
    id.resize(16, '0');
    ids_.push_back("pay_" + id.substr(0, 12));
  }

  const int64_t records_;
  Recorder recorder_;
  uint16_t producer_ = 0, sentinels_ = 0;
  uint16_t probed_ = 0;
  size_t server_ = 0;
  int64_t now_ns_ = kBeginNs;
  std::array<int64_t, kPartitions> ends_ = {};
  std::vector<SendSeen> sends_;
  std::vector<OutcomeSeen> outcomes_;
  std::vector<LogSeen> logged_;
  std::vector<Delivery> deliveries_;
  std::vector<std::string> ids_;
  std::vector<NameSeen> names_;
};

}  // namespace

History SyntheticRun(int64_t records, const std::string& history_dir) { return Synthesis(records, history_dir).Make(); }

std::string SyntheticScenarioText() {
  return R"({"name": "synthetic",
 "servers": [{"name": "server-1"}],
 "clients": [{"name": "first"}, {"name": "second"}],
 "producers": [{"name": "load"}],
 "phases": [{"name": "steady", "count": 1000, "rate": "max"}]})";
}

Scenario SyntheticScenario() {
  const ScenarioResult parsed = ParseScenario("synthetic", SyntheticScenarioText());
  if (const auto* scenario = std::get_if<Scenario>(&parsed)) return *scenario;
  throw std::logic_error("the synthetic scenario is none");
}

}  // namespace harness
