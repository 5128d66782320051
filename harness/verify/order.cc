#include "harness/verify/order.h"

#include <fmt/format.h>

#include "harness/verify/hop.h"
#include "harness/verify/sequence_scan.h"

namespace harness {

CheckResult CheckOrder(const Evidence& evidence) {
  Findings findings("ORDER");
  int64_t unknown = 0;
  const bool any = ForEachMarkedClient(evidence.history, &findings, [&](size_t i) {
    const ClientView& view = evidence.clients.view(i);
    const Client& client = view.client();
    const SequenceScan& scan = evidence.clients.sequence(i);
    findings.Judged(scan.judged);
    unknown += scan.unknown;
    for (const Offence& offence : scan.offences) {
      if (offence.kind != OffenceKind::kBackward && offence.kind != OffenceKind::kWireBackward) continue;
      findings.Add(client.deliveries[offence.delivery].offset >= 0, [&] {
        Violation violation = AtDelivery(evidence, view, offence.delivery);
        const Violation later = AtDelivery(evidence, view, offence.before);
        violation.sentence = fmt::format(
            "client {} {} {} {}, after offset {}", client.name,
            offence.kind == OffenceKind::kBackward ? "handed on" : "received for the first time (and dropped)",
            PlaceText(evidence.history, violation.partition, violation.offset, violation.id_hash, violation.rec),
            MomentText(evidence.history, violation.time_ns), later.offset);
        Accuse(BlameOutOfOrder(evidence, view, offence.delivery, offence.before), &violation);
        return violation;
      });
    }
  });
  if (!any) return findings.NotApplicable(kNoMarkedClient);
  if (unknown > 0) findings.Note(fmt::format("{} deliveries without a known position: n/a", unknown));
  return findings.Finish();
}

}  // namespace harness
