// The figures of the summary: payments, clients, faults and recoveries, phases, latencies.
#include "harness/report/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/report/names.h"
#include "harness/report/text.h"

namespace harness {
namespace {

constexpr size_t kClientsShown = 12;
constexpr size_t kRecoveriesShown = 24;

// Writes part by part; every part is left out when it has nothing to say.
class FiguresWriter {
 public:
  FiguresWriter(const Report& report, const ConsoleStyle& style)
      : report_(report), style_(style), columns_(TextColumns(style)) {}

  std::string Write() {
    AddCounts();
    AddClients();
    AddFaults();
    AddThroughput();
    AddLatency();
    return std::move(text_);
  }

 private:
  void Heading(std::string_view title) { text_ += "\n" + Painted(style_, Color::kBold, title) + "\n"; }
  void AddCounts();
  void AddLoadTroubles();
  void AddClients();
  void AddFaults();
  void AddRecoveries();
  void AddThroughput();
  void AddLatency();
  bool IsObserved(const std::string& client) const;

  const Report& report_;
  const ConsoleStyle& style_;
  const size_t columns_;
  std::string text_;
};

void FiguresWriter::AddCounts() {
  const Metrics& metrics = report_.metrics;
  Heading("Payments");
  std::string line = fmt::format("sent {} · acknowledged {}", CountText(metrics.sent), CountText(metrics.acked));
  if (metrics.failed > 0) line += " · failed " + CountText(metrics.failed);
  line += " · unknown " + CountText(metrics.unknown);
  if (metrics.unknown > 0) line += " (in the topic: " + CountText(metrics.unknown_in_log) + ")";
  if (report_.history.audited) line += " · in the topic " + CountText(metrics.logged);
  if (metrics.rejected > 0) line += " · no valid payment " + CountText(metrics.rejected);
  text_ += Paragraph("  ", line, columns_);
  AddLoadTroubles();
}

// Nothing that the generator dropped or had to do again stays unsaid.
void FiguresWriter::AddLoadTroubles() {
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

bool FiguresWriter::IsObserved(const std::string& client) const {
  const auto& clients = report_.history.clients;
  return std::none_of(clients.begin(), clients.end(),
                      [&](const Client& of) { return of.name == client && !of.observed; });
}

void FiguresWriter::AddClients() {
  if (report_.metrics.clients.empty()) return;
  Table table{{"Client", "delivered", "repeats dropped", "reconnects"}, {}};
  for (const ClientFigures& client : report_.metrics.clients) {
    if (table.rows.size() == kClientsShown) break;
    if (!IsObserved(client.name)) {
      table.rows.push_back({Printable(client.name), "not observed", "–", "–"});
      continue;
    }
    table.rows.push_back(
        {Printable(client.name), CountText(client.delivered), CountText(client.dropped), CountText(client.reconnects)});
  }
  text_ += "\n" + TableText(table, columns_);
  if (report_.metrics.clients.size() > kClientsShown) {
    text_ += fmt::format("  … and {}: see result.json\n",
                         Counted(static_cast<int64_t>(report_.metrics.clients.size() - kClientsShown), "more client"));
  }
}

void FiguresWriter::AddFaults() {
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
  AddRecoveries();
}

void FiguresWriter::AddRecoveries() {
  Table table{{"Recovery", "client", "noticed", "reconnected", "recovered", "failed tries"}, {}, 2};
  int64_t untold = 0;
  for (const Recovery& recovery : report_.metrics.recoveries) {
    if (recovery.fault >= report_.history.faults.size() || recovery.client >= report_.history.clients.size()) continue;
    if (!report_.history.clients[recovery.client].observed) continue;
    if (table.rows.size() == kRecoveriesShown) {
      ++untold;
      continue;
    }
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
  if (untold > 0) text_ += fmt::format("  … and {} more: see result.json\n", CountText(untold));
  text_ += Paragraph("  ", "noticed, recovered: after the strike; reconnected: from the break to the first message",
                     columns_);
}

void FiguresWriter::AddThroughput() {
  if (report_.metrics.phases.empty()) return;
  Table table{{"Phase", "took", "offered", "acknowledged", "delivered", "backlog peak", "drained at"}, {}};
  for (const PhaseFigures& phase : report_.metrics.phases) {
    table.rows.push_back({Printable(phase.name), DurationText(phase.duration_ns), RateText(phase.offered_per_s),
                          RateText(phase.acked_per_s), RateText(phase.delivered_per_s), CountText(phase.backlog_peak),
                          phase.drain_per_s > 0 ? RateText(phase.drain_per_s) : "–"});
  }
  text_ += "\n" + TableText(table, columns_);
}

void FiguresWriter::AddLatency() {
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
  if (report_.metrics.e2e.empty()) add("sent to delivered", report_.metrics.service);
  if (report_.metrics.clients.size() > 1) {
    for (size_t i = 0; i < std::min(report_.metrics.clients.size(), kClientsShown); ++i) {
      const ClientFigures& client = report_.metrics.clients[i];
      add("  at " + Printable(client.name), report_.metrics.e2e.empty() ? client.service : client.e2e);
    }
  }
  if (!table.rows.empty()) text_ += "\n" + TableText(table, columns_);
}

}  // namespace

std::string FiguresText(const Report& report, const ConsoleStyle& style) {
  return FiguresWriter(report, style).Write();
}

}  // namespace harness
