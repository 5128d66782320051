// junit.xml: one case for each invariant, threshold and fault, so that a CI server shows what broke. A check that
// proves nothing is an error; one that was not judged is skipped, with the reason.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "harness/report/names.h"
#include "harness/report/report.h"
#include "harness/report/text.h"

namespace harness {
namespace {

struct Case {
  enum class State { kPassed, kFailed, kError, kSkipped };
  std::string group;  // "invariants", "thresholds", "faults"
  std::string name;
  State state = State::kPassed;
  std::string message;
  std::vector<std::string> details;
};

Case CheckCase(const std::string& group, const std::string& name, const CheckResult& check) {
  Case result{group, name, Case::State::kPassed, check.reason, {}};
  switch (check.state) {
    case CheckState::kPass:
      break;
    case CheckState::kViolated:
      result.state = Case::State::kFailed;
      break;
    case CheckState::kInvalid:
      result.state = Case::State::kError;
      break;
    case CheckState::kNotApplicable:
      result.state = Case::State::kSkipped;
      result.message = "not applicable: " + check.reason;
      break;
    case CheckState::kRelaxed:
      result.state = Case::State::kSkipped;
      result.message = "relaxed: " + check.reason;
      break;
    case CheckState::kReported:
      result.state = Case::State::kSkipped;
      result.message = "reported, not judged: " + check.reason;
      break;
  }
  for (const Violation& violation : check.violations) {
    result.details.push_back(fmt::format("{} (suspected: {})", violation.sentence, SuspectsText(violation)));
  }
  if (check.violation_count > static_cast<int64_t>(check.violations.size())) {
    result.details.push_back(fmt::format("{} violations in all", check.violation_count));
  }
  if (!result.details.empty() && result.message.empty()) result.message = result.details.front();
  return result;
}

Case FaultCase(const Report& report, const FaultEvent& fault) {
  Case result{"faults", fault.name, Case::State::kPassed, fault.evidence, {}};
  if (fault.struck_ns == 0) {
    result.state = report.history.interrupted ? Case::State::kSkipped : Case::State::kError;
    result.message =
        (report.history.interrupted ? "interrupted before it struck: " : "never struck: ") + fault.evidence;
  } else if (!fault.effective) {
    result.state = Case::State::kError;
    result.message = "left no evidence: " + fault.evidence;
  }
  return result;
}

std::vector<Case> Cases(const Report& report) {
  std::vector<Case> cases;
  cases.reserve(report.verdict.invariants.size() + report.verdict.thresholds.size());
  for (const CheckResult& check : report.verdict.invariants) {
    cases.push_back(CheckCase("invariants", check.name, check));
  }
  const std::vector<std::string> names = ThresholdNames(report.verdict);
  for (size_t i = 0; i < names.size(); ++i) {
    cases.push_back(CheckCase("thresholds", names[i], report.verdict.thresholds[i]));
  }
  for (const FaultEvent& fault : AllFaults(report)) cases.push_back(FaultCase(report, fault));
  if (report.verdict.verdict == RunVerdict::kInterrupted) {
    cases.push_back({"run", "complete", Case::State::kError, "the run was interrupted", {}});
  }
  return cases;
}

int64_t CountOf(const std::vector<Case>& cases, Case::State state) {
  return std::count_if(cases.begin(), cases.end(), [&](const Case& one) { return one.state == state; });
}

std::string CaseXml(const std::string& scenario, const Case& one) {
  std::string xml = fmt::format("    <testcase classname=\"{}.{}\" name=\"{}\"", XmlEscaped(scenario), one.group,
                                XmlEscaped(one.name));
  if (one.state == Case::State::kPassed && one.message.empty()) return xml + "/>\n";
  xml += ">\n";
  if (one.state == Case::State::kPassed) {
    // What a pass does not say by itself: of whom it was not judged, what was measured.
    return xml + fmt::format("      <system-out>{}</system-out>\n    </testcase>\n", XmlEscaped(one.message));
  }
  if (one.state == Case::State::kSkipped) {
    xml += fmt::format("      <skipped message=\"{}\"/>\n", XmlEscaped(one.message));
  } else {
    const char* element = one.state == Case::State::kFailed ? "failure" : "error";
    std::string details;
    for (const std::string& detail : one.details) details += "\n" + XmlEscaped(detail);
    xml += fmt::format("      <{0} message=\"{1}\">{2}</{0}>\n", element, XmlEscaped(one.message), details);
  }
  return xml + "    </testcase>\n";
}

}  // namespace

std::string JunitXml(const Report& report) {
  const std::vector<Case> cases = Cases(report);
  const std::string counts =
      fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\"", cases.size(),
                  CountOf(cases, Case::State::kFailed), CountOf(cases, Case::State::kError),
                  CountOf(cases, Case::State::kSkipped), static_cast<double>(report.facts.duration_ns) / 1e9);
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites " + counts + ">\n";
  xml += fmt::format("  <testsuite name=\"{}\" timestamp=\"{}\" {}>\n    <properties>\n",
                     XmlEscaped(report.scenario.name), XmlEscaped(report.facts.started_at), counts);
  const auto add_property = [&](const char* name, const std::string& value) {
    xml += fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", name, XmlEscaped(value));
  };
  add_property("verdict", std::string(VerdictName(report.verdict.verdict)));
  add_property("exit_code", std::to_string(report.verdict.exit_code));
  add_property("seed", std::to_string(report.scenario.seed));
  add_property("rerun", RerunCommand(report));
  xml += "    </properties>\n";
  for (const Case& one : cases) xml += CaseXml(report.scenario.name, one);
  return xml + "  </testsuite>\n</testsuites>\n";
}

}  // namespace harness
