#include "harness/judge/judge.h"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <utility>

#include "harness/judge/threshold_result.h"
#include "harness/measure/measurement.h"
#include "harness/measure/metric_table.h"
#include "harness/measure/metrics.h"
#include "harness/verify/ack_durable.h"
#include "harness/verify/acked.h"
#include "harness/verify/agree.h"
#include "harness/verify/backoff.h"
#include "harness/verify/bookmark.h"
#include "harness/verify/bounded.h"
#include "harness/verify/checker.h"
#include "harness/verify/dlq.h"
#include "harness/verify/dup.h"
#include "harness/verify/efficacy.h"
#include "harness/verify/exit_codes.h"
#include "harness/verify/harness_ok.h"
#include "harness/verify/live.h"
#include "harness/verify/log_dup.h"
#include "harness/verify/lost.h"
#include "harness/verify/nonvacuous.h"
#include "harness/verify/order.h"
#include "harness/verify/phantom.h"
#include "harness/verify/resume.h"
#include "harness/verify/send_order.h"
#include "harness/verify/skip.h"
#include "harness/verify/unary_agree.h"
#include "harness/verify/well_formed.h"
#include "harness/verify/zombie.h"

namespace harness {
namespace {

constexpr std::array<Checker, 22> kCheckers = {
    CheckAckDurable, CheckPhantom,  CheckLogDup,     CheckSendOrder, CheckLost,   CheckDup,
    CheckOrder,      CheckSkip,     CheckResume,     CheckBookmark,  CheckZombie, CheckAgree,
    CheckUnaryAgree, CheckBackoff,  CheckBounded,    CheckDlq,       CheckAcked,  CheckWellFormed,
    CheckLive,       CheckEfficacy, CheckNonvacuous, CheckHarnessOk};

// Begun first: UNARY_AGREE, because it takes longest, and more memory than any other, so that it is over when the
// metrics, which come next in both, are computed.
constexpr size_t kFirstChecker = 12;
static_assert(kCheckers[kFirstChecker] == CheckUnaryAgree);

void Relax(const Expectations& expect, CheckResult* result) {
  for (const RelaxedInvariant& relaxed : expect.relaxed) {
    if (relaxed.invariant != result->name || !IsBroken(result->state)) continue;
    result->state = CheckState::kRelaxed;
    result->reason = relaxed.reason;
  }
}

// The precedence of the exit codes within a run.
std::pair<RunVerdict, int> Decide(const History& history, const Verdict& verdict) {
  if (history.interrupted) return {RunVerdict::kInterrupted, kExitInterrupted};
  bool violated = false, invalid = false, stands = false, damaged = false;
  const auto count = [&](const CheckResult& result) {
    violated = violated || result.state == CheckState::kViolated;
    stands = stands || (result.state == CheckState::kViolated && result.stands);
    invalid = invalid || result.state == CheckState::kInvalid;
  };
  for (const CheckResult& result : verdict.invariants) {
    damaged = damaged || (result.name == "HARNESS_OK" && IsBroken(result.state));
    count(result);
  }
  for (const ThresholdResult& result : verdict.thresholds) count(result);
  if (violated && (stands || !damaged)) return {RunVerdict::kFail, kExitFail};
  if (invalid) return {RunVerdict::kInvalid, kExitInvalid};
  return {RunVerdict::kPass, kExitPass};
}

}  // namespace

Verdict Judge(const History& history, const Scenario& scenario, const JudgeOptions& options, Metrics* metrics,
              const HostFacts& host) {
  const LogIndex log(history);
  const ServerEvidence servers(history);
  const ClientViews clients(history, log);
  const bool ids_are_needed = !history.reads.empty() || !history.walks.empty();
  options.run_jobs(history.clients.size() + 1, [&](size_t job) {
    if (job > 0) {
      clients.Prepare(job - 1);
    } else if (ids_are_needed) {
      log.id_count();  // makes them
    }
  });
  const Damage damage(history);
  const Evidence evidence{history, scenario, log, clients, servers, damage, options};
  Verdict verdict;
  verdict.invariants.resize(kCheckers.size());
  Metrics own;
  if (metrics == nullptr && !scenario.expect.thresholds.empty()) metrics = &own;
  std::optional<Measurement> measurement;
  const size_t jobs = kCheckers.size() + (metrics != nullptr ? 1 : 0);
  options.run_jobs(jobs, [&](size_t job) {
    if (job == kCheckers.size()) {
      measurement.emplace(history, log, clients, servers, host);
      *metrics = ComputeMetrics(*measurement);
      return;
    }
    const size_t i = (kFirstChecker + job) % kCheckers.size();
    verdict.invariants[i] = kCheckers[i](evidence);
    Relax(scenario.expect, &verdict.invariants[i]);
  });
  for (const Threshold& threshold : scenario.expect.thresholds) {
    const Measured measured = Measure(*measurement, metrics->recoveries, threshold);
    verdict.thresholds.push_back(JudgeThreshold(threshold, measured, options));
  }
  std::tie(verdict.verdict, verdict.exit_code) = Decide(history, verdict);
  return verdict;
}

}  // namespace harness
