// Shared by the tests of the checkers: what a verdict says, as text to compare and to read when a test fails.
#pragma once

#include <rapidcheck.h>

#include <map>
#include <ostream>
#include <set>
#include <string>

#include "harness/judge/judge.h"
#include "harness/verify/verdict.h"
#include "tests/verify/history_model.h"

namespace harness {

inline void PrintTo(const Causes& causes, std::ostream* out) { *out << CausesText(causes); }

// The invariants that are in `state`.
inline std::set<std::string> InState(const Verdict& verdict, CheckState state) {
  std::set<std::string> names;
  for (const CheckResult& result : verdict.invariants) {
    if (result.state == state) names.insert(result.name);
  }
  return names;
}
inline std::set<std::string> Violated(const Verdict& verdict) { return InState(verdict, CheckState::kViolated); }

inline const CheckResult& Of(const Verdict& verdict, const std::string& name) {
  static const CheckResult none;
  for (const CheckResult& result : verdict.invariants) {
    if (result.name == name) return result;
  }
  return none;
}
// By value, of a verdict that goes.
inline CheckResult Of(Verdict&& verdict, const std::string& name) {
  const Verdict kept = std::move(verdict);
  return Of(kept, name);
}

inline std::string Sentences(const Verdict& verdict) {
  std::string text;
  for (const CheckResult& result : verdict.invariants) {
    if (!result.reason.empty()) text += result.name + " (" + result.reason + ")\n";
    for (const Violation& violation : result.violations) {
      text += result.name + ": " + violation.sentence + " [" + CausesText(violation.causes) + "]\n";
    }
  }
  return text;
}

inline rc::Gen<ModelPlan> AnyPlan() {
  return rc::gen::build<ModelPlan>(rc::gen::set(&ModelPlan::seed, rc::gen::arbitrary<uint64_t>()),
                                   rc::gen::set(&ModelPlan::partitions, rc::gen::inRange(1, 5)),
                                   rc::gen::set(&ModelPlan::records, rc::gen::inRange(0, 80)),
                                   rc::gen::set(&ModelPlan::clients, rc::gen::inRange(0, 4)),
                                   rc::gen::set(&ModelPlan::server_kills, rc::gen::inRange(0, 3)),
                                   rc::gen::set(&ModelPlan::journal, rc::gen::arbitrary<bool>()),
                                   rc::gen::set(&ModelPlan::foreign, rc::gen::arbitrary<bool>()));
}

inline std::ostream& operator<<(std::ostream& out, const ModelPlan& plan) {
  return out << "{.seed = " << plan.seed << "u, .partitions = " << plan.partitions << ", .records = " << plan.records
             << ", .clients = " << plan.clients << ", .server_kills = " << plan.server_kills
             << ", .journal = " << plan.journal << ", .foreign = " << plan.foreign << "}";
}

}  // namespace harness
