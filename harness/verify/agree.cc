#include "harness/verify/agree.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "harness/contract/canonical.h"
#include "harness/verify/differences.h"
#include "harness/verify/two_programs.h"

namespace harness {
namespace {

struct Content {
  Rec rec;
  uint64_t hash = 0;
  uint32_t crc32c = 0;
  int64_t processed_at_s = kNotTold;
};

// What differs between what was seen and what is right, which is `whose`; empty: nothing.
std::string Difference(const Content& seen, const Content& right, const std::string& whose, const History& history) {
  const bool rest_is_same = WithoutMetadata(seen.hash) == WithoutMetadata(right.hash);
  if (rest_is_same && !HasMetadata(seen.hash) && HasMetadata(right.hash)) {
    return "without its metadata, which " + whose + DifferencesText(history, right.hash, seen.hash);
  }
  if (seen.rec != right.rec && !rest_is_same) {
    const auto text = [&](Rec rec) { return rec.has_value() ? RecText(history, rec) : std::string("no rec"); };
    return fmt::format("as {} instead of {}, which {}{}", text(seen.rec), text(right.rec), whose,
                       DifferencesText(history, right.hash, seen.hash));
  }
  if (seen.hash != right.hash) {
    return fmt::format("with another {} than {}{}", rest_is_same ? "metadata" : "content", whose,
                       DifferencesText(history, right.hash, seen.hash));
  }
  if (seen.rec != right.rec) return fmt::format("under another rec than {}", whose);
  if (seen.crc32c != 0 && right.crc32c != 0 && seen.crc32c != right.crc32c) {
    return fmt::format("with the checksum {:08x}, and {} {:08x}", seen.crc32c, whose, right.crc32c);
  }
  // Whoever names the record's checksum speaks the contract's additions, which say what processed_at is.
  const bool both_told = seen.processed_at_s != kNotTold && right.processed_at_s != kNotTold && seen.crc32c != 0;
  if (both_told && seen.processed_at_s != right.processed_at_s) {
    return fmt::format("with processed_at {}, and {} {}", seen.processed_at_s, whose, right.processed_at_s);
  }
  return "";
}

Content ContentOf(const Delivery& delivery) {
  return {delivery.rec, delivery.content_hash, delivery.crc32c, delivery.processed_at_s};
}

// `of_content`: it differs from the log in what the event says, not in its kind.
void Report(const Evidence& evidence, const ClientView& view, size_t delivery, const std::string& difference,
            bool of_content, Findings* findings) {
  findings->Add(true, [&] {
    Violation violation = AtDelivery(evidence, view, delivery);
    const bool shared = of_content && SameElsewhere(evidence, view, delivery);
    violation.causes = shared ? Causes(Cause::kServer) : kDeliveryHops;
    violation.sentence = fmt::format(
        "client {} received {} {}, {}", view.client().name,
        PlaceText(evidence.history, violation.partition, violation.offset, violation.id_hash, violation.rec),
        MomentText(evidence.history, violation.time_ns), difference);
    if (shared) violation.sentence += "; a client of another program got the same";
    return violation;
  });
}

// The log that the streams say they are of: one name, whoever says it.
void CompareLogIds(const History& history, Findings* findings) {
  std::map<std::string, int64_t> times;
  for (const Client& client : history.clients) {
    for (const Connection& connection : client.connections) {
      if (connection.has_start) ++times[connection.log_id];
    }
  }
  if (times.empty()) return;
  const auto usual =
      std::max_element(times.begin(), times.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  for (const Client& client : history.clients) {
    for (const Connection& connection : client.connections) {
      if (!connection.has_start) continue;
      findings->Judged();
      if (connection.log_id == usual->first) continue;
      findings->Add(true, [&] {
        Violation violation;
        violation.causes = kDeliveryHops;
        violation.client = client.name;
        violation.time_ns = connection.started_ns;
        violation.sentence = fmt::format(
            "client {} was told {} by {} that its stream is of the log \"{}\", and {} streams are of \"{}\"",
            client.name, MomentText(history, connection.started_ns), connection.server, connection.log_id,
            usual->second, usual->first);
        return violation;
      });
    }
  }
}

// A stream's word about an event against its own StreamStart: "existing" is what its snapshot covers. Deliveries come
// stream by stream, so each StreamStart's token is read once.
class KindCheck {
 public:
  KindCheck(const Client& client, int32_t partitions)
      : client_(client), snapshot_until_(static_cast<size_t>(partitions)) {}

  // What is wrong with it; empty: nothing.
  std::string Wrong(const Delivery& delivery) {
    if (delivery.connection >= client_.connections.size() || delivery.offset < 0) return "";
    if (delivery.kind == DeliveryKind::kUntold) return "";
    const Connection& connection = client_.connections[delivery.connection];
    if (!connection.has_start) return "";
    if (&connection != read_) Read(connection);
    const bool existing = delivery.offset <= snapshot_until_[static_cast<size_t>(delivery.partition)];
    if (existing == (delivery.kind == DeliveryKind::kExisting)) return "";
    return existing ? "as \"new\", though the snapshot that its StreamStart names covers it"
                    : "as \"existing\", though it is beyond the snapshot that its StreamStart names";
  }

 private:
  void Read(const Connection& connection) {
    read_ = &connection;
    snapshot_until_.assign(snapshot_until_.size(), LifeStart().snapshot_until);
    for (auto start = connection.token.rbegin(); start != connection.token.rend(); ++start) {  // the first counts
      const bool known = start->partition >= 0 && static_cast<size_t>(start->partition) < snapshot_until_.size();
      if (known) snapshot_until_[static_cast<size_t>(start->partition)] = start->snapshot_until;
    }
  }

  const Client& client_;
  const Connection* read_ = nullptr;
  std::vector<int64_t> snapshot_until_;  // by partition, of `read_`
};

void CompareWithLog(const Evidence& evidence, size_t client, Findings* findings) {
  const ClientView& view = evidence.clients.view(client);
  const auto& deliveries = view.client().deliveries;
  KindCheck kinds(view.client(), evidence.log.partitions());
  for (size_t i = 0; i < deliveries.size(); ++i) {
    if (deliveries[i].kind == DeliveryKind::kDropped || view.place(i) == kNoPlace) continue;
    const LogRecord& record = evidence.log.record(view.place(i));
    if (!record.valid || !view.client().filter.Matches(record.provider, record.status)) continue;
    findings->Judged();
    const bool is_first = view.first_delivery(view.place(i)) == i;  // else it is DUP's
    if (const std::string wrong = is_first ? kinds.Wrong(deliveries[i]) : ""; !wrong.empty()) {
      Report(evidence, view, i, wrong, false, findings);
      continue;
    }
    const Content right{record.rec, record.content_hash, record.crc32c, record.processed_at_s};
    std::string difference = Difference(ContentOf(deliveries[i]), right, "the topic holds", evidence.history);
    if (difference.empty() && deliveries[i].amount_differs) {
      difference = "with an `amount` on the wire that is not the nearest double to its exact_amount";
    }
    if (!difference.empty()) Report(evidence, view, i, difference, true, findings);
  }
}

struct PositionHash {
  size_t operator()(const std::pair<int32_t, int64_t>& position) const {
    const auto mixed = static_cast<uint64_t>(position.second) ^ (static_cast<uint64_t>(position.first) << 48);
    return static_cast<size_t>(mixed * 0x9E37'79B9'7F4A'7C15 >> 8);
  }
};

void CompareWithEachOther(const Evidence& evidence, Findings* findings) {
  struct Seen {
    Content content;
    size_t client = 0;
  };
  std::unordered_map<std::pair<int32_t, int64_t>, Seen, PositionHash> seen;
  for (size_t client = 0; client < evidence.history.clients.size(); ++client) {
    if (!evidence.history.clients[client].observed) continue;
    const ClientView& view = evidence.clients.view(client);
    const auto& deliveries = view.client().deliveries;
    for (size_t i = 0; i < deliveries.size(); ++i) {
      const Delivery& delivery = deliveries[i];
      if (delivery.kind == DeliveryKind::kDropped || delivery.offset < 0) continue;
      const auto [first, is_new] =
          seen.try_emplace({delivery.partition, delivery.offset}, Seen{ContentOf(delivery), client});
      if (is_new) continue;
      findings->Judged();
      const std::string whose = "client " + evidence.history.clients[first->second.client].name + " has";
      const std::string difference = Difference(ContentOf(delivery), first->second.content, whose, evidence.history);
      if (!difference.empty()) Report(evidence, view, i, difference, false, findings);
    }
  }
}

}  // namespace

CheckResult CheckAgree(const Evidence& evidence) {
  Findings findings("AGREE");
  int64_t observed = 0;
  for (const Client& client : evidence.history.clients) {
    if (!client.observed) findings.Note(client.name + " is not observed: n/a");
    observed += client.observed ? 1 : 0;
  }
  if (observed == 0) return findings.NotApplicable("no client is observed");
  CompareLogIds(evidence.history, &findings);
  if (!evidence.history.audited) {
    if (observed < 2) return findings.NotApplicable("one observed client, and the topic was not audited");
    findings.Note("the topic was not audited: clients are compared with each other");
    CompareWithEachOther(evidence, &findings);
    return findings.Finish();
  }
  for (size_t i = 0; i < evidence.history.clients.size(); ++i) {
    if (evidence.history.clients[i].observed) CompareWithLog(evidence, i, &findings);
  }
  return findings.Finish();
}

}  // namespace harness
