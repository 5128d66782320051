// A small run with known figures for the report's tests: one producer, two partitions, two clients, one fault, and a
// record that client "fast" never got.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "harness/report/report.h"

namespace harness {

inline constexpr int64_t kBegin = 5'000'000'000;  // monotonic begin of the load
inline constexpr int64_t kMs = 1'000'000;

struct ReportParts {
  History history;
  Metrics metrics;
  Verdict verdict;
  Scenario scenario;
  RunFacts facts;
  Report View() const { return {history, metrics, verdict, scenario, facts}; }
};

// Record i (from 1) is sent at +i*100 ms to partition 0 as offset i-1.
inline void AddRecord(ReportParts* parts, int64_t i) {
  Send send;
  send.planned_ns = kBegin + i * 100 * kMs;
  send.sent_ns = send.planned_ns + kMs;
  send.acked_ns = send.sent_ns + kMs;
  send.content_hash = 0xC0 + static_cast<uint64_t>(i);
  send.partition = 0;
  send.offset = i - 1;
  send.outcome = Outcome::kOk;
  parts->history.producers[0].sends.push_back(send);
  LogRecord record;
  record.seen_ns = send.acked_ns + kMs;
  record.offset = i - 1;
  record.rec = Rec::Make(0, static_cast<uint64_t>(i));
  record.content_hash = send.content_hash;
  record.id_hash = 100 + static_cast<uint64_t>(i);
  record.valid = true;
  record.provider = pipeline::Provider::kStripe;
  record.status = pipeline::PaymentStatus::kCompleted;
  parts->history.partitions[0].records.push_back(record);
  parts->history.names.Add(record.id_hash, "pay_" + std::to_string(i));
}

inline void Deliver(ReportParts* parts, size_t client, int64_t i, uint32_t connection) {
  Delivery delivery;
  delivery.time_ns = kBegin + i * 100 * kMs + 10 * kMs;
  delivery.partition = 0;
  delivery.offset = i - 1;
  delivery.rec = Rec::Make(0, static_cast<uint64_t>(i));
  delivery.connection = connection;
  parts->history.clients[client].deliveries.push_back(delivery);
}

inline CheckResult Check(const std::string& name, CheckState state, const std::string& reason = "",
                         int64_t judged = 9) {
  CheckResult check;
  check.name = name;
  check.state = state;
  check.reason = reason;
  check.judged = judged;
  return check;
}

inline ThresholdResult TimeThreshold(const std::string& name, CheckState state, const std::string& reason = "") {
  ThresholdResult result;
  static_cast<CheckResult&>(result) = Check(name, state, reason);
  result.is_time = true;
  return result;
}

// Nine records; "tutorial" has them all, "fast" misses the fifth (partition 0 offset 4).
inline ReportParts LossyRun() {
  ReportParts parts;
  parts.history.run_id = "r1";
  parts.history.load_begin_ns = kBegin;
  parts.history.load_end_ns = kBegin + 1000 * kMs;
  parts.history.phases = {{"steady", kBegin, kBegin + 1000 * kMs, true, true, 9}};
  parts.history.producers = {{"load", true, {}}};
  parts.history.partitions.resize(2);
  for (const char* name : {"tutorial", "fast"}) {
    Client client;
    client.name = name;
    client.connections.resize(2);
    client.connections[0].started_ns = kBegin - 100 * kMs;
    client.connections[0].ended_ns = kBegin + 450 * kMs;
    client.connections[0].code = 14;
    client.connections[0].message = "Socket closed";
    client.connections[0].server = "127.0.0.1:4711";
    client.connections[1].started_ns = kBegin + 600 * kMs;
    client.connections[1].resumed = true;
    client.connections[0].has_start = client.connections[1].has_start = true;
    client.connections[1].token = {{0, 4, -1}};
    parts.history.clients.push_back(client);
  }
  for (int64_t i = 1; i <= 9; ++i) {
    AddRecord(&parts, i);
    Deliver(&parts, 0, i, i < 5 ? 0 : 1);
    if (i != 5) Deliver(&parts, 1, i, i < 5 ? 0 : 1);
  }
  FaultEvent fault;
  fault.name = "crash";
  fault.type = "process.kill";
  fault.target = "server-1";
  fault.planned_ns = kBegin + 450 * kMs;
  fault.struck_ns = kBegin + 450 * kMs;
  fault.healed_ns = kBegin + 600 * kMs;
  fault.effective = true;
  fault.evidence = "pid 4711 ended by signal 9";
  parts.history.faults = {fault};

  parts.metrics.sent = parts.metrics.acked = parts.metrics.logged = 9;
  parts.metrics.phases = {{"steady", 1'000'000'000, 9, 9, 9, 0, 0, 8, 9.0, 9.0, 8.0, 3, 120.0}};
  parts.metrics.clients.resize(2);
  parts.metrics.clients[0].name = "tutorial";
  parts.metrics.clients[0].delivered = 9;
  parts.metrics.clients[0].reconnects = 1;
  parts.metrics.clients[1].name = "fast";
  parts.metrics.clients[1].delivered = 8;
  parts.metrics.clients[1].reconnects = 1;
  Recovery recovery;
  recovery.client = 1;
  recovery.broke = true;
  recovery.detected_ns = kBegin + 455 * kMs;
  recovery.reconnected_ns = kBegin + 605 * kMs;
  recovery.recovered_ns = kBegin + 650 * kMs;
  recovery.reconnect_ns = 150 * kMs;
  recovery.attempts = 2;
  parts.metrics.recoveries = {recovery};

  parts.scenario.name = "restart";
  parts.scenario.seed = 7;
  Threshold threshold;
  threshold.text = "recovery.reconnect{each,client=fast} < 3s";
  threshold.metric = "recovery.reconnect";
  threshold.unit = MetricUnit::kTime;
  threshold.limit = 3e9;
  parts.scenario.expect.thresholds = {threshold};

  parts.facts.run_dir = "runs/x-restart-7";
  parts.facts.scenario_path = "scenarios/restart.json";
  parts.facts.backend = "mock (librdkafka 2.0.2)";
  parts.facts.version = "0.1.0";
  parts.facts.started_at = "2026-01-31T10:00:00Z";
  parts.facts.duration_ns = 2'500'000'000;
  parts.facts.processes = {{"server-1", 5, 6, 7}};
  parts.facts.host = {{"cores", "2"}};

  CheckResult lost = Check("LOST", CheckState::kViolated);
  lost.violation_count = 2;
  Violation violation;
  violation.causes = Cause::kServer;
  violation.client = "fast";
  violation.partition = 0;
  violation.offset = 4;
  violation.sentence = "client fast never received partition 0 offset 4, which Kafka acknowledged";
  lost.violations = {violation};
  ThresholdResult reconnect = TimeThreshold(threshold.text, CheckState::kPass);
  reconnect.measured = 150.0 * kMs;
  reconnect.samples = 1;
  parts.verdict.verdict = RunVerdict::kFail;
  parts.verdict.exit_code = 1;
  parts.verdict.invariants = {Check("ACK_DURABLE", CheckState::kPass), lost, Check("DUP", CheckState::kPass),
                              Check("ORDER", CheckState::kPass),
                              Check("LOG_DUP", CheckState::kNotApplicable, "this backend does not promise it")};
  parts.verdict.thresholds = {reconnect};
  return parts;
}

// The same run with nothing lost.
inline ReportParts GoodRun() {
  ReportParts parts = LossyRun();
  parts.verdict.verdict = RunVerdict::kPass;
  parts.verdict.exit_code = 0;
  parts.verdict.invariants[1] = Check("LOST", CheckState::kPass);
  return parts;
}

inline bool Contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// An assertion that shows the whole text when the part is not in it.
#define EXPECT_CONTAINS(text, part) EXPECT_TRUE(Contains(text, part)) << "no \"" << (part) << "\" in:\n" << (text)

}  // namespace harness
