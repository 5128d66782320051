// The verdict of a run: what each invariant and threshold says of a History. Made by judge.h, read by the report and by
// the exit code. Plain data, pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/verify/history.h"

namespace harness {

// One list, everywhere.
enum class Cause : uint8_t { kProducer, kBroker, kRetention, kServer, kWire, kClient, kHarness, kServerOrWire };
std::string_view CauseName(Cause cause);  // "server-or-wire"

enum class CheckState : uint8_t {
  kPass,
  kViolated,       // exit 1
  kInvalid,        // the run proves nothing: exit 4 (HARNESS_OK, EFFICACY, NONVACUOUS, too few samples)
  kNotApplicable,  // with the reason
  kRelaxed,        // violated, but the scenario named it with a reason
  kReported,       // a time threshold under --thresholds=report
};

inline bool IsBroken(CheckState state) { return state == CheckState::kViolated || state == CheckState::kInvalid; }

// One violation: what, who, where.
struct Violation {
  Cause cause = Cause::kHarness;
  std::string client;  // empty: none
  int32_t partition = -1;
  int64_t offset = -1;
  Rec rec;
  uint64_t id_hash = 0;
  int64_t time_ns = 0;
  std::string sentence;  // "client fast never received partition 2 offset 117, which Kafka acknowledged"
};

struct CheckResult {
  std::string name;  // "LOST", or a threshold's text
  CheckState state = CheckState::kPass;
  std::string reason;  // why n/a, why invalid, the reason a relaxation gives; or what was measured
  int64_t judged = 0;  // how many things were looked at: a pass over nothing says so
  int64_t violation_count = 0;
  std::vector<Violation> violations;  // the first kViolationsKept
  double measured = 0;                // thresholds: ns or count
  int64_t samples = 0;                // thresholds
};
inline constexpr size_t kViolationsKept = 16;

enum class RunVerdict : uint8_t { kPass, kFail, kInvalid, kInterrupted };

struct Verdict {
  RunVerdict verdict = RunVerdict::kInvalid;
  int exit_code = 4;
  std::vector<CheckResult> invariants;
  std::vector<CheckResult> thresholds;
};

}  // namespace harness
