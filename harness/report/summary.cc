// The summary that a person reads: the verdict first, then what it rests on, at the end what to do next.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/report/names.h"
#include "harness/report/report.h"
#include "harness/report/text.h"

namespace harness {
namespace {

constexpr size_t kClientsShown = 12;

// Writes the summary part by part; every part is left out when it has nothing to say.
class SummaryWriter {
 public:
  SummaryWriter(const Report& report, const ConsoleStyle& style)
      : report_(report), style_(style), columns_(TextColumns(style)) {}

  std::string Write() {
    AddVerdict();
    AddCounts();
    AddClients();
    AddFaults();
    AddThroughput();
    AddLatency();
    AddChecks("Invariants", report_.verdict.invariants);
    AddChecks("Thresholds", report_.verdict.thresholds);
    AddViolations();
    AddFiles();
    return style_.utf8 ? text_ : Ascii(text_);
  }

 private:
  void Heading(std::string_view title) { text_ += "\n" + Painted(style_, Color::kBold, title) + "\n"; }
  void AddVerdict();
  std::string VerdictSentence() const;
  void AddCounts();
  void AddLoadTroubles();
  void AddClients();
  void AddFaults();
  void AddThroughput();
  void AddLatency();
  void AddChecks(std::string_view title, const std::vector<CheckResult>& checks);
  std::string CheckText(const CheckResult& check) const;
  void AddViolations();
  bool OnlyTimesAreWrong() const;
  void AddFiles();

  const Report& report_;
  const ConsoleStyle& style_;
  const size_t columns_;
  std::string text_;
};

struct Mark {
  std::string_view symbol;
  Color color;
};
Mark MarkOf(CheckState state) {
  switch (state) {
    case CheckState::kPass:
      return {"✓", Color::kGreen};
    case CheckState::kViolated:
      return {"✗", Color::kRed};
    case CheckState::kInvalid:
      return {"?", Color::kYellow};
    case CheckState::kNotApplicable:
      return {"–", Color::kDim};
    case CheckState::kRelaxed:
    case CheckState::kReported:
      return {"!", Color::kYellow};
  }
  return {"?", Color::kYellow};
}

std::string Names(const std::vector<const CheckResult*>& checks, CheckState state) {
  std::string names;
  for (const CheckResult* check : checks) {
    if (check->state == state) names += (names.empty() ? "" : ", ") + Printable(check->name);
  }
  return names;
}

std::string SummaryWriter::VerdictSentence() const {
  const std::vector<const CheckResult*> checks = AllChecks(report_.verdict);
  switch (report_.verdict.verdict) {
    case RunVerdict::kPass: {
      if (!report_.history.audited) return "load only: without the audit nothing is said about losses";
      const bool whole = StateOf(report_.verdict, "LOST") == CheckState::kPass &&
                         StateOf(report_.verdict, "DUP") == CheckState::kPass &&
                         StateOf(report_.verdict, "ORDER") == CheckState::kPass;
      return whole ? "every payment that Kafka acknowledged reached every client once, in order"
                   : "what this run could judge holds (see Invariants)";
    }
    case RunVerdict::kFail:
      return "broken: " + Names(checks, CheckState::kViolated);
    case RunVerdict::kInvalid: {
      const std::string names = Names(checks, CheckState::kInvalid);
      return "the run proves nothing" + (names.empty() ? std::string() : ": " + names);
    }
    case RunVerdict::kInterrupted:
      return "stopped before its end; what was seen until then is below";
  }
  return "";
}

void SummaryWriter::AddVerdict() {
  const std::string name(VerdictName(report_.verdict.verdict));
  const Color color = report_.verdict.verdict == RunVerdict::kPass   ? Color::kGreen
                      : report_.verdict.verdict == RunVerdict::kFail ? Color::kRed
                                                                     : Color::kYellow;
  // Painted after the wrapping, which counts columns.
  const std::string line =
      Paragraph(name + "  ", Printable(report_.scenario.name) + ": " + VerdictSentence(), columns_);
  text_ += Painted(style_, color, name) + line.substr(name.size());
  // A run that died did not say how long it took, nor on what.
  const RunFacts& facts = report_.facts;
  std::string details = fmt::format("seed {}", report_.scenario.seed);
  if (facts.duration_ns > 0) details += ", " + DurationText(facts.duration_ns);
  details += fmt::format(", exit code {}", report_.verdict.exit_code);
  if (!facts.backend.empty()) details += ", on " + Printable(facts.backend);
  text_ += Paragraph("  ", details, columns_);
}

void SummaryWriter::AddCounts() {
  const Metrics& metrics = report_.metrics;
  Heading("Payments");
  std::string line = fmt::format("sent {} · acknowledged {}", CountText(metrics.sent), CountText(metrics.acked));
  if (metrics.failed > 0) line += " · refused " + CountText(metrics.failed);
  line += " · unknown " + CountText(metrics.unknown);
  if (metrics.unknown > 0) line += " (in the topic: " + CountText(metrics.unknown_in_log) + ")";
  if (report_.history.audited) line += " · in the topic " + CountText(metrics.logged);
  if (metrics.rejected > 0) line += " · no valid payment " + CountText(metrics.rejected);
  text_ += Paragraph("  ", line, columns_);
  AddLoadTroubles();
}

// Nothing that the generator dropped or had to do again stays unsaid.
void SummaryWriter::AddLoadTroubles() {
  constexpr std::array<std::pair<const char*, std::string_view>, 4> kTroubles = {
      {{"unsent", "planned and never handed over"},
       {"full_retries", "hand-overs found no room and were tried again"},
       {"rebuilds", "producers rebuilt after a fatal error"},
       {"reports_lost", "without a delivery report"}}};
  std::string line;
  for (const auto& [name, words] : kTroubles) {
    const auto found = report_.facts.load.find(name);
    if (found == report_.facts.load.end() || found->second == 0) continue;
    line += fmt::format("{}{} {}", line.empty() ? "generator: " : " · ", CountText(found->second), words);
  }
  if (!line.empty()) text_ += Paragraph("  ", line, columns_);
}

void SummaryWriter::AddClients() {
  if (report_.metrics.clients.empty()) return;
  Table table{{"Client", "delivered", "repeats dropped", "reconnects"}, {}};
  for (const ClientFigures& client : report_.metrics.clients) {
    if (table.rows.size() == kClientsShown) break;
    table.rows.push_back(
        {Printable(client.name), CountText(client.delivered), CountText(client.dropped), CountText(client.reconnects)});
  }
  text_ += "\n" + TableText(table, columns_);
  if (report_.metrics.clients.size() > kClientsShown) {
    text_ += fmt::format("  … and {}: see result.json\n",
                         Counted(static_cast<int64_t>(report_.metrics.clients.size() - kClientsShown), "more client"));
  }
}

void SummaryWriter::AddFaults() {
  const std::vector<FaultEvent> faults = AllFaults(report_);
  if (faults.empty()) return;
  Heading("Faults");
  for (const FaultEvent& fault : faults) {
    const std::string when =
        fault.struck_ns == 0 ? "never struck" : MomentText(fault.struck_ns, report_.history.load_begin_ns);
    text_ += Paragraph("  ",
                       fmt::format("{} ({} {}) {}: {}", Printable(fault.name), Printable(fault.type),
                                   Printable(fault.target), when, Printable(fault.evidence)),
                       columns_);
  }
  Table table{{"Recovery", "client", "noticed", "reconnected", "recovered", "failed tries"}, {}, 2};
  for (const Recovery& recovery : report_.metrics.recoveries) {
    if (recovery.fault >= report_.history.faults.size() || recovery.client >= report_.history.clients.size()) continue;
    const FaultEvent& fault = report_.history.faults[recovery.fault];
    const auto after = [&](int64_t time_ns) {
      return time_ns == 0 || fault.struck_ns == 0 ? std::string("never") : DurationText(time_ns - fault.struck_ns);
    };
    table.rows.push_back({Printable(fault.name), Printable(report_.history.clients[recovery.client].name),
                          recovery.broke ? after(recovery.detected_ns) : "stream kept",
                          !recovery.broke             ? "–"
                          : recovery.reconnect_ns < 0 ? "never"
                                                      : DurationText(recovery.reconnect_ns),
                          after(recovery.recovered_ns), CountText(recovery.attempts)});
  }
  if (table.rows.empty()) return;
  text_ += TableText(table, columns_);
  text_ += Paragraph("  ", "noticed, recovered: after the strike; reconnected: from the break to the first message",
                     columns_);
}

void SummaryWriter::AddThroughput() {
  if (report_.metrics.phases.empty()) return;
  Table table{{"Phase", "took", "offered", "acknowledged", "delivered", "backlog peak", "drained at"}, {}};
  for (const PhaseFigures& phase : report_.metrics.phases) {
    table.rows.push_back({Printable(phase.name), DurationText(phase.duration_ns), RateText(phase.offered_per_s),
                          RateText(phase.acked_per_s), RateText(phase.delivered_per_s), CountText(phase.backlog_peak),
                          phase.drain_per_s > 0 ? RateText(phase.drain_per_s) : "–"});
  }
  text_ += "\n" + TableText(table, columns_);
}

void SummaryWriter::AddLatency() {
  Table table{{"Latency", "p50", "p99", "p99.9", "max", "samples"}, {}};
  const auto add = [&](const std::string& name, const LatencyHistogram& histogram) {
    if (histogram.count() == 0) return;
    const auto at = [&](double quantile) {
      const std::optional<int64_t> value = histogram.AtQuantile(quantile);
      return value ? DurationText(*value) : std::string("–");
    };
    table.rows.push_back(
        {name, at(0.5), at(0.99), at(0.999), DurationText(*histogram.Max()), CountText(histogram.count())});
  };
  add("planned to sent", report_.metrics.schedule_lag);
  add("sent to acknowledged", report_.metrics.produce_ack);
  add("planned to delivered", report_.metrics.e2e);
  if (report_.metrics.clients.size() > 1) {
    for (size_t i = 0; i < std::min(report_.metrics.clients.size(), kClientsShown); ++i) {
      add("  at " + Printable(report_.metrics.clients[i].name), report_.metrics.clients[i].e2e);
    }
  }
  if (!table.rows.empty()) text_ += "\n" + TableText(table, columns_);
}

std::string SummaryWriter::CheckText(const CheckResult& check) const {
  const Threshold* threshold = FindThreshold(report_.scenario, check.name);
  std::string text;
  if (threshold != nullptr && check.samples > 0) {
    text = MeasuredText(check.measured, threshold->is_time) + " over " + Counted(check.samples, "sample");
  }
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  if (check.state == CheckState::kNotApplicable) {
    add("n/a: " + Clipped(Printable(check.reason), 60));
  } else if (check.state == CheckState::kPass && threshold == nullptr) {
    add(CountText(check.judged) + " judged");
  } else if (check.violation_count > 0 && threshold == nullptr) {
    add(Counted(check.violation_count, "violation") + " in " + CountText(check.judged) + " judged");
  }
  if (check.state == CheckState::kRelaxed) add("relaxed: " + Printable(check.reason));
  if (check.state == CheckState::kReported) add("reported, not judged");
  if (check.state == CheckState::kInvalid) add(Printable(check.reason));
  if (check.state == CheckState::kViolated && text.empty()) add(Printable(check.reason));
  return text;
}

void SummaryWriter::AddChecks(std::string_view title, const std::vector<CheckResult>& checks) {
  if (checks.empty()) return;
  Heading(title);
  size_t name_columns = 0;
  for (const CheckResult& check : checks) name_columns = std::max(name_columns, Columns(check.name));
  name_columns = std::min(name_columns, columns_ / 2);
  for (const CheckResult& check : checks) {
    const Mark mark = MarkOf(check.state);
    const std::string line =
        Paragraph("  " + std::string(mark.symbol) + " " + PadRight(Printable(check.name), name_columns) + "  ",
                  CheckText(check), columns_);
    text_ += "  " + Painted(style_, mark.color, mark.symbol) + line.substr(2 + mark.symbol.size());
  }
}

void SummaryWriter::AddViolations() {
  bool headed = false;
  for (const CheckResult* check : AllChecks(report_.verdict)) {
    if (!IsBroken(check->state)) continue;
    if (check->violations.empty() && check->reason.empty()) continue;
    if (!headed) Heading("What is wrong");
    headed = true;
    if (check->violations.empty()) {
      text_ += Paragraph("  ", Printable(check->name) + ": " + Printable(check->reason), columns_);
      continue;
    }
    const Violation& first = check->violations.front();
    text_ += Paragraph(
        "  ",
        fmt::format("{}: {} (cause: {})", Printable(check->name), Printable(first.sentence), CausesText(first.causes)),
        columns_);
    if (check->violation_count > 1) {
      text_ += Paragraph("  ", fmt::format("and {}", Counted(check->violation_count - 1, "more violation")), columns_);
    }
  }
  if (OnlyTimesAreWrong()) {
    text_ += Paragraph("  ",
                       "The invariants hold; only times were missed. On a machine that is busy with other things, "
                       "--thresholds=report reports them instead.",
                       columns_);
  }
}

bool SummaryWriter::OnlyTimesAreWrong() const {
  if (report_.verdict.verdict != RunVerdict::kFail) return false;
  const std::vector<const CheckResult*> checks = AllChecks(report_.verdict);
  return std::all_of(checks.begin(), checks.end(), [&](const CheckResult* check) {
    const Threshold* threshold = FindThreshold(report_.scenario, check->name);  // none: an invariant
    return !IsBroken(check->state) || (threshold != nullptr && threshold->is_time && check->samples > 0);
  });
}

void SummaryWriter::AddFiles() {
  if (!report_.facts.run_dir.empty()) {
    std::string files = report_.facts.has_result ? "result.json, junit.xml, " : "";
    if (report_.facts.has_result && HasWitness(report_)) {
      files = "witness.txt (the record and every place it was seen), " + files;
    }
    Heading("Files");
    text_ += "  " + Printable(report_.facts.run_dir) + "/\n";
    text_ += Paragraph("  ", files + "scenario.json, history/, logs/", columns_);
  }
  if (report_.verdict.verdict == RunVerdict::kPass) return;
  if (!report_.facts.run_dir.empty() && report_.facts.has_journal) {
    Heading("Judge it again");
    text_ += "  " + Printable(CheckCommand(report_)) + "\n";  // never wrapped: it is there to be copied
  }
  Heading("Run it again");
  text_ += "  " + Printable(RerunCommand(report_)) + "\n";
}

}  // namespace

std::string SummaryText(const Report& report, const ConsoleStyle& style) {
  return SummaryWriter(report, style).Write();
}

}  // namespace harness
