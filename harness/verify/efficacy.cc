#include "harness/verify/efficacy.h"

#include <fmt/format.h>

#include <algorithm>

namespace harness {

CheckResult CheckEfficacy(const Evidence& evidence) {
  Findings findings("EFFICACY");
  const auto& faults = evidence.history.faults;
  if (faults.empty() && evidence.scenario.faults.empty()) return findings.NotApplicable("the scenario has no faults");
  const auto report = [&](const std::string& sentence, int64_t time_ns) {
    findings.Add(false, [&] {
      Violation violation;
      violation.causes = Cause::kHarness;
      violation.time_ns = time_ns;
      violation.sentence = sentence;
      return violation;
    });
  };
  for (const FaultEvent& fault : faults) {
    findings.Judged();
    if (fault.struck_ns == 0) {
      report(fmt::format("fault {} ({} of {}) never struck: its trigger never fired", fault.name, fault.type,
                         fault.target),
             fault.planned_ns);
    } else if (!fault.effective) {
      report(fmt::format("fault {} ({} of {}) had no effect: {}", fault.name, fault.type, fault.target,
                         fault.evidence.empty() ? "it left no evidence" : fault.evidence),
             fault.struck_ns);
    }
  }
  for (const FaultPlan& plan : evidence.scenario.faults) {
    const bool known =
        std::any_of(faults.begin(), faults.end(), [&](const auto& fault) { return fault.name == plan.name; });
    if (known) continue;
    findings.Judged();
    report(fmt::format("fault {} ({} of {}) never struck: its trigger never fired", plan.name, FaultTypeName(plan.type),
                       plan.target),
           0);
  }
  return findings.Finish(CheckState::kInvalid);
}

}  // namespace harness
