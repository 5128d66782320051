#include "harness/report/brief.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/report/names.h"
#include "harness/report/text.h"

namespace harness {
namespace {

constexpr size_t kFaultsTold = 4;
constexpr size_t kThresholdsTold = 3;
constexpr size_t kNamesTold = 4;
constexpr size_t kLabelColumns = 12;

class BriefWriter {
 public:
  BriefWriter(const Report& report, const ConsoleStyle& style) : report_(report), columns_(TextColumns(style)) {}

  std::string Write() {
    text_ += "\n";
    AddCounts();
    AddClients();
    AddFaults();
    AddLatency();
    AddInvariants();
    AddThresholds();
    return std::move(text_);
  }

 private:
  void Row(std::string_view label, const std::string& value) {
    text_ += Paragraph(PadRight(label, kLabelColumns), value, columns_);
  }

  void AddCounts() {
    const Metrics& metrics = report_.metrics;
    std::string line = fmt::format("sent {} · acknowledged {}", CountText(metrics.sent), CountText(metrics.acked));
    if (metrics.failed > 0) line += " · failed " + CountText(metrics.failed);
    if (metrics.unknown > 0) line += " · in doubt " + CountText(metrics.unknown);
    if (report_.history.audited) line += " · in the topic " + CountText(metrics.logged);
    if (metrics.rejected > 0) line += " · not valid " + CountText(metrics.rejected);
    Row("Records", line);
    std::string troubles;
    for (const char* name : {"unsent", "full_retries", "rebuilds", "reports_lost"}) {
      const auto found = report_.facts.load.find(name);
      if (found == report_.facts.load.end() || found->second == 0) continue;
      troubles += fmt::format("{}{} {}", troubles.empty() ? "" : " · ", name, CountText(found->second));
    }
    if (!troubles.empty()) Row("Generator", troubles);
  }

  void AddClients() {
    int64_t least = std::numeric_limits<int64_t>::max(), most = 0, dropped = 0, reconnects = 0, observed = 0;
    const auto& clients = report_.metrics.clients;
    for (size_t i = 0; i < clients.size(); ++i) {
      if (i < report_.history.clients.size() && !report_.history.clients[i].observed) continue;
      ++observed;
      least = std::min(least, clients[i].delivered);
      most = std::max(most, clients[i].delivered);
      dropped += clients[i].dropped;
      reconnects += clients[i].reconnects;
    }
    if (observed == 0) return;
    std::string line = observed == 1 ? clients[0].name : CountText(observed);
    if (observed < static_cast<int64_t>(clients.size())) line += fmt::format(" of {}", clients.size());
    line += " received " + (least == most ? CountText(most) : CountText(least) + " to " + CountText(most));
    if (observed > 1 && least == most) line += " each";
    if (dropped > 0) line += " · repeats dropped " + CountText(dropped);
    Row("Clients", Printable(line + " · " + Counted(reconnects, "reconnect")));
  }

  // Of each fault the client that took longest.
  void AddFaults() {
    const std::vector<FaultEvent> faults = AllFaults(report_);
    for (size_t i = 0; i < std::min(faults.size(), kFaultsTold); ++i) {
      Row(i == 0 ? "Faults" : "", Printable(FaultText(i, faults[i])));
    }
    if (faults.size() > kFaultsTold) {
      Row("", "and " + Counted(static_cast<int64_t>(faults.size() - kFaultsTold), "more fault"));
    }
  }
  std::string FaultText(size_t index, const FaultEvent& fault) const {
    std::string text = fault.name + " (" + fault.type + ")";
    if (fault.struck_ns == 0) return text + " never struck";
    const Recovery* slowest = nullptr;
    for (const Recovery& recovery : report_.metrics.recoveries) {
      if (recovery.fault != index || recovery.client >= report_.history.clients.size()) continue;
      if (!report_.history.clients[recovery.client].observed) continue;
      const auto took = [](const Recovery& of) { return of.recovered_ns == 0 ? INT64_MAX : of.recovered_ns; };
      if (slowest == nullptr || took(recovery) > took(*slowest)) slowest = &recovery;
    }
    text +=
        fmt::format(" at {:+.1f} s", static_cast<double>(Since(fault.struck_ns, report_.history.load_begin_ns)) / 1e9);
    if (slowest == nullptr) return text;
    text += slowest->recovered_ns == 0 ? ": never recovered"
                                       : ": recovered in " + DurationText(slowest->recovered_ns - fault.struck_ns);
    if (report_.metrics.clients.size() > 1) text += ", slowest " + report_.history.clients[slowest->client].name;
    return text;
  }

  void AddLatency() {
    const ClientFigures* worst = nullptr;
    for (const ClientFigures& client : report_.metrics.clients) {
      if (client.e2e.count() == 0) continue;
      if (worst == nullptr || *client.e2e.AtQuantile(0.99) > *worst->e2e.AtQuantile(0.99)) worst = &client;
    }
    const auto figures = [](const LatencyHistogram& latency) {
      return fmt::format("p50 {} · p99 {} · max {}", DurationText(*latency.AtQuantile(0.5)),
                         DurationText(*latency.AtQuantile(0.99)), DurationText(*latency.Max()));
    };
    if (report_.metrics.e2e.count() > 0) Row("Latency", figures(report_.metrics.e2e) + ", planned to delivered");
    if (worst != nullptr && report_.metrics.clients.size() > 1) {
      Row("", Printable(figures(worst->e2e) + " at the worst client, " + worst->name));
    }
  }

  void AddInvariants() {
    int64_t holds = 0;
    std::vector<std::string> absent;
    std::vector<const CheckResult*> odd;
    for (const CheckResult& check : report_.verdict.invariants) {
      if (check.state == CheckState::kPass) {
        ++holds;
        if (!check.reason.empty()) noted_.push_back(check.name);
      } else if (check.state == CheckState::kNotApplicable) {
        absent.push_back(check.name);
      } else {
        odd.push_back(&check);
      }
    }
    std::string line = fmt::format("{} hold", CountText(holds));
    if (!absent.empty()) line += " · not applicable: " + NameList(absent, kNamesTold);
    if (!noted_.empty()) line += " · with notes: " + NameList(noted_, kNamesTold);
    Row("Invariants", Printable(line));
    for (const CheckResult* check : odd) {
      const std::string_view how =
          check->state == CheckState::kRelaxed ? "violated, relaxed" : CheckStateName(check->state);
      Row("", Printable(fmt::format("! {} {}: {}", check->name, how, check->reason)));
    }
  }

  // Those that were not judged first.
  void AddThresholds() {
    std::vector<const ThresholdResult*> checks;
    for (const ThresholdResult& check : report_.verdict.thresholds) checks.push_back(&check);
    std::stable_sort(checks.begin(), checks.end(), [](const ThresholdResult* a, const ThresholdResult* b) {
      return (a->state != CheckState::kPass) > (b->state != CheckState::kPass);
    });
    for (size_t i = 0; i < checks.size(); ++i) {
      if (i >= kThresholdsTold && checks[i]->state == CheckState::kPass) {
        Row("", "and " + Counted(static_cast<int64_t>(checks.size() - i), "more threshold") + " that hold");
        break;
      }
      const Threshold* threshold = FindThreshold(report_.scenario, checks[i]->name);
      std::string text = (checks[i]->state == CheckState::kPass ? "✓ " : "! ") + checks[i]->name;
      if (threshold != nullptr && checks[i]->samples > 0) {
        text += ": " + MeasuredText(checks[i]->measured, threshold->unit);
      }
      if (checks[i]->state == CheckState::kReported) text += ", reported, not judged";
      Row(i == 0 ? "Thresholds" : "", Printable(text));
    }
  }

  const Report& report_;
  const size_t columns_;
  std::vector<std::string> noted_;  // that hold, with something to say
  std::string text_;
};

}  // namespace

std::string BriefText(const Report& report, const ConsoleStyle& style) { return BriefWriter(report, style).Write(); }

}  // namespace harness
