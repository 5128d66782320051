// Figures of a run, computed from its History: what thresholds judge and what the summary and result.json show. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/measure/latency_histogram.h"
#include "harness/plan/scenario.h"
#include "harness/verify/client_views.h"
#include "harness/verify/history.h"
#include "harness/verify/recovery.h"

namespace harness {

struct PhaseFigures {
  std::string name;
  int64_t duration_ns = 0;
  int64_t planned = 0, sent = 0, acked = 0, failed = 0, unknown = 0;
  int64_t delivered_min = 0;
  double offered_per_s = 0, acked_per_s = 0, delivered_per_s = 0;
  int64_t backlog_peak = 0;  // acked - delivered (minimum over clients)
  double drain_per_s = 0;    // deliveries per second from the end of sending until caught up; 0: nothing to drain
};

struct ClientFigures {
  std::string name;
  int64_t delivered = 0;  // distinct
  int64_t dropped = 0;
  int64_t reconnects = 0;
  LatencyHistogram e2e;  // measured records, all phases
};

struct Metrics {
  int64_t sent = 0, acked = 0, failed = 0, unknown = 0, logged = 0, rejected = 0;
  int64_t unknown_in_log = 0;  // in doubt, and found in the topic
  std::vector<PhaseFigures> phases;
  std::vector<ClientFigures> clients;
  std::vector<Recovery> recoveries;
  LatencyHistogram schedule_lag, produce_ack, e2e;
};

// `log` and `clients` are of `history`; the second makes its own.
Metrics ComputeMetrics(const History& history, const LogIndex& log, const ClientViews& clients);
Metrics ComputeMetrics(const History& history);

// The value of one threshold's metric under its selectors.
struct Measured {
  std::optional<double> value;  // ns or count; nullopt: zero samples
  int64_t samples = 0;
  int64_t samples_wanted = 0;  // 10/(1-q) for a quantile
};
Measured Measure(const History& history, const Metrics& metrics, const Threshold& threshold);

}  // namespace harness
