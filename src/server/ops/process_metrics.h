// The standard process_ metrics of this process, from /proc. Called at each scrape by the metrics collector.
// Thread-safe.
#pragma once

#include "server/ops/metric_families.h"

namespace pipeline {

// Appends those that /proc tells.
void AddProcessMetrics(MetricFamilies* families);

}  // namespace pipeline
