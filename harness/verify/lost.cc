#include "harness/verify/lost.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "harness/verify/hop.h"

namespace harness {
namespace {

// Why `view`'s client has not got the record at `place`, as far as one client's evidence goes.
class Explanation {
 public:
  Explanation(const Evidence& evidence, const ClientView& view, LogPlace place)
      : evidence_(evidence), view_(view), place_(place), partition_(evidence.log.partition(place)) {
    offset_ = evidence.log.record(place).offset;
    next_ = place + 1;
    while (next_ < evidence.log.end(partition_) && !view.received(next_)) ++next_;
    has_next_ = next_ < evidence.log.end(partition_);
    if (!Dropped() && !Trimmed()) Jumped();
  }

  // The connection on which it was passed over: the next one of its partition came on it.
  size_t connection() const {
    if (!has_next_) return SIZE_MAX;
    return view_.client().deliveries[view_.first_delivery(next_)].connection;
  }

  Causes causes = kDeliveryHops;
  std::string why;

 private:
  bool Dropped() {
    const auto& deliveries = view_.client().deliveries;
    for (size_t i = 0; i < deliveries.size(); ++i) {
      if (deliveries[i].kind != DeliveryKind::kDropped || view_.place(i) != place_) continue;
      const bool late = has_next_ && view_.first_delivery(next_) < i;
      if (!late) causes = Cause::kClient;
      why = fmt::format("received {} and dropped{}", MomentText(evidence_.history, deliveries[i].time_ns),
                        late ? ", because a later one had come before it" : "");
      return true;
    }
    return false;
  }

  bool Trimmed() {
    const PartitionLog& log = evidence_.history.partitions[static_cast<size_t>(partition_)];
    if (offset_ >= log.low_watermark) return false;
    if (has_next_ && evidence_.log.record(next_).offset < log.low_watermark) return false;
    causes = Cause::kRetention;
    why = fmt::format("the topic was trimmed up to offset {}", log.low_watermark);
    return true;
  }

  // The next record of the partition came on a stream that had been asked, or had declared, to begin beyond.
  void Jumped() {
    if (!has_next_) return;
    const Client& client = view_.client();
    const size_t index = connection();
    if (index >= client.connections.size()) return;
    const Connection& connection = client.connections[index];
    if (!connection.resumed) return;
    const int64_t sent = StartOf(connection.sent, partition_).after;
    const int64_t declared = StartOf(connection, partition_).after;
    const Bookmark* bookmark = CoveringBookmark(client, partition_, offset_, index);
    if (sent >= offset_ && bookmark != nullptr) {
      why = fmt::format("a bookmark at offset {} had told it {} that it has all up to there", bookmark->offset,
                        MomentText(evidence_.history, bookmark->time_ns));
    } else if (!connection.sent.empty() && sent >= offset_) {
      causes = Cause::kClient;
      why = fmt::format("on connection {} it asked to resume after offset {}", index + 1, sent);
    } else if (declared >= offset_) {
      if (!connection.sent.empty()) causes = Cause::kServer;
      why = fmt::format("connection {} resumed after offset {}", index + 1, declared);
    }
  }

  const Evidence& evidence_;
  const ClientView& view_;
  const LogPlace place_;
  const int32_t partition_;
  int64_t offset_ = 0;
  LogPlace next_ = 0;
  bool has_next_ = false;
};

Violation MakeViolation(const Evidence& evidence, const ClientView& view, LogPlace place) {
  const Explanation explanation(evidence, view, place);
  Violation violation = AtPlace(evidence, place);
  violation.client = view.client().name;
  violation.causes = explanation.causes;
  const Send* send = FindSend(evidence.history, violation.rec);
  const bool acked = send != nullptr && send->outcome == Outcome::kOk;
  violation.sentence = fmt::format("client {} never got {}, which {}", view.client().name, PlaceText(evidence, place),
                                   acked ? "Kafka acknowledged" : "the topic holds");
  if (!explanation.why.empty()) violation.sentence += ": " + explanation.why;
  BlameHop(evidence, view.client(), explanation.connection(), HopFault::kMissing, &violation);
  return violation;
}

// Whether every observed client that was owed the record at `place` misses it, and there are two of them at least.
bool AllMiss(const Evidence& evidence, const Violation& violation) {
  const LogPlace place = evidence.log.Find(violation.partition, violation.offset);
  const LogRecord& record = evidence.log.record(place);
  int64_t owed = 0;
  for (const Client& client : evidence.history.clients) {
    if (!client.observed || !client.filter.Matches(record.provider, record.status)) continue;
    const auto has = [&](const Delivery& delivery) {
      return delivery.offset >= 0 ? delivery.partition == violation.partition && delivery.offset == violation.offset
                                  : delivery.rec.has_value() && delivery.rec == violation.rec;
    };
    if (std::any_of(client.deliveries.begin(), client.deliveries.end(), has)) return false;
    ++owed;
  }
  return owed >= 2;
}

}  // namespace

CheckResult CheckLost(const Evidence& evidence) {
  const History& history = evidence.history;
  Findings findings("LOST");
  if (!history.audited) return findings.NotApplicable("the topic was not audited");
  bool any = false;
  int64_t pending = 0;
  std::vector<std::pair<size_t, LogPlace>> lost;  // client and record
  int64_t further = 0;
  const std::vector<int64_t> ends = AuditedLasts(history, evidence.log);
  for (size_t i = 0; i < history.clients.size(); ++i) {
    const Client& client = history.clients[i];
    if (!client.observed) {
      findings.Note(client.name + " is not observed: n/a");
      continue;
    }
    any = true;
    const ClientView& view = evidence.clients.view(i);
    int64_t missing = 0;
    std::vector<LogPlace> kept;
    const int64_t owed = view.ForEachMissing(view.frontiers(), [&](LogPlace place) {
      ++missing;
      kept.push_back(place);
    });
    findings.Judged(owed);
    std::sort(kept.begin(), kept.end(),
              [&](LogPlace a, LogPlace b) { return evidence.log.record(a).seen_ns < evidence.log.record(b).seen_ns; });
    // Of all clients' the first in time are told: of each no more than can be.
    for (size_t j = 0; j < std::min(kept.size(), kViolationsKept); ++j) lost.emplace_back(i, kept[j]);
    further += std::max<int64_t>(0, missing - static_cast<int64_t>(kViolationsKept));
    if (history.interrupted) {
      int64_t to_the_end = 0;
      view.ForEachMissing(ends, [&](LogPlace) { ++to_the_end; });
      pending += std::max<int64_t>(0, to_the_end - missing);
    }
  }
  if (!any) return findings.NotApplicable("no client is observed");
  std::stable_sort(lost.begin(), lost.end(), [&](const auto& a, const auto& b) {
    return evidence.log.record(a.second).seen_ns < evidence.log.record(b.second).seen_ns;
  });
  for (const auto& [client, place] : lost) {
    findings.Add([&, c = client, at = place] { return MakeViolation(evidence, evidence.clients.view(c), at); });
  }
  for (int64_t i = 0; i < further; ++i) findings.Add([] { return Violation(); });  // counted: others are kept already
  for (Violation& violation : *findings.kept()) {
    if (violation.causes == kDeliveryHops && AllMiss(evidence, violation)) violation.causes = Cause::kServer;
  }
  if (pending > 0) findings.Note(fmt::format("interrupted: {} deliveries pending", pending));
  return findings.Finish();
}

}  // namespace harness
