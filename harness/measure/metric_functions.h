// The functions behind the rows of metric_table.cc, which alone calls them; each file measures what its name says.
// Pure.
#pragma once

#include <vector>

#include "harness/measure/measurement.h"
#include "harness/measure/record_way.h"
#include "harness/plan/scenario.h"
#include "harness/verify/recovery.h"

namespace harness {

using Recoveries = std::vector<Recovery>;

// latency_metrics.cc
Measured MeasureScheduleLag(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);
Measured MeasureAck(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);
Measured MeasureHop(Hop hop, const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);
Measured MeasureHiccup(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);

// recovery_metrics.cc
Measured MeasureDetect(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);
Measured MeasureReconnect(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);
Measured MeasureAttempts(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);
Measured MeasureReconnects(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);

// backlog_metrics.cc
Measured MeasureBacklogPeak(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);
Measured MeasureCatchUpRate(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);
Measured MeasureCatchUpTime(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);
Measured MeasureTimeToRecovery(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);
Measured MeasureMaxGap(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);

// throughput_metrics.cc
Measured MeasureOffered(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);
Measured MeasureAccepted(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);
Measured MeasureAcked(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);
Measured MeasureDelivered(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);
Measured MeasureAckedBytes(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);
Measured MeasureAchieved(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);
Measured MeasureRefused(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);

// count_metrics.cc: integrity and processes
Measured MeasureLost(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);
Measured MeasureDuplicates(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);
Measured MeasureOutOfOrder(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);
Measured MeasureIndeterminate(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);
Measured MeasureCpu(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);
Measured MeasureMessagesPerCore(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);
Measured MeasureRssPeak(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold);

}  // namespace harness
