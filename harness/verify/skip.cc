#include "harness/verify/skip.h"

#include <fmt/format.h>

#include <unordered_set>

#include "harness/verify/hop.h"
#include "harness/verify/stream_scan.h"

namespace harness {
namespace {

std::string Sentence(const Evidence& evidence, const ClientView& view, const PassedOver& passed) {
  std::string text = fmt::format("client {} got {} {} on connection {}, which had skipped {}", view.client().name,
                                 PlaceText(evidence, passed.next),
                                 MomentText(evidence.history, view.client().deliveries[passed.delivery].time_ns),
                                 passed.connection + 1, PlaceText(evidence, passed.place));
  if (view.received(passed.place)) {
    const Delivery& other = view.client().deliveries[view.first_delivery(passed.place)];
    text += fmt::format(" (it came on connection {})", other.connection + 1);
  }
  return text;
}

}  // namespace

CheckResult CheckSkip(const Evidence& evidence) {
  Findings findings("SKIP");
  if (!evidence.history.audited) return findings.NotApplicable("the topic was not audited");
  const bool any = ForEachMarkedClient(evidence.history, &findings, [&](size_t i) {
    const ClientView& view = evidence.clients.view(i);
    const Client& client = view.client();
    const StreamScan& scan = evidence.clients.streams(i);
    findings.Judged(scan.judged);
    if (scan.passed_over.empty()) return;
    std::unordered_set<LogPlace> lost;
    if (!IsRelaxed(evidence, "LOST")) {  // else nobody says it
      view.ForEachMissing(view.frontiers(), [&](LogPlace place) { lost.insert(place); });
    }
    for (const PassedOver& passed : scan.passed_over) {
      const bool resumes = client.connections[passed.connection].resumed && passed.at_start;
      if (resumes || lost.contains(passed.place)) continue;
      findings.Add(evidence.damage.client_is_whole(i), [&] {
        Violation violation = AtPlace(evidence, passed.place);
        violation.client = client.name;
        violation.time_ns = client.deliveries[passed.delivery].time_ns;
        violation.sentence = Sentence(evidence, view, passed);
        Accuse(BlamePassedOver(evidence, view, passed.place, passed.connection), &violation);
        return violation;
      });
    }
  });
  if (!any) return findings.NotApplicable(kNoMarkedClient);
  return findings.Finish();
}

}  // namespace harness
