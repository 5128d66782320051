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
      findings.Add([&] {
        Violation violation = AtDelivery(evidence, view, offence.delivery);
        const Violation later = AtDelivery(evidence, view, offence.before);
        violation.causes = kDeliveryHops;
        violation.sentence = fmt::format(
            "client {} {} {} {}, after offset {}", client.name,
            offence.kind == OffenceKind::kBackward ? "handed on" : "received for the first time (and dropped)",
            PlaceText(evidence.history, violation.partition, violation.offset, violation.id_hash, violation.rec),
            MomentText(evidence.history, violation.time_ns), later.offset);
        // Of two streams each may be in order, and which of them should not have had the record is not told.
        const uint32_t connection = client.deliveries[offence.delivery].connection;
        if (connection == client.deliveries[offence.before].connection) {
          BlameHop(evidence, client, connection, HopFault::kOutOfOrder, &violation);
        }
        return violation;
      });
    }
  });
  if (!any) return findings.NotApplicable(kNoMarkedClient);
  if (unknown > 0) findings.Note(fmt::format("{} deliveries without a known position: n/a", unknown));
  return findings.Finish();
}

}  // namespace harness
