#include "harness/report/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "harness/measure/metric_text.h"
#include "harness/report/text.h"

namespace harness {
std::string_view VerdictName(RunVerdict verdict) {
  switch (verdict) {
    case RunVerdict::kPass:
      return "PASS";
    case RunVerdict::kFail:
      return "FAIL";
    case RunVerdict::kInvalid:
      return "INVALID";
    case RunVerdict::kInterrupted:
      return "INTERRUPTED";
  }
  return "INVALID";
}

std::string_view CheckStateName(CheckState state) {
  switch (state) {
    case CheckState::kPass:
      return "pass";
    case CheckState::kViolated:
      return "violated";
    case CheckState::kInvalid:
      return "invalid";
    case CheckState::kNotApplicable:
      return "not_applicable";
    case CheckState::kRelaxed:
      return "relaxed";
    case CheckState::kReported:
      return "reported";
  }
  return "invalid";
}

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
      return "ok";
    case Outcome::kFail:
      return "fail";
    case Outcome::kUnknown:
      return "unknown";
    case Outcome::kPending:
      return "pending";
  }
  return "unknown";
}

std::vector<const CheckResult*> AllChecks(const Verdict& verdict) {
  std::vector<const CheckResult*> checks;
  checks.reserve(verdict.invariants.size() + verdict.thresholds.size());
  for (const CheckResult& check : verdict.invariants) checks.push_back(&check);
  for (const ThresholdResult& check : verdict.thresholds) checks.push_back(&check);
  return checks;
}

CheckState StateOf(const Verdict& verdict, std::string_view name) {
  for (const CheckResult& check : verdict.invariants) {
    if (check.name == name) return check.state;
  }
  return CheckState::kNotApplicable;
}

std::string SuspectsText(const Violation& violation) { return CausesText(violation.causes); }

std::string NameList(const std::vector<std::string>& names, size_t told_max) {
  // One more name is no longer than "and 1 more".
  const size_t told = names.size() <= told_max + 1 ? names.size() : told_max;
  std::string text;
  for (size_t i = 0; i < told; ++i) {
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  }
  if (told < names.size()) text += " and " + CountText(static_cast<int64_t>(names.size() - told)) + " more";
  return text;
}

std::string MeasuredText(double value, MetricUnit unit) {
  if (std::isinf(value)) return "never";
  switch (unit) {
    case MetricUnit::kTime:
      return DurationText(std::llround(value));
    case MetricUnit::kCount:
      return CountText(std::llround(value));
    case MetricUnit::kRate:
      return RateText(value);
    case MetricUnit::kShare:
      return fmt::format("{:.4g}%", value * 100);
    case MetricUnit::kBytes:
      return BytesText(value);
    case MetricUnit::kByteRate:
      return BytesText(value) + "/s";
  }
  return "";
}

const ThresholdResult* AsThreshold(const Verdict& verdict, const CheckResult& check) {
  const auto found = std::find_if(verdict.thresholds.begin(), verdict.thresholds.end(),
                                  [&](const ThresholdResult& threshold) { return &threshold == &check; });
  return found == verdict.thresholds.end() ? nullptr : &*found;
}

std::string_view PaymentId(const History& history, uint64_t id_hash) {
  return id_hash == 0 ? std::string_view() : history.names.Find(id_hash).value_or(std::string_view());
}

const Threshold* FindThreshold(const Scenario& scenario, std::string_view text) {
  for (const Threshold& threshold : scenario.expect.thresholds) {
    if (threshold.text == text) return &threshold;
  }
  return nullptr;
}

std::vector<std::string> ThresholdNames(const Verdict& verdict) {
  std::map<std::string_view, int> seen;
  std::vector<std::string> names;
  for (const ThresholdResult& threshold : verdict.thresholds) {
    const int count = ++seen[threshold.name];
    names.push_back(count == 1 ? threshold.name : threshold.name + " (" + std::to_string(count) + ")");
  }
  return names;
}

std::optional<int64_t> SinceLoadBegin(const History& history, int64_t time_ns) {
  if (time_ns == 0) return std::nullopt;
  return Since(time_ns, history.load_begin_ns);
}

std::vector<FaultEvent> AllFaults(const Report& report) {
  std::vector<FaultEvent> faults = report.history.faults;
  for (const FaultPlan& plan : report.scenario.faults) {
    const bool known =
        std::any_of(faults.begin(), faults.end(), [&](const FaultEvent& fault) { return fault.name == plan.name; });
    if (known) continue;
    FaultEvent fault;
    fault.name = plan.name;
    fault.type = FaultTypeName(plan.type);
    fault.target = plan.target;
    fault.evidence = "the run never came to it";
    faults.push_back(std::move(fault));
  }
  return faults;
}

}  // namespace harness
