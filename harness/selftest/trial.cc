#include "harness/selftest/trial.h"

#include <algorithm>

#include "harness/verify/exit_codes.h"

namespace harness {
namespace {

using Json = nlohmann::json;

bool IsExpected(const SeededBug& bug, const std::string& named) {
  return std::any_of(bug.causes.begin(), bug.causes.end(),
                     [&](Causes causes) { return !causes.empty() && SuspectsText(CauseNames(causes)) == named; });
}

// What `violation` names; empty: nothing that is a list of names.
std::string Suspects(const Json& violation) {
  std::vector<std::string_view> names;
  const auto causes = violation.find("causes");
  if (causes == violation.end() || !causes->is_array()) return "";
  for (const Json& cause : *causes) {
    if (const auto* name = cause.get_ptr<const Json::string_t*>()) names.emplace_back(*name);
  }
  return SuspectsText(names);
}

// Offsets count the records of their partition: times the partitions, about what was logged by then.
int64_t RecordsUntil(const Json& result, const Json& violation) {
  const int64_t offset = violation.value("offset", int64_t{-1});
  const int64_t logged = result.value("counts", Json::object()).value("logged", int64_t{0});
  return offset < 0 ? -1 : std::min((offset + 1) * kSelftestPartitions, logged);
}

Trial Read(const Json& result, std::string_view invariant) {
  Trial trial;
  for (const Json& check : result.value("invariants", Json::array())) {
    const std::string state = check.value("state", "");
    if (state != "violated" && state != "invalid") continue;
    trial.violated.push_back(check.value("name", ""));
    for (const Json& violation : check.value("violations", Json::array())) {
      if (trial.witness.empty()) trial.witness = violation.value("sentence", "");
      if (trial.violated.back() != invariant) continue;
      if (trial.causes.empty()) trial.records = RecordsUntil(result, violation);
      trial.causes.push_back(Suspects(violation));
    }
  }
  return trial;
}

bool HasVerdict(int exit_code, const Json& result) {
  return result.is_object() && (exit_code == kExitPass || exit_code == kExitFail || exit_code == kExitInvalid);
}

}  // namespace

std::string SuspectsText(const std::vector<std::string_view>& names) {
  std::string text;
  for (const std::string_view name : names) text.append(text.empty() ? "" : "/").append(name);
  return text;
}

Trial JudgeTrial(const SeededBug& bug, int exit_code, const Json& result) {
  if (!HasVerdict(exit_code, result)) return {};
  Trial trial = Read(result, bug.invariant);
  const bool named = std::find(trial.violated.begin(), trial.violated.end(), bug.invariant) != trial.violated.end();
  const bool caused = std::any_of(trial.causes.begin(), trial.causes.end(),
                                  [&](const std::string& suspects) { return IsExpected(bug, suspects); });
  trial.outcome = exit_code != kExitFail || !named ? TrialOutcome::kMissed
                  : caused                         ? TrialOutcome::kCaught
                                                   : TrialOutcome::kOtherCause;
  return trial;
}

Trial JudgeLegalTrial(int exit_code, const Json& result) {
  if (!HasVerdict(exit_code, result)) return {};
  Trial trial = Read(result, {});
  trial.outcome = exit_code == kExitPass ? TrialOutcome::kSilent : TrialOutcome::kFalseAlarm;
  return trial;
}

}  // namespace harness
