// What one run of the selftest showed: whether the verdict in result.json is the one that a seeded bug, or the unbroken
// system, has to get. Called by the selftest command. Pure.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/selftest/bugs.h"

namespace harness {

enum class TrialOutcome : uint8_t {
  kCaught,      // the expected invariant, with an expected cause
  kOtherCause,  // the expected invariant, and no violation of it names an expected cause
  kMissed,      // it is not violated
  kSilent,      // the unbroken system: nothing is
  kFalseAlarm,  // the unbroken system: something is violated or invalid
  kNoRun,       // no verdict: exit 2, 3 or 130, or no result.json
};

// "server/wire/client": a set of suspects as one word.
std::string SuspectsText(const std::vector<std::string_view>& names);

struct Trial {
  TrialOutcome outcome = TrialOutcome::kNoRun;
  std::vector<std::string> violated;  // invariants
  std::vector<std::string> causes;    // of the expected invariant's violations, each as SuspectsText
  int64_t records = -1;               // logged until the first violation's record was; -1: none is named
  std::string witness;                // the first violation's sentence
};

// `result`: result.json; null when there is none.
Trial JudgeTrial(const SeededBug& bug, int exit_code, const nlohmann::json& result);
Trial JudgeLegalTrial(int exit_code, const nlohmann::json& result);

}  // namespace harness
