// What faults did to streams: when it was noticed, when clients were back, how often they tried.
#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/measure/metric_functions.h"
#include "harness/measure/recovery_values.h"

namespace harness {
namespace {

bool Chooses(const Threshold& threshold, const std::string& selector, const std::string& name) {
  const auto selected = Selected(threshold, selector);
  return !selected || *selected == name;
}

// Every fault that breaks a selected client's stream must have been measured.
bool LacksAFault(const Measurement& of, const Threshold& threshold, const std::vector<bool>& has_sample) {
  for (size_t i = 0; i < of.history.faults.size(); ++i) {
    const auto& clients = of.history.clients;
    const bool can_break = std::any_of(clients.begin(), clients.end(), [&](const Client& client) {
      return IsSelected(threshold, client) && MustBreak(of.history, i, client);
    });
    if (HasStruck(of.history.faults[i]) && can_break && !has_sample[i]) return true;
  }
  return false;
}

Measured OfBreaks(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold,
                  const std::function<double(const Recovery&)>& value) {
  return OfRecoveries(of, recoveries, threshold, [&](const Recovery& recovery) {
    return recovery.broke ? std::optional(value(recovery)) : std::nullopt;
  });
}

}  // namespace

Measured OfValues(const Threshold& threshold, std::vector<Measured> values) {
  const auto samples = static_cast<int64_t>(values.size());
  for (Measured& one : values) one.without_end = std::isinf(*one.value) ? 1 : 0;
  const int64_t without_end =
      std::count_if(values.begin(), values.end(), [](const Measured& one) { return one.without_end > 0; });
  Measured measured;
  if (values.empty()) {
    measured.samples_wanted = SamplesWanted(threshold);
    return measured;
  }
  const auto less = [](const Measured& a, const Measured& b) { return *a.value < *b.value; };
  if (threshold.quantile) {
    std::sort(values.begin(), values.end(), less);
    const double exact = *threshold.quantile * static_cast<double>(values.size());
    const auto rank = std::clamp(static_cast<size_t>(std::ceil(exact - 1e-9)), size_t{1}, values.size());
    measured = values[rank - 1];
  } else if (threshold.maximum) {
    measured = *std::max_element(values.begin(), values.end(), less);
  } else {
    measured = Deciding(threshold, values);
  }
  measured.samples = samples;
  measured.samples_wanted = SamplesWanted(threshold);
  measured.without_end = without_end;
  return measured;
}

Measured OfRecoveries(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold,
                      const std::function<std::optional<double>(const Recovery&)>& value) {
  std::vector<Measured> values;
  std::vector<bool> has_sample(of.history.faults.size());
  for (const Recovery& recovery : recoveries) {
    const Client& client = of.history.clients[recovery.client];
    const FaultEvent& fault = of.history.faults[recovery.fault];
    if (!IsSelected(threshold, client) || !Chooses(threshold, "fault", fault.name)) continue;
    Measured measured;
    measured.value = value(recovery);
    if (!measured.value) continue;
    measured.samples = 1;
    measured.whose = client.name + " after " + fault.name;
    values.push_back(std::move(measured));
    has_sample[recovery.fault] = true;
  }
  if (threshold.selectors.contains("each") && LacksAFault(of, threshold, has_sample)) {
    values.clear();
  }
  return OfValues(threshold, std::move(values));
}

Measured MeasureDetect(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold) {
  return OfBreaks(of, recoveries, threshold, [&](const Recovery& recovery) {
    return static_cast<double>(recovery.detected_ns - of.history.faults[recovery.fault].struck_ns);
  });
}

Measured MeasureReconnect(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold) {
  const bool from_fault = threshold.selectors.contains("from");
  return OfBreaks(of, recoveries, threshold, [&](const Recovery& recovery) {
    if (recovery.reconnect_ns < 0) return kWithoutEnd;
    return static_cast<double>(from_fault ? recovery.reconnected_ns - of.history.faults[recovery.fault].struck_ns
                                          : recovery.reconnect_ns);
  });
}

Measured MeasureAttempts(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold) {
  return OfBreaks(of, recoveries, threshold,
                  [](const Recovery& recovery) { return static_cast<double>(recovery.attempts); });
}

Measured MeasureReconnects(const Measurement& of, const Recoveries&, const Threshold& threshold) {
  const History& history = of.history;
  const auto phase_name = Selected(threshold, "phase");
  const auto phase = std::find_if(history.phases.begin(), history.phases.end(),
                                  [&](const Phase& one) { return phase_name && one.name == *phase_name; });
  if (phase_name && phase == history.phases.end()) return {};
  const auto fault_name = Selected(threshold, "fault");
  const auto fault = std::find_if(history.faults.begin(), history.faults.end(),
                                  [&](const FaultEvent& one) { return fault_name && one.name == *fault_name; });
  if (fault_name && fault == history.faults.end()) return {};
  std::vector<Measured> values;
  for (const Client& client : history.clients) {
    if (!IsSelected(threshold, client) || !client.marks_connections) continue;
    const auto breaks = FaultsOfBreaks(history, client);
    double count = 0;
    for (size_t i = 1; i < client.connections.size(); ++i) {
      const int64_t started_ns = client.connections[i].started_ns;
      if (fault_name && breaks[i - 1] != static_cast<size_t>(fault - history.faults.begin())) continue;
      if (phase_name && (started_ns < phase->begin_ns || (phase->end_ns != 0 && started_ns >= phase->end_ns))) continue;
      ++count;
    }
    Measured measured;
    measured.value = count;
    measured.samples = 1;
    measured.whose = client.name;
    values.push_back(std::move(measured));
  }
  return OfValues(threshold, std::move(values));
}

}  // namespace harness
