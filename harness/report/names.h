// The words for verdicts and checks, and small questions to a report that the summary, result.json, junit.xml and the
// witness all ask. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report/report.h"

namespace harness {

std::string_view VerdictName(RunVerdict verdict);  // "PASS", "FAIL", "INVALID", "INTERRUPTED"
std::string_view CheckStateName(
    CheckState state);  // "pass", "violated", "invalid", "not_applicable", "relaxed", "reported"
std::string_view OutcomeName(Outcome outcome);  // "ok", "fail", "unknown", "pending"

// Invariants, then thresholds.
std::vector<const CheckResult*> AllChecks(const Verdict& verdict);
// The state of the invariant called `name`; kNotApplicable when the verdict has none.
CheckState StateOf(const Verdict& verdict, std::string_view name);

// "server or wire": who the evidence leaves suspected.
std::string SuspectsText(const Violation& violation);

// "a, b and 3 more".
std::string NameList(const std::vector<std::string>& names, size_t told_max);

// "12.4 ms", "2", "498/s", "99.5%", "64 MiB", "never": what a threshold measured, in its unit.
std::string MeasuredText(double value, MetricUnit unit);
// The threshold's result that `check` of this verdict is; nullptr: it is an invariant's.
const ThresholdResult* AsThreshold(const Verdict& verdict, const CheckResult& check);
// Empty where the run did not keep the id.
std::string_view PaymentId(const History& history, uint64_t id_hash);
// The scenario's threshold of this text; nullptr: none.
const Threshold* FindThreshold(const Scenario& scenario, std::string_view text);

// The names of a verdict's thresholds, in its order: their texts, each once ("… < 3s", and "… < 3s (2)" for the next
// one that says the same).
std::vector<std::string> ThresholdNames(const Verdict& verdict);

// A time relative to the begin of the load, in ns; for a time that never came (0) nullopt.
std::optional<int64_t> SinceLoadBegin(const History& history, int64_t time_ns);

// The faults of the run: those of the history, then those planned that the run never came to (struck_ns 0).
std::vector<FaultEvent> AllFaults(const Report& report);

}  // namespace harness
