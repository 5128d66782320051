// Metrics that have one value for each fault and client. Used by recovery_metrics.cc and backlog_metrics.cc. Pure.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "harness/measure/measurement.h"
#include "harness/verify/recovery.h"

namespace harness {

// The quantile of the values, their maximum, or the one that is hardest on the threshold. Each has a value.
Measured OfValues(const Threshold& threshold, std::vector<Measured> values);

// `value` of each fault that struck and each client, as the selectors say; nullopt: it has none. With `each` there is
// no sample at all where a fault that must have broken a selected client's stream has none.
Measured OfRecoveries(const Measurement& of, const std::vector<Recovery>& recoveries, const Threshold& threshold,
                      const std::function<std::optional<double>(const Recovery&)>& value);

}  // namespace harness
