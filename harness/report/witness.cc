// witness.txt: what broke first comes first (story.h); for the first violation of each chapter the record, every place
// it was seen with its time, the faults and connections around it, its neighbours, and the command that runs the
// scenario again.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/observe/log_lines.h"
#include "harness/report/names.h"
#include "harness/report/neighbours.h"
#include "harness/report/record_life.h"
#include "harness/report/report.h"
#include "harness/report/story.h"
#include "harness/report/text.h"
#include "payment/money.h"

namespace harness {
namespace {

constexpr int64_t kAroundNs = 2'000'000'000;  // faults and connections this near to the record's life are shown
constexpr size_t kSightingsShown = 8;         // per place
constexpr size_t kClientsShown = 8;           // of those that a violation is not about
constexpr size_t kFieldColumns = 22;
constexpr size_t kContentsShown = 6;     // kept contents of the record
constexpr size_t kContentColumns = 300;  // of a raw value

// What a violation is about, looked up everywhere.
struct Subject {
  Rec rec;
  int32_t partition = -1;
  int64_t offset = -1;
  uint64_t id_hash = 0;
  std::vector<RunEvent> life;
  const LogRecord* logged = nullptr;  // where the topic holds it first
  int64_t first_ns = 0;
  int64_t last_ns = 0;
  bool is_record() const { return rec.has_value() || offset >= 0 || id_hash != 0; }
};

class WitnessWriter {
 public:
  // `log`: as in neighbours.h.
  WitnessWriter(const Report& report, const CheckResult& check, const std::function<const LogIndex&()>& log)
      : report_(report), history_(report.history), check_(check), log_(log) {}

  std::string Write() {
    Heading("");
    if (check_.violations.empty()) {
      Line(check_.reason);
      return text_;
    }
    violation_ = &check_.violations.front();
    Line(fmt::format("{} (suspected: {})", violation_->sentence, SuspectsText(*violation_)));
    if (!check_.reason.empty()) Line(check_.reason);
    FindSubject();
    if (subject_.is_record()) {
      AddRecord();
      AddLife();
    }
    AddSurroundings();
    if (subject_.is_record()) {
      AddNeighbours();
    }
    AddOthers();
    return text_;
  }

  // Of a check that is told below another: its sentences alone.
  std::string WriteBelow(const std::string& how) {
    Heading(": " + how);
    if (check_.violations.empty()) Line(check_.reason);
    for (const Violation& violation : check_.violations) {
      Line(fmt::format("{} (suspected: {})", violation.sentence, SuspectsText(violation)));
    }
    AddUntold();
    return text_;
  }

 private:
  void Heading(const std::string& how) {
    Line("== " + check_.name +
         (check_.violation_count > 0 ? " (" + Counted(check_.violation_count, "violation") + ")" : "") + how + " ==");
  }
  void Line(std::string_view line) { text_ += Printable(line) + "\n"; }
  void Field(std::string_view name, std::string_view value) {
    Line("  " + PadRight(name, kFieldColumns) + "  " + std::string(value));
  }
  std::string At(int64_t time_ns) const { return time_ns == 0 ? "never" : MomentText(time_ns, history_.load_begin_ns); }
  // Whether the witness is of this client: the one named, or any where none is.
  bool Concerns(const Client& client) const {
    return client.observed && (violation_->client.empty() || violation_->client == client.name);
  }
  void Saw(int64_t time_ns) {
    if (time_ns == 0) return;
    subject_.first_ns = subject_.first_ns == 0 ? time_ns : std::min(subject_.first_ns, time_ns);
    subject_.last_ns = std::max(subject_.last_ns, time_ns);
  }
  void FindSubject();
  void AddRecord();
  void AddContents();
  void AddLife();
  void AddSurroundings();
  void AddConnections(const Client& client, int64_t from_ns, int64_t to_ns);
  void AddNeighbours();
  void AddOthers();
  void AddUntold();

  const Report& report_;
  const History& history_;
  const CheckResult& check_;
  const std::function<const LogIndex&()>& log_;
  const Violation* violation_ = nullptr;
  Subject subject_;
  std::string text_;
};

void WitnessWriter::FindSubject() {
  subject_.rec = violation_->rec;
  subject_.partition = violation_->partition;
  subject_.offset = violation_->offset;
  subject_.id_hash = violation_->id_hash;
  RecordName name{subject_.rec, {}};
  if (subject_.offset >= 0) name.positions.push_back({subject_.partition, subject_.offset});
  name = Completed(history_, std::move(name));
  subject_.rec = name.rec;
  const bool is_named = subject_.rec.has_value() || subject_.offset >= 0;
  subject_.life =
      is_named ? LifeOf(history_, {&name, 1}) : LifeOf(history_, FindRecordsOfPayment(history_, subject_.id_hash));
  for (const RunEvent& event : subject_.life) {
    Saw(event.time_ns);
    if (!is_named || event.type != EventType::kLogged || subject_.logged != nullptr) continue;
    subject_.logged = &LogRecordOf(history_, event);
    if (subject_.id_hash == 0) subject_.id_hash = subject_.logged->id_hash;
    if (subject_.offset >= 0) continue;
    subject_.partition = static_cast<int32_t>(event.actor);
    subject_.offset = subject_.logged->offset;
  }
  Saw(violation_->time_ns);
}

void WitnessWriter::AddRecord() {
  Line("");
  Line("The record");
  Field("rec", subject_.rec.has_value() ? RecText(history_, subject_.rec) : "none");
  if (subject_.id_hash != 0) Field("payment", PaymentIdText(history_, subject_.id_hash));
  if (subject_.offset >= 0) {
    Field("position", fmt::format("partition {} offset {}", subject_.partition, subject_.offset));
  }
  if (subject_.logged != nullptr) {
    const LogRecord& record = *subject_.logged;
    Field("content", record.valid ? fmt::format("{} {}", pipeline::ProviderName(record.provider),
                                                pipeline::StatusName(record.status))
                                  : fmt::format("no valid payment: {}", pipeline::RejectReasonName(record.reason)));
  }
  AddContents();
}

// What was kept of it, wherever it stood: docs/formats.md, "Contents".
void WitnessWriter::AddContents() {
  size_t shown = 0;
  for (const KeptContent& content : history_.contents) {
    const bool here =
        content.offset >= 0 && content.partition == subject_.partition && content.offset == subject_.offset;
    const bool its = content.content_hash != 0 && IdHash(content.payment.id) == subject_.id_hash;
    if ((!here && !its) || shown++ >= kContentsShown) continue;
    const pipeline::Payment& payment = content.payment;
    std::string text = content.value.substr(0, kContentColumns);
    if (content.content_hash != 0) {
      text = fmt::format("{} {}, {} {}, {}, created {}", pipeline::ToText(payment.amount, payment.amount.exponent),
                         payment.currency, pipeline::ProviderName(payment.provider),
                         pipeline::StatusName(payment.status), payment.customer_email, payment.created_at_s);
      for (const auto& [key, value] : payment.metadata) text += fmt::format(", {}={}", key, value);
    }
    Field("in " + content.where, text);
  }
}

// Hop by hop: what a producer did, the topic, each server that keeps a journal, each client.
void WitnessWriter::AddLife() {
  Line("");
  Line("Its life");
  std::vector<RunEvent> by_hop = subject_.life;
  const auto hop = [](const RunEvent& event) {
    const bool of_actor = event.type >= EventType::kServerRead && event.type <= EventType::kDelivered;
    return std::pair(event.type, of_actor ? event.actor : 0);
  };
  std::stable_sort(by_hop.begin(), by_hop.end(), [&](const RunEvent& a, const RunEvent& b) { return hop(a) < hop(b); });
  size_t seen = 0;
  size_t clients = 0;
  for (size_t i = 0; i < by_hop.size(); ++i) {
    if (by_hop[i].type == EventType::kDelivered && (i == 0 || hop(by_hop[i]) != hop(by_hop[i - 1]))) ++clients;
    if (clients > kClientsShown) continue;
    const std::string place = EventPlace(history_, by_hop[i]);
    seen = i > 0 && hop(by_hop[i]) == hop(by_hop[i - 1]) ? seen + 1 : 1;
    if (seen <= kSightingsShown) {
      const char* separator = by_hop[i].type == EventType::kPlanned ? ", " : " ";
      Field(place, At(by_hop[i].time_ns) + separator + EventText(history_, by_hop[i]));
    }
    const bool is_last = i + 1 == by_hop.size() || hop(by_hop[i + 1]) != hop(by_hop[i]);
    if (is_last && seen > kSightingsShown) {
      Field(place, "and " + Counted(static_cast<int64_t>(seen - kSightingsShown), "more time"));
    }
  }
  if (clients > kClientsShown) {
    Field("further clients", "and " + CountText(static_cast<int64_t>(clients - kClientsShown)) + " more received it");
  }
  for (const Absence& absence : AbsencesOf(history_, subject_.life)) Field(absence.place, absence.sentence);
  const std::string record = subject_.rec.has_value() ? RecText(history_, subject_.rec)
                             : subject_.offset >= 0   ? fmt::format("{}@{}", subject_.partition, subject_.offset)
                                                      : PaymentIdText(history_, subject_.id_hash);
  if (!subject_.life.empty() && report_.facts.has_journal) Line("  In time order: " + HistoryCommand(report_, record));
}

void WitnessWriter::AddSurroundings() {
  if (subject_.first_ns == 0) return;
  const int64_t from_ns = Since(subject_.first_ns, kAroundNs);
  const int64_t to_ns = Since(subject_.last_ns, -kAroundNs);
  Line("");
  Line("Around it (2 s before to 2 s after)");
  bool any = false;
  for (const FaultEvent& fault : history_.faults) {
    if (fault.struck_ns == 0 || fault.struck_ns > to_ns || (fault.healed_ns != 0 && fault.healed_ns < from_ns)) {
      continue;
    }
    any = true;
    Field("fault " + fault.name, fmt::format("{} {}, struck {}, healed {}; {}", fault.type, fault.target,
                                             At(fault.struck_ns), At(fault.healed_ns), fault.evidence));
  }
  if (!any) Field("faults", "none");
  for (const ProcessSpan& span : history_.processes) {
    if (span.ended_ns < from_ns || span.ended_ns > to_ns || span.ended_by_harness) continue;
    Field("process " + span.name, fmt::format("pid {} ended {} ({})", span.pid, At(span.ended_ns), span.how));
  }
  size_t shown = 0;
  for (const Client& client : history_.clients) {
    if (Concerns(client) && shown++ < kClientsShown) AddConnections(client, from_ns, to_ns);
  }
  if (shown > kClientsShown) {
    Field("further clients", CountText(static_cast<int64_t>(shown - kClientsShown)) + " more are not shown");
  }
}

void WitnessWriter::AddConnections(const Client& client, int64_t from_ns, int64_t to_ns) {
  size_t shown = 0;
  for (size_t i = 0; i < client.connections.size() && shown < kSightingsShown; ++i) {
    const Connection& connection = client.connections[i];
    if (connection.started_ns > to_ns || (connection.ended_ns != 0 && connection.ended_ns < from_ns)) continue;
    ++shown;
    std::string value = fmt::format("connection {} to {}, {} {}", i + 1, connection.server, At(connection.started_ns),
                                    connection.resumed ? "resumed" : "from the beginning");
    for (const TokenPart& start : connection.token) {
      if (start.partition == subject_.partition) value += fmt::format(" after offset {}", start.after);
    }
    if (connection.ended_ns != 0) {
      value += fmt::format(", ended {} with code {} {}", At(connection.ended_ns), connection.code, connection.message);
    }
    Field("client " + client.name, value);
  }
}

void WitnessWriter::AddNeighbours() {
  const Sought sought{subject_.rec, subject_.partition, subject_.offset, subject_.id_hash, violation_->time_ns};
  const auto add = [this](const std::vector<std::string>& lines) {
    if (!lines.empty()) Line("");
    for (const std::string& line : lines) Line(line);
  };
  add(LogNeighbours(history_, sought));
  size_t shown = 0;
  for (size_t i = 0; i < history_.clients.size() && shown < kClientsShown; ++i) {
    if (!Concerns(history_.clients[i])) continue;
    add(ClientNeighbours(history_, i, sought, log_));
    ++shown;
  }
}

void WitnessWriter::AddOthers() {
  if (check_.violations.size() < 2) return;
  Line("");
  Line("Further violations");
  for (size_t i = 1; i < check_.violations.size(); ++i) Line("  " + check_.violations[i].sentence);
  AddUntold();
}

void WitnessWriter::AddUntold() {
  const int64_t untold = check_.violation_count - static_cast<int64_t>(check_.violations.size());
  if (untold > 0) Line("  and " + Counted(untold, "more violation"));
}

}  // namespace

bool HasWitness(const Report& report) {
  const std::vector<const CheckResult*> checks = AllChecks(report.verdict);
  return std::any_of(checks.begin(), checks.end(), [](const CheckResult* check) { return IsBroken(check->state); });
}

std::string WitnessText(const Report& report) {
  if (!HasWitness(report)) return "";
  std::string text;
  std::unique_ptr<LogIndex> index;
  const std::function<const LogIndex&()> log = [&]() -> const LogIndex& {
    if (!index) index = std::make_unique<LogIndex>(report.history);
    return *index;
  };
  for (const Chapter& chapter : StoryOf(report)) {
    text += "\n" + WitnessWriter(report, *chapter.check, log).Write();
    for (const CheckResult* same : chapter.same) {
      text += "\n" + WitnessWriter(report, *same, log).WriteBelow("the same record as " + chapter.check->name);
    }
    for (const CheckResult* follows : chapter.follows) {
      text += "\n" + WitnessWriter(report, *follows, log).WriteBelow("after " + chapter.check->name);
    }
  }
  return fmt::format(
      "{}: scenario {}, seed {}, run {}\nTimes count from the begin of the load.\n{}\nRun it again\n  {}\n",
      VerdictName(report.verdict.verdict), Printable(report.scenario.name), report.scenario.seed,
      Printable(report.history.run_id), text, Printable(RerunCommand(report)));
}

}  // namespace harness
