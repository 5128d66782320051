// The verdict of a run: what each invariant and threshold says of a History. Made by judge.h, read by the report and by
// the exit code. Plain data, pure.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "harness/verify/history.h"

namespace harness {

// A hop at which something can go wrong. One list, everywhere; in the order of a record's way.
enum class Cause : uint8_t { kProducer, kBroker, kRetention, kServer, kWire, kClient, kHarness };
inline constexpr size_t kCauseCount = 7;
std::string_view CauseName(Cause cause);  // "server"

// The suspects of a violation: every hop that the evidence does not exclude, and no other.
class Causes {
 public:
  constexpr Causes() = default;
  constexpr Causes(Cause cause) : bits_(Bit(cause)) {}  // NOLINT(google-explicit-constructor): one suspect is a set
  constexpr Causes(std::initializer_list<Cause> causes) {
    for (const Cause cause : causes) bits_ = static_cast<uint8_t>(bits_ | Bit(cause));
  }
  constexpr bool Contains(Cause cause) const { return (bits_ & Bit(cause)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  // Those that are in both: what two pieces of evidence leave.
  constexpr Causes And(Causes other) const { return FromBits(bits_ & other.bits_); }
  constexpr auto operator<=>(const Causes&) const = default;

 private:
  static constexpr uint8_t Bit(Cause cause) { return static_cast<uint8_t>(1U << static_cast<unsigned>(cause)); }
  static constexpr Causes FromBits(int bits) {
    Causes causes;
    causes.bits_ = static_cast<uint8_t>(bits);
    return causes;
  }
  uint8_t bits_ = 0;
};
std::vector<std::string_view> CauseNames(Causes causes);  // "server", "wire"
std::string CausesText(Causes causes);                    // "server, wire or client"

// Where a record can go wrong between the topic and a client's log of it, when only these two are seen.
inline constexpr Causes kDeliveryHops = {Cause::kServer, Cause::kWire, Cause::kClient};
// Behind the server's hand-over to gRPC.
inline constexpr Causes kBehindServer = {Cause::kWire, Cause::kClient};

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
  Causes causes = Cause::kHarness;
  std::string client;  // empty: none
  int32_t partition = -1;
  int64_t offset = -1;
  Rec rec;
  uint64_t id_hash = 0;
  int64_t time_ns = 0;
  std::string sentence;  // "client fast never received partition 2 offset 117, which Kafka acknowledged"
};

struct CheckResult {
  std::string name;  // "LOST"; of a threshold its text
  CheckState state = CheckState::kPass;
  std::string reason;   // why n/a, why invalid, the reason a relaxation gives; or what was measured
  int64_t judged = 0;   // how many things were looked at: a pass over nothing says so
  bool stands = false;  // a violation is among them that stands whatever the harness missed (damage.h)
  int64_t violation_count = 0;
  std::vector<Violation> violations;  // the first kViolationsKept
};
inline constexpr size_t kViolationsKept = 16;
inline constexpr size_t kSentenceBytesMax = 1'000;  // of a violation; longer ones are cut

// What one threshold says: a result of its own, of a metric (harness/measure) and not of the history's order.
struct ThresholdResult : CheckResult {
  double measured = 0;         // in the metric's unit (MetricUnit); infinity: without end
  double limit = 0;            // likewise
  bool is_time = false;        // ns
  int64_t samples = 0;         // behind `measured`; 0: there is none
  int64_t samples_wanted = 1;  // fewer prove nothing
  int64_t without_end = 0;     // of the samples: what never came
  std::string whose;           // the client, or client and fault, that decided; empty: the run
};

enum class RunVerdict : uint8_t { kPass, kFail, kInvalid, kInterrupted };

struct Verdict {
  RunVerdict verdict = RunVerdict::kInvalid;
  int exit_code = 4;
  std::vector<CheckResult> invariants;
  std::vector<ThresholdResult> thresholds;
};

}  // namespace harness
