// On everything that a correct pipeline may do, no checker says a word: no false alarm.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

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

}  // namespace
}  // namespace harness
