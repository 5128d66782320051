// Figures of a run, computed from its History: what the summary and result.json show, and what thresholds
// (metric_table.h) share with them. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/measure/latency_histogram.h"
#include "harness/measure/measurement.h"
#include "harness/measure/record_way.h"
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
  LatencyHistogram e2e;      // e2e.latency: measured records, all phases
  LatencyHistogram service;  // e2e.service; where there is a producer that tells no plan, else empty
};

struct Metrics {
  int64_t sent = 0, acked = 0, failed = 0, unknown = 0, logged = 0, rejected = 0;
  int64_t unknown_in_log = 0;  // in doubt, and found in the topic
  std::vector<PhaseFigures> phases;
  std::vector<ClientFigures> clients;
  std::vector<Recovery> recoveries;
  // Of all clients together. For people: one slow client of a hundred does not show in it; thresholds take the worst.
  LatencyHistogram schedule_lag, produce_ack, e2e, service;
  LatencyHistogram ack_server, server_queue, server_client;  // empty without a server's journal
  LatencyHistogram hiccup;                                   // of the host
};

Metrics ComputeMetrics(const Measurement& measurement);
Metrics ComputeMetrics(const History& history);  // makes its own measurement, without a host

// Why a latency has no samples in this run whatever its selectors; empty: nothing is known against it.
std::string WhyWithoutSamples(const Measurement& measurement, Hop hop);
// Planned in a measured phase during all of which the client was there (kAnyClient: in any), and never handed over.
int64_t NotHandedOver(const Measurement& measurement, size_t phase, size_t client);

}  // namespace harness
