// Faults and how each client recovered from them, clients and phases.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "harness/report/names.h"
#include "harness/report/page/html.h"
#include "harness/report/page/page.h"
#include "harness/report/text.h"

namespace harness {
namespace {

constexpr size_t kRecoveriesShown = 200;
constexpr size_t kClientsShown = 200;
constexpr size_t kBrokenLinesShown = 20;

std::string Untold(size_t all, size_t shown, std::string_view what) {
  if (all <= shown) return "";
  return fmt::format("<p>… and {}: see result.json.</p>\n", Counted(static_cast<int64_t>(all - shown), what));
}

std::string FaultsTable(const Report& report, const std::vector<FaultEvent>& faults) {
  HtmlTable table("Faults: when each struck, and what shows that it did",
                  {{"Fault"}, {"Type"}, {"Target"}, {"Struck", true}, {"Healed", true}, {"Evidence"}});
  for (const FaultEvent& fault : faults) {
    const auto when = [&](int64_t time_ns) {
      return time_ns == 0 ? std::string("never") : MomentText(time_ns, report.history.load_begin_ns);
    };
    const bool proved = fault.struck_ns != 0 && fault.effective;
    table.Add({Html(fault.name), Html(fault.type), Html(fault.target), when(fault.struck_ns), when(fault.healed_ns),
               Html((proved ? "" : "? ") + fault.evidence)},
              proved ? "" : "doubt");
  }
  return table.Text();
}

// The slowest first; who never recovered before all.
std::vector<Recovery> ByRecovery(const Report& report) {
  std::vector<Recovery> recoveries;
  for (const Recovery& recovery : report.metrics.recoveries) {
    if (recovery.fault >= report.history.faults.size() || recovery.client >= report.history.clients.size()) continue;
    if (report.history.clients[recovery.client].observed) recoveries.push_back(recovery);
  }
  const auto took = [&](const Recovery& recovery) {
    return recovery.recovered_ns == 0 ? std::numeric_limits<int64_t>::max()
                                      : recovery.recovered_ns - report.history.faults[recovery.fault].struck_ns;
  };
  std::stable_sort(recoveries.begin(), recoveries.end(), [&](const Recovery& a, const Recovery& b) {
    return recoveries.size() > kRecoveriesShown ? took(a) > took(b) : a.fault < b.fault;
  });
  return recoveries;
}

std::string RecoveryTable(const Report& report) {
  const std::vector<Recovery> recoveries = ByRecovery(report);
  if (recoveries.empty()) return "";
  HtmlTable table(
      "Recovery of each client from each fault",
      {{"Fault"}, {"Client"}, {"Noticed", true}, {"Reconnected", true}, {"Recovered", true}, {"Failed tries", true}});
  for (size_t i = 0; i < std::min(recoveries.size(), kRecoveriesShown); ++i) {
    const Recovery& recovery = recoveries[i];
    const FaultEvent& fault = report.history.faults[recovery.fault];
    const auto after = [&](int64_t time_ns) {
      return time_ns == 0 || fault.struck_ns == 0 ? std::string("never") : DurationText(time_ns - fault.struck_ns);
    };
    table.Add({Html(fault.name), Html(report.history.clients[recovery.client].name),
               recovery.broke ? after(recovery.detected_ns) : "stream kept",
               !recovery.broke             ? "–"
               : recovery.reconnect_ns < 0 ? "never"
                                           : DurationText(recovery.reconnect_ns),
               after(recovery.recovered_ns), CountText(recovery.attempts)},
              recovery.recovered_ns == 0 ? "bad" : "");
  }
  return "<h3>Recovery</h3>\n<p>Noticed and recovered: after the strike. Reconnected: from the break to the first "
         "message.</p>\n" +
         table.Text() + Untold(recoveries.size(), kRecoveriesShown, "more recovery");
}

std::string BrokenLines(const Report& report) {
  std::string items;
  size_t shown = 0;
  for (const Client& client : report.history.clients) {
    for (const std::string& text : client.broken_line_texts) {
      if (shown++ < kBrokenLinesShown) items += fmt::format("<li>{}: {}</li>", Html(client.name), Html(text));
    }
  }
  if (items.empty()) return "";
  return "<h3>Lines of logs that can't be read</h3>\n<ul class=\"plain\">" + items + "</ul>\n";
}

std::string PhasesTable(const Report& report) {
  if (report.metrics.phases.empty()) return "";
  HtmlTable table("Phases: rates of each", {{"Phase"},
                                            {"Took", true},
                                            {"Offered", true},
                                            {"Acknowledged", true},
                                            {"Delivered", true},
                                            {"Backlog at most", true},
                                            {"Drained at", true}});
  for (const PhaseFigures& phase : report.metrics.phases) {
    table.Add({Html(phase.name), DurationText(phase.duration_ns), RateText(phase.offered_per_s),
               RateText(phase.acked_per_s), RateText(phase.delivered_per_s), CountText(phase.backlog_peak),
               phase.drain_per_s > 0 ? RateText(phase.drain_per_s) : "–"});
  }
  return "<h3>Phases</h3>\n" + table.Text();
}

std::string QuantileText(const LatencyHistogram& latency, double q) {
  const auto value = latency.AtQuantile(q);
  return value ? DurationText(*value) : "–";
}

}  // namespace

std::string FaultsPart(const Report& report) {
  const std::vector<FaultEvent> faults = AllFaults(report);
  if (faults.empty()) return "";
  return "<section aria-labelledby=\"h-faults\"><h2 id=\"h-faults\">Faults and recovery</h2>\n" +
         FaultsTable(report, faults) + RecoveryTable(report) + "</section>\n";
}

std::string ClientsPart(const Report& report) {
  HtmlTable table("Clients: what each was given, and how late", {{"Client"},
                                                                 {"Delivered", true},
                                                                 {"Repeats dropped", true},
                                                                 {"Reconnects", true},
                                                                 {"p50", true},
                                                                 {"p99", true},
                                                                 {"p99.9", true},
                                                                 {"Most", true},
                                                                 {"Samples", true}});
  const auto& clients = report.metrics.clients;
  for (size_t i = 0; i < std::min(clients.size(), kClientsShown); ++i) {
    const ClientFigures& client = clients[i];
    const bool observed = i >= report.history.clients.size() || report.history.clients[i].observed;
    if (!observed) {
      table.Add({Html(client.name), "not observed", "–", "–", "–", "–", "–", "–", "–"});
      continue;
    }
    table.Add({Html(client.name), CountText(client.delivered), CountText(client.dropped), CountText(client.reconnects),
               QuantileText(client.e2e, 0.5), QuantileText(client.e2e, 0.99), QuantileText(client.e2e, 0.999),
               client.e2e.Max() ? DurationText(*client.e2e.Max()) : "–", CountText(client.e2e.count())});
  }
  std::string html = "<section aria-labelledby=\"h-clients\"><h2 id=\"h-clients\">Clients and phases</h2>\n";
  if (!table.empty()) html += table.Text() + Untold(clients.size(), kClientsShown, "more client");
  return html + BrokenLines(report) + PhasesTable(report) + "</section>\n";
}

}  // namespace harness
