#include "harness/selftest/trial.h"

#include <algorithm>

#include "harness/verify/exit_codes.h"

namespace harness {
namespace {

using Json = nlohmann::json;

bool IsOneOf(std::string_view word, std::string_view words) {
  for (;;) {
    const size_t bar = words.find('|');
    if (words.substr(0, bar) == word) return true;
    if (bar == std::string_view::npos) return false;
    words.remove_prefix(bar + 1);
  }
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
      trial.causes.push_back(violation.value("cause", ""));
    }
  }
  return trial;
}

bool HasVerdict(int exit_code, const Json& result) {
  return result.is_object() && (exit_code == kExitPass || exit_code == kExitFail || exit_code == kExitInvalid);
}

}  // namespace

Trial JudgeTrial(const SeededBug& bug, int exit_code, const Json& result) {
  if (!HasVerdict(exit_code, result)) return {};
  Trial trial = Read(result, bug.invariant);
  const bool named = std::find(trial.violated.begin(), trial.violated.end(), bug.invariant) != trial.violated.end();
  const bool caused = std::any_of(trial.causes.begin(), trial.causes.end(),
                                  [&](const std::string& cause) { return IsOneOf(cause, bug.causes); });
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
