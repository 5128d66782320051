#include "harness/verify/lost.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "harness/verify/hop.h"

namespace harness {
namespace {

Violation MakeViolation(const Evidence& evidence, const ClientView& view, LogPlace place) {
  Violation violation = AtPlace(evidence, place);
  violation.client = view.client().name;
  const Send* send = FindSend(evidence.history, violation.rec);
  const bool acked = send != nullptr && send->outcome == Outcome::kOk;
  violation.sentence = fmt::format("client {} never got {}, which {}", view.client().name, PlaceText(evidence, place),
                                   acked ? "Kafka acknowledged" : "the topic holds");
  Accuse(BlameMissing(evidence, view, place), &violation);
  return violation;
}

// How far each partition is judged: to the client's sentinel. One that it has not got is LIVE's matter, unless the
// scenario does not want to know: then to the audited end.
std::vector<int64_t> Frontiers(const Evidence& evidence, const ClientView& view, bool* without_sentinel) {
  std::vector<int64_t> frontiers = view.frontiers();
  if (!IsRelaxed(evidence, "LIVE") || evidence.history.interrupted || view.client().left_ns != 0) return frontiers;
  const std::vector<int64_t> ends = AuditedLasts(evidence.history, evidence.log);
  for (size_t p = 0; p < frontiers.size(); ++p) {
    if (frontiers[p] >= 0) continue;
    frontiers[p] = ends[p];
    *without_sentinel = true;
  }
  return frontiers;
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
    if (view.lacks_token() && client.connections.size() > 1) findings.Note(client.name + kJudgedAsNone);
    int64_t missing = 0;
    std::vector<LogPlace> kept;
    bool without_sentinel = false;
    const int64_t owed = view.ForEachMissing(Frontiers(evidence, view, &without_sentinel), [&](LogPlace place) {
      // Without its sentinel, only what the run is about.
      if (evidence.log.record(place).sentinel && without_sentinel) return;
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
    const PartitionLog& log = history.partitions[static_cast<size_t>(evidence.log.partition(place))];
    const bool stands =
        evidence.damage.client_is_whole(client) && evidence.log.record(place).offset >= log.low_watermark;
    findings.Add(stands, [&, c = client, at = place] { return MakeViolation(evidence, evidence.clients.view(c), at); });
  }
  for (int64_t i = 0; i < further; ++i) findings.Add([] { return Violation(); });  // counted: others are kept already
  if (pending > 0) findings.Note(fmt::format("interrupted: {} deliveries pending", pending));
  return findings.Finish();
}

}  // namespace harness
