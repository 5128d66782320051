// On everything that a correct pipeline may do, no checker says a word: no false alarm.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <thread>
#include <tuple>
#include <vector>

#include "tests/verify/verify_testing.h"

namespace harness {
namespace {

RC_GTEST_PROP(LegalHistoryTest, EveryCheckerIsSilent, ()) {
  const ModelPlan plan = *AnyPlan();
  const ModelRun run = MakeRun(plan);
  const Verdict verdict = Judge(run.history, run.scenario);
  RC_LOG() << plan << "\n" << Sentences(verdict);
  RC_ASSERT(verdict.exit_code == 0);
  RC_ASSERT(verdict.verdict == RunVerdict::kPass);
}

// Cut off anywhere, what is missing is pending.
RC_GTEST_PROP(LegalHistoryTest, AnInterruptedRunAccusesNobody, ()) {
  const ModelPlan plan = *AnyPlan();
  ModelRun run = MakeRun(plan);
  run.history.interrupted = true;
  run.history.drained = false;
  const int64_t share = *rc::gen::inRange<int64_t>(0, 100);
  const int64_t cut_ns =
      run.history.load_begin_ns + (run.history.drain_end_ns - run.history.load_begin_ns) * share / 100;
  for (Client& client : run.history.clients) {
    std::erase_if(client.deliveries, [&](const Delivery& delivery) { return delivery.time_ns > cut_ns; });
  }
  const int64_t audit_cut_ns = *rc::gen::inRange(run.history.load_begin_ns, cut_ns + 1);
  for (PartitionLog& log : run.history.partitions) {
    std::erase_if(log.records, [&](const LogRecord& record) { return record.seen_ns > audit_cut_ns; });
  }
  const Verdict verdict = Judge(run.history, run.scenario);
  RC_LOG() << plan << "\n" << Sentences(verdict);
  RC_ASSERT(verdict.exit_code == 130);
  RC_ASSERT(Violated(verdict).empty());
}

// Without the audit, what needs the log is n/a and the rest is silent.
RC_GTEST_PROP(LegalHistoryTest, WithoutTheAuditTheLogsInvariantsAreNotApplicable, ()) {
  const ModelPlan plan = *AnyPlan();
  ModelRun run = MakeRun(plan);
  run.history.audited = false;
  for (PartitionLog& log : run.history.partitions) log.records.clear();
  const Verdict verdict = Judge(run.history, run.scenario);
  RC_LOG() << plan << "\n" << Sentences(verdict);
  RC_ASSERT(Violated(verdict).empty());
  const auto not_applicable = InState(verdict, CheckState::kNotApplicable);
  for (const char* name : {"ACK_DURABLE", "PHANTOM", "LOG_DUP", "SEND_ORDER", "LOST", "SKIP", "RESUME"}) {
    RC_ASSERT(not_applicable.contains(name));
  }
}

void RunJobsBackward(size_t count, const std::function<void(size_t)>& job) {
  while (count > 0) job(--count);
}

void RunJobsAllAtOnce(size_t count, const std::function<void(size_t)>& job) {
  std::vector<std::thread> threads;
  threads.reserve(count);
  for (size_t i = 0; i < count; ++i) threads.emplace_back([&job, i] { job(i); });
  for (std::thread& thread : threads) thread.join();
}

// Legal or not, a history has one verdict and one set of metrics, however the jobs of judging it are run.
RC_GTEST_PROP(LegalHistoryTest, TheVerdictDoesNotDependOnHowItsJobsAreRun, ()) {
  const ModelPlan plan = *AnyPlan();
  ModelRun run = MakeRun(plan);
  for (Client& client : run.history.clients) {
    std::erase_if(client.deliveries, [](const Delivery& delivery) { return delivery.offset % 7 == 3; });
  }
  const auto judge = [&](const JobRunner& run_jobs) {
    JudgeOptions options;
    options.run_jobs = run_jobs;
    Metrics metrics;
    const Verdict verdict = Judge(run.history, run.scenario, options, &metrics);
    std::vector<std::tuple<std::string, CheckState, int64_t, int64_t>> results;
    results.reserve(verdict.invariants.size());
    for (const CheckResult& result : verdict.invariants) {
      results.emplace_back(result.name, result.state, result.judged, result.violation_count);
    }
    return std::tuple(results, Sentences(verdict), verdict.exit_code, metrics.sent, metrics.e2e.count());
  };
  const auto in_order = judge(RunJobsInOrder);
  RC_ASSERT(judge(RunJobsBackward) == in_order);
  RC_ASSERT(judge(RunJobsAllAtOnce) == in_order);
}

}  // namespace
}  // namespace harness
