// What the harness knows of the host beside the run's history: the processes' use of it, and how often the host itself
// stood still. Filled by the runner, or from result.json by `harness check`; read by the metrics and the report. Plain
// data, pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/measure/latency_histogram.h"

namespace harness {

// Of a program, over all its processes of the run, from their starts to their ends.
struct ProcessUsage {
  std::string name;
  int64_t cpu_user_ns = 0, cpu_system_ns = 0, rss_bytes_max = 0;
  int64_t log_bytes_dropped = 0;  // of what it printed, beyond what its log keeps
};

struct HostFacts {
  std::vector<ProcessUsage> processes;
  LatencyHistogram hiccup;  // the pause detector's (run/hiccup_detector.h); empty: it did not run
};

}  // namespace harness
