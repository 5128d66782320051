// A run's latencies for HdrHistogram's own tools: `<metric>.hgrm` for each metric that has samples, over all clients
// together, and latency.hlog with the same histograms and those of each client. Called by write_report.cc.
#pragma once

#include <string>
#include <vector>

#include "harness/measure/hdr_log.h"
#include "harness/report/report.h"

namespace harness {

inline constexpr char kLatencyLogName[] = "latency.hlog";
// Of more clients than this the log has those whose p99 is greatest.
inline constexpr size_t kClientsLogged = 64;

// By metric; "e2e.latency@fast" of a client. Valid as long as `metrics` is.
std::vector<TaggedHistogram> LatenciesOf(const Metrics& metrics);

// Throws std::system_error that names the path.
void WriteLatencyFiles(const Report& report, const std::string& dir);

}  // namespace harness
