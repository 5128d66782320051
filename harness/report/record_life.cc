#include "harness/report/record_life.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "harness/observe/log_lines.h"
#include "harness/report/names.h"

namespace harness {
namespace {

constexpr int64_t kClientAbsencesNamed = 8;

template <typename T>
std::optional<T> Number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<RecordPosition> ParsePosition(std::string_view id) {
  const size_t at = id.find('@');
  if (at == std::string_view::npos) return std::nullopt;
  const auto partition = Number<int32_t>(id.substr(0, at));
  const auto offset = Number<int64_t>(id.substr(at + 1));
  if (!partition || !offset) return std::nullopt;
  return RecordPosition{*partition, *offset};
}

std::optional<Rec> ParseRec(const History& history, std::string_view id) {
  const size_t dot = id.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto sequence = Number<int64_t>(id.substr(dot + 1));
  if (!sequence || *sequence == 0 || *sequence >= (int64_t{1} << 48)) return std::nullopt;
  const std::string_view name = id.substr(0, dot);
  for (size_t p = 0; p < history.producers.size(); ++p) {
    const std::string& producer = history.producers[p].name;
    if (name != producer && name != history.run_id + "." + producer) continue;
    return Rec::Make(static_cast<uint16_t>(p), static_cast<uint64_t>(*sequence));
  }
  return std::nullopt;
}

const LogRecord* LoggedAt(const History& history, const RecordPosition& position) {
  if (position.partition < 0 || static_cast<size_t>(position.partition) >= history.partitions.size()) return nullptr;
  return history.partitions[static_cast<size_t>(position.partition)].Find(position.offset);
}

bool IsNameless(const RecordSeen& seen) { return !seen.rec.has_value() && seen.offset < 0; }

// The content that an event tells of; 0: none.
uint64_t ContentOf(const History& history, const RunEvent& event) {
  switch (event.type) {
    case EventType::kSent:
      return SendOf(history, event).content_hash;
    case EventType::kLogged:
      return LogRecordOf(history, event).content_hash;
    case EventType::kDelivered:
      return DeliveryOf(history, event).content_hash;
    default:
      return 0;
  }
}

// Collects records, each once, in the order in which they are found.
class RecordList {
 public:
  explicit RecordList(const History& history) : history_(history) {}

  void Add(Rec rec, RecordPosition position) {
    const bool has_place = position.offset >= 0;
    const LogRecord* logged = has_place ? LoggedAt(history_, position) : nullptr;
    if (!rec.has_value() && logged != nullptr) rec = logged->rec;  // whoever says where says what
    if (!rec.has_value() && !has_place) return;                    // nothing tells it from another
    if (!rec.has_value()) {
      if (nameless_.emplace(position, records_.size()).second) records_.push_back({rec, {position}});
      return;
    }
    const auto [at, is_new] = index_.emplace(rec.bits, records_.size());
    if (is_new) records_.push_back({rec, {}});
    if (has_place) AddPosition(at->second, position);
  }
  void AddPayment(uint64_t id_hash) { records_.push_back({Rec{}, {}, id_hash}); }
  bool empty() const { return records_.empty(); }
  const std::vector<RecordName>& records() const { return records_; }
  // With the positions at which the topic holds them.
  std::vector<RecordName> Take() {
    for (size_t p = 0; p < history_.partitions.size(); ++p) {
      for (const LogRecord& record : history_.partitions[p].records) {
        const auto found = record.rec.has_value() ? index_.find(record.rec.bits) : index_.end();
        if (found != index_.end()) AddPosition(found->second, {static_cast<int32_t>(p), record.offset});
      }
    }
    std::erase_if(records_, [this](const RecordName& record) { return IsOfAnother(record); });
    return std::move(records_);
  }

 private:
  void AddPosition(size_t index, RecordPosition position) {
    std::vector<RecordPosition>& positions = records_[index].positions;
    if (std::find(positions.begin(), positions.end(), position) == positions.end()) positions.push_back(position);
  }
  // A place whose record says no rec, and that a producer was told for what it sent there.
  bool IsOfAnother(const RecordName& record) const {
    if (record.rec.has_value() || record.positions.empty()) return false;
    const Rec rec = Completed(history_, record).rec;
    return rec.has_value() && index_.contains(rec.bits);
  }

  const History& history_;
  std::vector<RecordName> records_;
  std::unordered_map<uint64_t, size_t> index_;  // by Rec::bits
  std::map<RecordPosition, size_t> nameless_;
};

// Of the events that `wanted` accepts, those of the topic and of producers count before those of clients, who may have
// been handed something else at that place.
template <typename Wanted>
void Collect(const History& history, const Wanted& wanted, bool clients_too, RecordList* list) {
  for (const bool clients : {false, true}) {
    if (!list->empty() && !clients_too) return;
    ForEachRecordEvent(history, [&](const RunEvent& event) {
      // A server says where, not what.
      if (event.type == EventType::kServerRead || event.type == EventType::kServerWrote) return;
      if ((event.type == EventType::kDelivered) != clients) return;
      const RecordSeen seen = RecordOf(history, event);
      if (wanted(seen)) list->Add(seen.rec, {seen.partition, seen.offset});
    });
  }
}

// Looks up what an event is of.
class Matcher {
 public:
  Matcher(const History& history, std::span<const RecordName> records) : history_(history) {
    for (const RecordName& record : records) {
      if (record.rec.has_value()) recs_.push_back(record.rec.bits);
      if (record.id_hash != 0) payments_.insert(record.id_hash);
      positions_.insert(positions_.end(), record.positions.begin(), record.positions.end());
    }
    std::sort(recs_.begin(), recs_.end());
    std::sort(positions_.begin(), positions_.end());
  }
  // What a matching event says of a content: a client may have been handed it without a name.
  void Learn(const RunEvent& event) {
    if (event.type != EventType::kSent && event.type != EventType::kLogged) return;
    const RecordSeen seen = RecordOf(history_, event);
    const uint64_t content = ContentOf(history_, event);
    if (seen.id_hash != 0 && content != 0 && MatchesName(seen)) contents_.insert({seen.id_hash, content});
  }
  bool Matches(const RunEvent& event) const {
    const RecordSeen seen = RecordOf(history_, event);
    if (MatchesName(seen)) return true;
    if (event.type != EventType::kDelivered || !IsNameless(seen) || seen.id_hash == 0) return false;
    return payments_.contains(seen.id_hash) || contents_.contains({seen.id_hash, ContentOf(history_, event)});
  }

 private:
  bool MatchesName(const RecordSeen& seen) const {
    if (seen.rec.has_value() && std::binary_search(recs_.begin(), recs_.end(), seen.rec.bits)) return true;
    return seen.offset >= 0 &&
           std::binary_search(positions_.begin(), positions_.end(), RecordPosition{seen.partition, seen.offset});
  }

  const History& history_;
  std::vector<uint64_t> recs_;
  std::vector<RecordPosition> positions_;
  std::set<uint64_t> payments_;
  std::set<std::pair<uint64_t, uint64_t>> contents_;  // payment id and content
};

bool IsOf(std::span<const RunEvent> life, EventType type) {
  return std::any_of(life.begin(), life.end(), [&](const RunEvent& event) { return event.type == type; });
}

// By servers that keep a journal; one that is cut does not say what did not happen.
void AddServerAbsences(const History& history, std::span<const RunEvent> life, std::vector<Absence>* absences) {
  for (size_t s = 0; s < history.servers.size(); ++s) {
    const JournaledServer& server = history.servers[s];
    const bool cut = server.broken_lines > 0 || std::any_of(server.lives.begin(), server.lives.end(),
                                                            [](const ServerLife& of) { return of.lost > 0; });
    const auto absent = [&](EventType type) {
      return std::none_of(life.begin(), life.end(),
                          [&](const RunEvent& event) { return event.type == type && event.actor == s; });
    };
    const std::string sentence = cut ? "not in its journal, which is cut" : "not in its journal";
    if (absent(EventType::kServerRead)) absences->push_back({"read by " + server.name, sentence});
    if (absent(EventType::kServerWrote)) absences->push_back({"written by " + server.name, sentence});
  }
}

// By clients; of many with the same story the first few by name.
void AddClientAbsences(const History& history, std::span<const RunEvent> life, const LogRecord* logged,
                       std::vector<Absence>* absences) {
  std::vector<bool> received(history.clients.size());
  for (const RunEvent& event : life) {
    if (event.type == EventType::kDelivered) received[event.actor] = true;
  }
  std::map<std::string_view, int64_t> told;
  for (size_t c = 0; c < history.clients.size(); ++c) {
    const Client& client = history.clients[c];
    if (received[c]) continue;
    const bool filtered = logged != nullptr && !client.filter.Matches(logged->provider, logged->status);
    const std::string_view sentence = !client.observed ? "not observed (no event log)"
                                      : filtered       ? "not asked for by its filter"
                                                       : "never received";
    if (told[sentence]++ < kClientAbsencesNamed) absences->push_back({"client " + client.name, std::string(sentence)});
  }
  for (const auto& [sentence, count] : told) {
    if (count > kClientAbsencesNamed) {
      absences->push_back({fmt::format("{} more clients", count - kClientAbsencesNamed), std::string(sentence)});
    }
  }
}

}  // namespace

std::vector<RecordName> FindRecords(const History& history, std::string_view id) {
  RecordList list(history);
  if (const auto position = ParsePosition(id)) {
    const auto is_there = [&](const RecordSeen& seen) {
      return seen.partition == position->partition && seen.offset == position->offset;
    };
    Collect(history, is_there, false, &list);
  }
  if (const auto rec = ParseRec(history, id); rec && list.empty()) {
    Collect(
        history, [&](const RecordSeen& seen) { return seen.rec == *rec; }, false, &list);
  }
  if (list.empty() && !id.empty()) return FindRecordsOfPayment(history, IdHash(id));
  return list.Take();
}

std::vector<RecordName> FindRecordsOfPayment(const History& history, uint64_t id_hash) {
  RecordList list(history);
  Collect(
      history, [&](const RecordSeen& seen) { return seen.id_hash == id_hash; }, true, &list);
  Matcher matcher(history, list.records());
  ForEachRecordEvent(history, [&](const RunEvent& event) { matcher.Learn(event); });
  bool any_unknown = false;  // handed to a client, and neither sent nor in the topic as such
  ForEachRecordEvent(history, [&](const RunEvent& event) {
    if (event.type != EventType::kDelivered) return;
    const RecordSeen seen = RecordOf(history, event);
    any_unknown = any_unknown || (seen.id_hash == id_hash && IsNameless(seen) && !matcher.Matches(event));
  });
  if (any_unknown) list.AddPayment(id_hash);
  return list.Take();
}

RecordName Completed(const History& history, RecordName name) {
  for (const RecordPosition& position : name.positions) {
    const LogRecord* logged = name.rec.has_value() ? nullptr : LoggedAt(history, position);
    if (logged == nullptr) continue;
    name.rec = logged->rec;
    for (size_t p = 0; p < history.producers.size() && !name.rec.has_value(); ++p) {
      const std::vector<Send>& sends = history.producers[p].sends;
      const auto found = std::find_if(sends.begin(), sends.end(), [&](const Send& send) {
        return send.offset == position.offset && send.partition == position.partition && send.sent_ns != 0 &&
               send.content_hash == logged->content_hash;
      });
      if (found == sends.end()) continue;
      name.rec = Rec::Make(static_cast<uint16_t>(p), static_cast<uint64_t>(found - sends.begin()) + 1);
    }
  }
  return name;
}

std::vector<RunEvent> LifeOf(const History& history, std::span<const RecordName> records) {
  Matcher matcher(history, records);
  ForEachRecordEvent(history, [&](const RunEvent& event) { matcher.Learn(event); });
  std::vector<RunEvent> life;
  ForEachRecordEvent(history, [&](const RunEvent& event) {
    if (matcher.Matches(event)) life.push_back(event);
  });
  std::sort(life.begin(), life.end(), Before);
  return life;
}

std::vector<RunEvent> LifeWithin(const History& history, std::span<const RunEvent> life, const RecordName& record) {
  Matcher matcher(history, {&record, 1});
  for (const RunEvent& event : life) matcher.Learn(event);
  std::vector<RunEvent> within;
  for (const RunEvent& event : life) {
    if (matcher.Matches(event)) within.push_back(event);
  }
  return within;
}

std::vector<RunEvent> MeanwhileOf(const History& history, std::span<const RunEvent> life) {
  int64_t first_ns = 0;
  int64_t last_ns = 0;
  for (const RunEvent& event : life) {
    if (event.time_ns == 0) continue;
    if (first_ns == 0) first_ns = event.time_ns;
    last_ns = event.time_ns;
  }
  std::vector<RunEvent> meanwhile;
  ForEachOtherEvent(history, [&](const RunEvent& event) {
    if (event.time_ns > last_ns) return;
    const bool is_on_before =
        event.type == EventType::kFaultStruck &&
        (history.faults[event.actor].healed_ns == 0 || history.faults[event.actor].healed_ns >= first_ns);
    if (event.time_ns >= first_ns || is_on_before) meanwhile.push_back(event);
  });
  std::sort(meanwhile.begin(), meanwhile.end(), Before);
  return meanwhile;
}

std::vector<Absence> AbsencesOf(const History& history, std::span<const RunEvent> life) {
  std::vector<Absence> absences;
  if (!IsOf(life, EventType::kSent)) absences.push_back({"sent", "no producer of this run says it sent it"});
  const LogRecord* logged = nullptr;
  for (const RunEvent& event : life) {
    if (logged == nullptr && event.type == EventType::kLogged) logged = &LogRecordOf(history, event);
  }
  if (logged == nullptr) {
    absences.push_back({"in the topic", history.audited ? "not found by the audit" : "not audited"});
  }
  AddServerAbsences(history, life, &absences);
  AddClientAbsences(history, life, logged, &absences);
  return absences;
}

std::string PaymentIdText(const History& history, uint64_t id_hash) {
  const std::string_view id = PaymentId(history, id_hash);
  return id.empty() ? fmt::format("id hash {:016x}", id_hash) : std::string{id};
}

}  // namespace harness
