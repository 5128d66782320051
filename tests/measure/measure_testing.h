// What a threshold measures of a story, as the judge asks for it.
#pragma once

#include <string>

#include "harness/measure/metric_table.h"
#include "harness/measure/metrics.h"
#include "tests/verify/story.h"

namespace harness {

inline Measured MeasuredOf(const Story& story, const std::string& text, const HostFacts& host = {}) {
  Story copy = story;
  copy.AddThreshold(text);
  const LogIndex log(copy.history);
  const ClientViews clients(copy.history, log);
  const ServerEvidence servers(copy.history);
  const Measurement measurement(copy.history, log, clients, servers, host);
  return Measure(measurement, ComputeMetrics(measurement).recoveries, copy.scenario.expect.thresholds.back());
}

inline double Ms(double ms) { return ms * 1e6; }

}  // namespace harness
