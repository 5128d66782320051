#include "harness/verify/acked.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "harness/verify/intervals.h"

namespace harness {
namespace {

struct Tally {
  int64_t acked = 0;
  int64_t failed = 0;
  int64_t unknown = 0;
  int64_t sent() const { return acked + failed + unknown; }
};

std::vector<Interval> BrokerFaults(const Evidence& evidence) {
  std::vector<Interval> spans;
  for (const FaultEvent& fault : evidence.history.faults) {
    const Role role = RoleOf(evidence, fault.target);
    if (fault.struck_ns == 0 || (role != Role::kBroker && role != Role::kOther)) continue;
    spans.push_back({fault.struck_ns, fault.healed_ns == 0 ? INT64_MAX : fault.healed_ns + kAfterHealNs});
  }
  return United(std::move(spans));
}

bool EndedByFault(const History& history, const Producer& producer) {
  return std::any_of(history.processes.begin(), history.processes.end(), [&](const ProcessSpan& span) {
    return BaseName(span.name) == BaseName(producer.name) && span.ended_by_fault;
  });
}

Tally TallyOf(const History& history, const Producer& producer, const std::vector<Interval>& faults) {
  const bool killed = EndedByFault(history, producer);
  Tally tally;
  for (const Send& send : producer.sends) {
    if (send.sent_ns == 0 || send.sentinel) continue;
    const bool told = send.acked_ns != 0;
    if (!told && killed) continue;
    if (Meets(faults, send.sent_ns, told ? std::max(send.sent_ns, send.acked_ns) : send.sent_ns)) continue;
    if (send.outcome == Outcome::kOk) ++tally.acked;
    if (send.outcome == Outcome::kFail) ++tally.failed;
    if (send.outcome == Outcome::kUnknown || send.outcome == Outcome::kPending) ++tally.unknown;
  }
  return tally;
}

}  // namespace

CheckResult CheckAcked(const Evidence& evidence) {
  const History& history = evidence.history;
  Findings findings("ACKED");
  if (history.interrupted) return findings.NotApplicable("the run was interrupted");
  const std::vector<Interval> faults = BrokerFaults(evidence);
  Tally all;
  const auto report = [&](Causes causes, const std::string& sentence) {
    findings.Add([&] {
      Violation violation;
      violation.causes = causes;
      violation.sentence = sentence;
      return violation;
    });
  };
  for (size_t i = 0; i < history.producers.size(); ++i) {
    const Producer& producer = history.producers[i];
    if (!producer.has_acks) {
      findings.Note(producer.name + " tells no acknowledgements: n/a");
      continue;
    }
    const Tally tally = TallyOf(history, producer, faults);
    all.acked += tally.acked;
    all.failed += tally.failed;
    all.unknown += tally.unknown;
    if (tally.acked > 0 || tally.sent() < kSendsToJudge) continue;
    const bool process = IsProcessProducer(history, i);
    report(process ? Causes{Cause::kProducer, Cause::kBroker} : Causes(Cause::kBroker),
           fmt::format("of {} sends of producer {} none was acknowledged: {} failed, of {} the outcome is unknown",
                       tally.sent(), producer.name, tally.failed, tally.unknown));
  }
  findings.Judged(all.sent());
  const double share = all.sent() == 0 ? 1 : static_cast<double>(all.acked) / static_cast<double>(all.sent());
  if (share < evidence.scenario.expect.acked_share) {
    report(SendersCauses(history),
           fmt::format("{} of {} sends were acknowledged ({:.4g} %), and {:.4g} % have to be (expect.acked_share): {} "
                       "failed, of {} the outcome is unknown",
                       all.acked, all.sent(), 100 * share, 100 * evidence.scenario.expect.acked_share, all.failed,
                       all.unknown));
  }
  return findings.Finish();
}

}  // namespace harness
