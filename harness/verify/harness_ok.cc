#include "harness/verify/harness_ok.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace harness {
namespace {

// A phase with fewer planned sends is judged together with the others alone: one stall of the machine would decide it.
constexpr int64_t kPhaseSendsMin = 1'000;

class HarnessOk {
 public:
  explicit HarnessOk(const Evidence& evidence) : evidence_(evidence), history_(evidence.history) {}

  CheckResult Check() {
    CheckErrors();
    CheckSchedule();
    if (history_.audited) {
      for (int32_t p = 0; p < evidence_.log.partitions(); ++p) CheckAudit(p);
      for (size_t i = 0; i < history_.clients.size(); ++i) {
        if (history_.clients[i].observed) CheckClient(i);
      }
    } else {
      findings_.Note("load only: the topic was not audited");
    }
    return findings_.Finish(CheckState::kInvalid);
  }

 private:
  void Report(Causes causes, const std::string& sentence, const std::string& client = "", int32_t partition = -1,
              int64_t offset = -1) {
    findings_.Add(false, [&] {
      Violation violation;
      violation.causes = causes;
      violation.client = client;
      violation.partition = partition;
      violation.offset = offset;
      violation.sentence = sentence;
      return violation;
    });
  }

  void CheckErrors() {
    findings_.Judged();
    for (const std::string& error : history_.harness_errors) Report(Cause::kHarness, error);
    for (const Client& client : history_.clients) {
      if (client.broken_lines == 0) continue;
      std::string sentence = fmt::format("{} line{} of client {}'s log could not be read", client.broken_lines,
                                         client.broken_lines == 1 ? "" : "s", client.name);
      if (!client.broken_line_texts.empty()) sentence += "; the first: " + client.broken_line_texts.front();
      // What is no JSON may be what its program wrote, or what became of it on the disk.
      Report({Cause::kClient, Cause::kHarness}, sentence, client.name);
    }
  }

  bool IsExempt(const Phase& phase) const {
    const auto& plans = evidence_.scenario.phases;
    return std::any_of(plans.begin(), plans.end(),
                       [&](const PhasePlan& plan) { return plan.name == phase.name && !HasSchedule(plan); });
  }

  // All phases together, and each measured one by itself: what fell behind in a spike of a second must not vanish in
  // the minutes beside it.
  void CheckSchedule() {
    if (history_.interrupted) return;
    const int64_t lag_max_ns = evidence_.scenario.expect.schedule_lag_max_ns;
    std::vector<int64_t> on_time(history_.phases.size());
    for (size_t i = 0; i < history_.producers.size(); ++i) {
      if (IsProcessProducer(history_, i)) continue;
      for (const Send& send : history_.producers[i].sends) {
        if (send.sent_ns == 0 || send.sentinel || send.phase >= on_time.size()) continue;
        if (send.sent_ns - send.planned_ns <= lag_max_ns) ++on_time[send.phase];
      }
    }
    int64_t planned_total = 0, on_time_total = 0;
    for (size_t i = 0; i < history_.phases.size(); ++i) {
      if (IsExempt(history_.phases[i])) continue;
      planned_total += history_.phases[i].planned;
      on_time_total += std::min(on_time[i], history_.phases[i].planned);
    }
    if (planned_total == 0) return;
    findings_.Judged(planned_total);
    if (on_time_total < planned_total) {
      findings_.Note(fmt::format("{} of {} planned sends were handed over later than {} after their plan, or never",
                                 planned_total - on_time_total, planned_total, TimeText(lag_max_ns)));
    }
    if (!KeptItsPlan("", on_time_total, planned_total)) return;
    for (size_t i = 0; i < history_.phases.size(); ++i) {
      const Phase& phase = history_.phases[i];
      if (IsExempt(phase) || !phase.measured || phase.planned < kPhaseSendsMin) continue;
      KeptItsPlan("phase " + phase.name + ": ", on_time[i], phase.planned);
    }
  }

  bool KeptItsPlan(const std::string& where, int64_t on_time, int64_t planned) {
    const Expectations& expect = evidence_.scenario.expect;
    const double share = static_cast<double>(on_time) / static_cast<double>(planned);
    if (share >= expect.schedule_share) return true;
    const std::string text = fmt::format("{}{:.2f} % of {} planned sends were handed over within {} of their plan",
                                         where, 100 * share, planned, TimeText(expect.schedule_lag_max_ns));
    if (evidence_.options.report_time_thresholds) {
      findings_.Note("reported, not judged: " + text);
    } else {
      Report(Cause::kHarness, fmt::format("{}; {:.4g} % are needed", text, 100 * expect.schedule_share));
    }
    return false;
  }

  // Did the audit read everything before it was trimmed?
  void CheckAudit(int32_t partition) {
    const PartitionLog& log = history_.partitions[static_cast<size_t>(partition)];
    findings_.Judged(static_cast<int64_t>(log.records.size()));
    if (log.low_watermark <= log.start_offset) return;
    int64_t expected = log.start_offset;
    const auto report = [&](int64_t next) {
      Report(Cause::kRetention,
             fmt::format("partition {} was trimmed up to offset {} before the audit had read offset {}", partition,
                         log.low_watermark, expected),
             "", partition, expected);
      expected = next;
    };
    for (const LogRecord& record : log.records) {
      if (record.offset > expected && record.offset <= log.low_watermark) report(record.offset);
      expected = record.offset + 1;
    }
    if (expected < log.low_watermark) report(log.low_watermark);
  }

  void CheckClient(size_t index) {
    const ClientView& view = evidence_.clients.view(index);
    const Client& client = history_.clients[index];
    for (int32_t p = 0; p < evidence_.log.partitions(); ++p) {
      if (!history_.interrupted) CheckSentinel(client, p);
    }
    const bool trimmed = std::any_of(history_.partitions.begin(), history_.partitions.end(),
                                     [](const PartitionLog& log) { return log.low_watermark > log.start_offset; });
    if (trimmed && !client.connections.empty()) CheckFrontier(view);
  }

  void CheckSentinel(const Client& client, int32_t partition) {
    // They are the last records: looked for from the end.
    const auto& records = history_.partitions[static_cast<size_t>(partition)].records;
    const bool found = std::any_of(records.rbegin(), records.rend(), [&](const LogRecord& record) {
      return record.sentinel && record.valid && client.filter.Matches(record.provider, record.status);
    });
    if (found) return;
    Report(Cause::kHarness,
           fmt::format("partition {} holds no sentinel for client {}, so how far it came is not known", partition,
                       client.name),
           client.name, partition);
  }

  // A missing record below the low watermark, with nothing received between it and the watermark: it may have been
  // trimmed before the client had reached it.
  void CheckFrontier(const ClientView& view) {
    std::vector<int64_t> lowest_missing(history_.partitions.size(), -1);
    std::vector<int64_t> received_below(history_.partitions.size(), -1);
    for (int32_t p = 0; p < evidence_.log.partitions(); ++p) {
      const auto i = static_cast<size_t>(p);
      LogPlace place = evidence_.log.LowerBound(p, history_.partitions[i].low_watermark);
      while (place > evidence_.log.begin(p) && !view.received(place - 1)) --place;
      if (place > evidence_.log.begin(p)) received_below[i] = evidence_.log.record(place - 1).offset;
    }
    const bool left = view.client().left_ns != 0;
    view.ForEachMissing(left ? view.frontiers() : AuditedLasts(history_, evidence_.log), [&](LogPlace place) {
      const auto i = static_cast<size_t>(evidence_.log.partition(place));
      const int64_t offset = evidence_.log.record(place).offset;
      if (offset >= history_.partitions[i].low_watermark) return;
      if (offset < received_below[i]) return;  // the client was beyond it: LOST's matter
      if (lowest_missing[i] < 0 || offset < lowest_missing[i]) lowest_missing[i] = offset;
    });
    for (size_t i = 0; i < lowest_missing.size(); ++i) {
      const PartitionLog& log = history_.partitions[i];
      if (lowest_missing[i] < 0 || log.low_watermark <= log.start_offset) continue;
      Report(Cause::kRetention,
             fmt::format("partition {} was trimmed up to offset {} before client {} had got offset {}", i,
                         log.low_watermark, view.client().name, lowest_missing[i]),
             view.client().name, static_cast<int32_t>(i), lowest_missing[i]);
    }
  }

  const Evidence& evidence_;
  const History& history_;
  Findings findings_{"HARNESS_OK"};
};

}  // namespace

CheckResult CheckHarnessOk(const Evidence& evidence) { return HarnessOk(evidence).Check(); }

}  // namespace harness
