#include "harness/verify/dup.h"

#include <fmt/format.h>

#include "harness/verify/hop.h"
#include "harness/verify/sequence_scan.h"

namespace harness {
namespace {

std::string Sentence(const Evidence& evidence, const ClientView& view, const Offence& offence, const Violation& at) {
  const Client& client = view.client();
  const Delivery& again = client.deliveries[offence.delivery];
  const Delivery& before = client.deliveries[offence.before];
  const std::string what = PlaceText(evidence.history, at.partition, at.offset, at.id_hash, at.rec);
  const std::string now =
      fmt::format("{} on connection {}", MomentText(evidence.history, again.time_ns), again.connection + 1);
  if (offence.delivery == offence.before) {
    return fmt::format("client {} received {} {}, at or below where that stream began", client.name, what, now);
  }
  const std::string then =
      fmt::format("first {} on connection {}", MomentText(evidence.history, before.time_ns), before.connection + 1);
  const char* verb = offence.kind == OffenceKind::kRepeat ? "handed on" : "received (and dropped)";
  return fmt::format("client {} {} {} again {} ({})", client.name, verb, what, now, then);
}

}  // namespace

CheckResult CheckDup(const Evidence& evidence) {
  Findings findings("DUP");
  int64_t unknown = 0;
  const bool any = ForEachMarkedClient(evidence.history, &findings, [&](size_t i) {
    const ClientView& view = evidence.clients.view(i);
    if (view.lacks_token() && view.client().connections.size() > 1) findings.Note(view.client().name + kJudgedAsNone);
    const SequenceScan& scan = evidence.clients.sequence(i);
    findings.Judged(scan.judged);
    unknown += scan.unknown;
    for (const Offence& offence : scan.offences) {
      if (offence.kind != OffenceKind::kRepeat && offence.kind != OffenceKind::kWireRepeat) continue;
      // Without positions it is the log that says how often it may come.
      const Delivery& again = view.client().deliveries[offence.delivery];
      findings.Add(again.offset >= 0 || evidence.damage.log_is_whole(-1), [&] {
        Violation violation = AtDelivery(evidence, view, offence.delivery);
        violation.sentence = Sentence(evidence, view, offence, violation);
        Accuse(BlameRepeated(evidence, view, offence.delivery, offence.before), &violation);
        return violation;
      });
    }
  });
  if (!any) return findings.NotApplicable(kNoMarkedClient);
  if (unknown > 0) findings.Note(fmt::format("{} deliveries without a known position: n/a", unknown));
  return findings.Finish();
}

}  // namespace harness
