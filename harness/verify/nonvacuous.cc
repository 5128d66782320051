#include "harness/verify/nonvacuous.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace harness {
namespace {

// The record's birth, when it counts as acknowledged; 0 when it does not.
int64_t BornNs(const Evidence& evidence, const ClientView& view, size_t delivery) {
  const Delivery& seen = view.client().deliveries[delivery];
  const LogPlace place = view.place(delivery);
  const Rec rec = place != kNoPlace ? evidence.log.record(place).rec : seen.rec;
  if (const Send* send = FindSend(evidence.history, rec)) {
    if (send->outcome != Outcome::kOk) return 0;
    return send->planned_ns != 0 ? send->planned_ns : send->sent_ns;
  }
  const auto& producers = evidence.history.producers;
  const bool told = rec.has_value() && rec.producer() < producers.size() && producers[rec.producer()].has_acks;
  return told || place == kNoPlace ? 0 : evidence.log.record(place).seen_ns;
}

bool Counts(const Evidence& evidence, const ClientView& view, size_t delivery) {
  const Delivery& seen = view.client().deliveries[delivery];
  if (seen.kind == DeliveryKind::kDropped || seen.sentinel) return false;
  const LogPlace place = view.place(delivery);
  if (place == kNoPlace) return true;
  // A sentinel is one whatever its client says of it. Each record once, where the log tells them apart.
  return !evidence.log.record(place).sentinel && view.first_delivery(place) == delivery;
}

Violation Missing(const std::string& client, const std::string& sentence) {
  Violation violation;
  violation.causes = Cause::kHarness;
  violation.client = client;
  violation.sentence = sentence;
  return violation;
}

// What a client was owed and never got: how many acknowledged records, and whether one of them was on its way while
// each of `faults` was on.
struct NeverCame {
  int64_t records = 0;
  std::vector<bool> met;  // by fault
};
NeverCame WhatNeverCame(const Evidence& evidence, const ClientView& view,
                        const std::vector<const FaultEvent*>& faults) {
  NeverCame result;
  result.met.resize(faults.size());
  if (!evidence.history.audited) return result;
  view.ForEachMissing(AuditedLasts(evidence.history, evidence.log), [&](LogPlace place) {
    const LogRecord& record = evidence.log.record(place);
    const Send* send = record.sentinel ? nullptr : FindSend(evidence.history, record.rec);
    if (record.sentinel || (send != nullptr && send->outcome != Outcome::kOk)) return;
    ++result.records;
    const int64_t born_ns = send == nullptr ? record.seen_ns : send->planned_ns != 0 ? send->planned_ns : send->sent_ns;
    for (size_t i = 0; i < faults.size(); ++i) {
      if (faults[i]->healed_ns == 0 || born_ns <= faults[i]->healed_ns) result.met[i] = true;
    }
  });
  return result;
}

}  // namespace

CheckResult CheckNonvacuous(const Evidence& evidence) {
  const History& history = evidence.history;
  Findings findings("NONVACUOUS");
  std::vector<const FaultEvent*> unmet;
  for (const FaultEvent& fault : history.faults) {
    if (fault.struck_ns != 0) unmet.push_back(&fault);  // one that never struck is EFFICACY's
  }
  const int64_t wanted = std::max<int64_t>(1, evidence.scenario.expect.min_records);
  bool any = false;
  for (size_t i = 0; i < history.clients.size(); ++i) {
    const Client& client = history.clients[i];
    if (!client.observed) {
      findings.Note(client.name + " is not observed: it does not count");
      continue;
    }
    any = true;
    const ClientView& view = evidence.clients.view(i);
    int64_t records = 0;
    for (size_t j = 0; j < client.deliveries.size(); ++j) {
      if (!Counts(evidence, view, j)) continue;
      const int64_t born_ns = BornNs(evidence, view, j);
      if (born_ns == 0) continue;
      ++records;
      const int64_t end_ns = client.deliveries[j].time_ns;
      std::erase_if(unmet, [&](const FaultEvent* fault) {
        return end_ns >= fault->struck_ns && (fault->healed_ns == 0 || born_ns <= fault->healed_ns);
      });
    }
    findings.Judged(records);
    if (records < wanted) {
      findings.Add([&] {
        const int64_t never_came = WhatNeverCame(evidence, view, {}).records;
        std::string sentence =
            fmt::format("client {} got {} acknowledged record{}, and {} are needed to prove anything", client.name,
                        records, records == 1 ? "" : "s", wanted);
        if (never_came > 0) sentence += fmt::format("; {} more that it was owed never came", never_came);
        return Missing(client.name, sentence);
      });
    }
  }
  if (!any) findings.Add([&] { return Missing("", "no client is observed, so nothing was proved about any"); });
  std::vector<bool> met_by_lost(unmet.size());
  for (size_t i = 0; i < history.clients.size() && !unmet.empty(); ++i) {
    if (!history.clients[i].observed) continue;
    const NeverCame never_came = WhatNeverCame(evidence, evidence.clients.view(i), unmet);
    for (size_t f = 0; f < unmet.size(); ++f) met_by_lost[f] = met_by_lost[f] || never_came.met[f];
  }
  for (size_t f = 0; f < unmet.size(); ++f) {
    findings.Add([&] {
      return Missing("",
                     met_by_lost[f]
                         ? fmt::format("of the records that were on their way while fault {} was on, none ever came",
                                       unmet[f]->name)
                         : fmt::format("no record was on its way while fault {} was on", unmet[f]->name));
    });
  }
  return findings.Finish(CheckState::kInvalid);
}

}  // namespace harness
