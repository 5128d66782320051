// result.json: everything of the metrics and the verdict, for programs. docs/formats.md documents it; change both
// together.
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/report/headline.h"
#include "harness/report/names.h"
#include "harness/report/report.h"

namespace harness {
namespace {

using Json = nlohmann::ordered_json;

Json OrNull(std::optional<int64_t> value) { return value ? Json(*value) : Json(nullptr); }
// Durations that never came are -1 in the metrics.
Json DurationOrNull(int64_t duration_ns) { return duration_ns < 0 ? Json(nullptr) : Json(duration_ns); }

Json LatencyJson(const LatencyHistogram& histogram) {
  Json latency{{"samples", histogram.count()}};
  if (histogram.count() == 0) return latency;  // an empty histogram has no percentiles
  static constexpr std::pair<const char*, double> kQuantiles[] = {
      {"p50_ns", 0.5},  {"p75_ns", 0.75},    {"p90_ns", 0.9},      {"p95_ns", 0.95},
      {"p99_ns", 0.99}, {"p99_9_ns", 0.999}, {"p99_99_ns", 0.9999}};
  // What never came has no number.
  const auto finite = [](std::optional<int64_t> value) {
    return value == LatencyHistogram::kWithoutEnd ? Json(nullptr) : OrNull(value);
  };
  for (const auto& [name, quantile] : kQuantiles) latency[name] = finite(histogram.AtQuantile(quantile));
  latency["max_ns"] = finite(histogram.Max());
  latency["negative"] = histogram.negative_count();
  latency["overflow"] = histogram.overflow_count();
  latency["without_end"] = histogram.without_end_count();
  return latency;
}

Json RunJson(const Report& report) {
  const RunFacts& facts = report.facts;
  return {{"id", report.history.run_id},
          {"directory", facts.run_dir},
          {"scenario_file", facts.scenario_path},
          {"description", report.scenario.description},
          {"version", facts.version},
          {"backend", facts.backend},
          {"started_at", facts.started_at},
          {"duration_ns", facts.duration_ns},
          {"audited", report.history.audited},
          {"drained", report.history.drained},
          {"interrupted", report.history.interrupted},
          {"load_ns", report.history.load_end_ns - report.history.load_begin_ns},
          {"overrides", facts.overrides},
          {"thresholds", facts.report_time_thresholds ? "report" : "judge"},
          {"rerun", RerunCommand(report)},
          {"host", facts.host}};
}

Json ProducersJson(const History& history) {
  Json producers = Json::array();
  for (const Producer& producer : history.producers) {
    int64_t sent = 0;
    int64_t outcomes[4] = {};
    for (const Send& send : producer.sends) {
      if (send.sent_ns == 0 || send.sentinel) continue;
      ++sent;
      ++outcomes[static_cast<size_t>(send.outcome)];
    }
    producers.push_back({{"name", producer.name},
                         {"tells_outcomes", producer.has_acks},
                         {"sent", sent},
                         {"acked", outcomes[static_cast<size_t>(Outcome::kOk)]},
                         {"failed", outcomes[static_cast<size_t>(Outcome::kFail)]},
                         {"unknown", outcomes[static_cast<size_t>(Outcome::kUnknown)]},
                         {"pending", outcomes[static_cast<size_t>(Outcome::kPending)]}});
  }
  return producers;
}

Json ConnectionsJson(const History& history, const Client& client) {
  Json connections = Json::array();
  for (const Connection& connection : client.connections) {
    connections.push_back({{"server", connection.server},
                           {"server_id", connection.server_id},
                           {"resumed", connection.resumed},
                           {"started_ns", OrNull(SinceLoadBegin(history, connection.started_ns))},
                           {"first_message_ns", OrNull(SinceLoadBegin(history, connection.first_message_ns))},
                           {"ended_ns", OrNull(SinceLoadBegin(history, connection.ended_ns))},
                           {"code", connection.ended_ns == 0 ? Json(nullptr) : Json(connection.code)},
                           {"message", connection.message}});
  }
  return connections;
}

Json ClientsJson(const Report& report) {
  Json clients = Json::array();
  for (const ClientFigures& figures : report.metrics.clients) {
    Json entry{{"name", figures.name},
               {"delivered", figures.delivered},
               {"dropped", figures.dropped},
               {"reconnects", figures.reconnects}};
    for (const Client& client : report.history.clients) {
      if (client.name != figures.name) continue;
      // Nobody saw what it got: that is not nothing.
      if (!client.observed) entry["delivered"] = entry["dropped"] = entry["reconnects"] = nullptr;
      entry["embedded"] = client.embedded;
      entry["observed"] = client.observed;
      entry["joined_ns"] = OrNull(SinceLoadBegin(report.history, client.joined_ns));
      entry["left_ns"] = OrNull(SinceLoadBegin(report.history, client.left_ns));
      entry["failed_attempts"] = client.attempts.size();
      entry["broken_lines"] = client.broken_lines;
      entry["broken_line_texts"] = client.broken_line_texts;
      entry["connections"] = ConnectionsJson(report.history, client);
    }
    entry["e2e_latency"] = LatencyJson(figures.e2e);
    if (!figures.service.empty()) entry["e2e_service"] = LatencyJson(figures.service);
    clients.push_back(std::move(entry));
  }
  return clients;
}

Json PhasesJson(const Report& report) {
  Json phases = Json::array();
  for (const PhaseFigures& figures : report.metrics.phases) {
    Json entry{{"name", figures.name},
               {"duration_ns", figures.duration_ns},
               {"planned", figures.planned},
               {"sent", figures.sent},
               {"acked", figures.acked},
               {"failed", figures.failed},
               {"unknown", figures.unknown},
               {"delivered_min", figures.delivered_min},
               {"offered_per_s", figures.offered_per_s},
               {"acked_per_s", figures.acked_per_s},
               {"delivered_per_s", figures.delivered_per_s},
               {"backlog_peak", figures.backlog_peak},
               {"drain_per_s", figures.drain_per_s}};
    for (const Phase& phase : report.history.phases) {
      if (phase.name != figures.name) continue;
      entry["begin_ns"] = OrNull(SinceLoadBegin(report.history, phase.begin_ns));
      entry["end_ns"] = OrNull(SinceLoadBegin(report.history, phase.end_ns));
      entry["measured"] = phase.measured;
    }
    phases.push_back(std::move(entry));
  }
  return phases;
}

Json FaultsJson(const Report& report) {
  Json faults = Json::array();
  const std::vector<FaultEvent> all = AllFaults(report);
  for (size_t i = 0; i < all.size(); ++i) {
    Json recoveries = Json::array();
    for (const Recovery& recovery : report.metrics.recoveries) {
      if (recovery.fault != i || recovery.client >= report.history.clients.size()) continue;
      recoveries.push_back({{"client", report.history.clients[recovery.client].name},
                            {"broke", recovery.broke},
                            {"detected_ns", OrNull(SinceLoadBegin(report.history, recovery.detected_ns))},
                            {"reconnected_ns", OrNull(SinceLoadBegin(report.history, recovery.reconnected_ns))},
                            {"recovered_ns", OrNull(SinceLoadBegin(report.history, recovery.recovered_ns))},
                            {"reconnect_ns", DurationOrNull(recovery.reconnect_ns)},
                            {"failed_attempts", recovery.attempts}});
    }
    faults.push_back({{"name", all[i].name},
                      {"type", all[i].type},
                      {"target", all[i].target},
                      {"planned_ns", OrNull(SinceLoadBegin(report.history, all[i].planned_ns))},
                      {"struck_ns", OrNull(SinceLoadBegin(report.history, all[i].struck_ns))},
                      {"healed_ns", OrNull(SinceLoadBegin(report.history, all[i].healed_ns))},
                      {"effective", all[i].effective},
                      {"evidence", all[i].evidence},
                      {"recoveries", std::move(recoveries)}});
  }
  return faults;
}

Json ViolationsJson(const Report& report, const CheckResult& check) {
  Json violations = Json::array();
  for (const Violation& violation : check.violations) {
    Json entry{{"causes", CauseNames(violation.causes)}, {"sentence", violation.sentence}};
    if (!violation.client.empty()) entry["client"] = violation.client;
    if (violation.partition >= 0) entry["partition"] = violation.partition;
    if (violation.offset >= 0) entry["offset"] = violation.offset;
    if (violation.rec.has_value()) entry["rec"] = RecText(report.history, violation.rec);
    const std::string_view id = PaymentId(report.history, violation.id_hash);
    if (!id.empty()) entry["payment_id"] = id;
    if (violation.time_ns != 0) entry["time_ns"] = OrNull(SinceLoadBegin(report.history, violation.time_ns));
    violations.push_back(std::move(entry));
  }
  return violations;
}

Json InvariantsJson(const Report& report) {
  Json invariants = Json::array();
  for (const CheckResult& check : report.verdict.invariants) {
    invariants.push_back({{"name", check.name},
                          {"state", CheckStateName(check.state)},
                          {"reason", check.reason},
                          {"judged", check.judged},
                          {"violation_count", check.violation_count},
                          {"violations", ViolationsJson(report, check)}});
  }
  return invariants;
}

Json ThresholdsJson(const Report& report) {
  Json thresholds = Json::array();
  const std::vector<std::string> names = ThresholdNames(report.verdict);
  for (size_t i = 0; i < names.size(); ++i) {
    const ThresholdResult& result = report.verdict.thresholds[i];
    const bool has_value = result.samples > 0 && !std::isinf(result.measured);
    Json entry{{"name", names[i]},
               {"text", result.name},
               {"state", CheckStateName(result.state)},
               {"reason", result.reason},
               {"measured", has_value ? Json(result.measured) : Json(nullptr)},
               {"samples", result.samples},
               {"samples_wanted", result.samples_wanted},
               {"without_end", result.without_end},
               {"whose", result.whose}};
    if (const Threshold* threshold = FindThreshold(report.scenario, result.name)) {
      entry["metric"] = threshold->metric;
      entry["limit"] = threshold->limit;
      entry["unit"] = UnitName(threshold->unit);
    }
    thresholds.push_back(std::move(entry));
  }
  return thresholds;
}

Json ProcessesJson(const Report& report) {
  Json processes = Json::array();
  for (const ProcessSpan& span : report.history.processes) {
    processes.push_back({{"name", span.name},
                         {"pid", span.pid},
                         {"started_ns", OrNull(SinceLoadBegin(report.history, span.started_ns))},
                         {"ready_ns", OrNull(SinceLoadBegin(report.history, span.ready_ns))},
                         {"ended_ns", OrNull(SinceLoadBegin(report.history, span.ended_ns))},
                         {"ended_by", span.ended_by_fault     ? "fault"
                                      : span.ended_by_harness ? "harness"
                                      : span.ended_ns != 0    ? "itself"
                                                              : "nothing"},
                         {"how", span.how},
                         {"rss_ready_bytes", span.rss_ready_bytes},
                         {"rss_bytes_max", span.rss_bytes_max}});
  }
  return processes;
}

Json UsageJson(const RunFacts& facts) {
  Json usage = Json::array();
  for (const RunFacts::ProcessUsage& process : facts.processes) {
    usage.push_back({{"name", process.name},
                     {"cpu_user_ns", process.cpu_user_ns},
                     {"cpu_system_ns", process.cpu_system_ns},
                     {"rss_bytes_max", process.rss_bytes_max},
                     {"log_bytes_dropped", process.log_bytes_dropped}});
  }
  return usage;
}

Json TimingJson(const RunFacts& facts) {
  Json steps = Json::array();
  for (const StepTime& step : facts.steps) steps.push_back({{"name", step.name}, {"duration_ns", step.duration_ns}});
  return steps;
}

}  // namespace

std::string ResultJson(const Report& report) {
  const Metrics& metrics = report.metrics;
  const Json result{{"schema_version", kResultSchemaVersion},
                    {"scenario", report.scenario.name},
                    {"seed", report.scenario.seed},
                    {"verdict", VerdictName(report.verdict.verdict)},
                    {"headline", Headline(report)},
                    {"exit_code", report.verdict.exit_code},
                    {"run", RunJson(report)},
                    {"counts",
                     {{"sent", metrics.sent},
                      {"acked", metrics.acked},
                      {"failed", metrics.failed},
                      {"unknown", metrics.unknown},
                      {"unknown_in_log", metrics.unknown_in_log},
                      {"logged", metrics.logged},
                      {"rejected", metrics.rejected}}},
                    {"invariants", InvariantsJson(report)},
                    {"thresholds", ThresholdsJson(report)},
                    {"phases", PhasesJson(report)},
                    {"faults", FaultsJson(report)},
                    {"latency",
                     {{"schedule_lag", LatencyJson(metrics.schedule_lag)},
                      {"produce_ack", LatencyJson(metrics.produce_ack)},
                      {"e2e", LatencyJson(metrics.e2e)},
                      {"e2e_service", LatencyJson(metrics.service)},
                      {"ack_server", LatencyJson(metrics.ack_server)},
                      {"server_queue", LatencyJson(metrics.server_queue)},
                      {"server_client", LatencyJson(metrics.server_client)},
                      {"host_hiccup", LatencyJson(metrics.hiccup)}}},
                    {"load", report.facts.load},
                    {"producers", ProducersJson(report.history)},
                    {"clients", ClientsJson(report)},
                    {"processes", ProcessesJson(report)},
                    {"usage", UsageJson(report.facts)},
                    {"timing", TimingJson(report.facts)}};
  // What came from outside (ids, status messages) may not be UTF-8: replaced, never thrown at.
  return result.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace harness
