// One threshold's metric under its selectors. What the words mean: metrics.h.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "harness/measure/first_times.h"
#include "harness/measure/metrics.h"
#include "harness/verify/log_index.h"
#include "harness/verify/recovery.h"
#include "text/duration.h"

namespace harness {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

std::optional<std::string> Selected(const Threshold& threshold, const std::string& selector) {
  const auto found = threshold.selectors.find(selector);
  return found == threshold.selectors.end() ? std::nullopt : std::optional(found->second);
}

// Index by name; SIZE_MAX when there is none of that name in the history.
template <typename Named>
size_t Find(const std::vector<Named>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Named& one) { return one.name == name; });
  return found == all.end() ? SIZE_MAX : static_cast<size_t>(found - all.begin());
}

bool IsSelected(const Threshold& threshold, const Client& client) {
  const auto name = Selected(threshold, "client");
  return client.observed && (!name || *name == client.name);
}

int64_t SamplesWanted(const Threshold& threshold) {
  if (!threshold.quantile) return 1;
  return static_cast<int64_t>(std::ceil(10 / (1 - *threshold.quantile) - 1e-6));
}

// The value that is hardest on the threshold.
double Worst(const Threshold& threshold, const std::vector<double>& values) {
  switch (threshold.comparison) {
    case Comparison::kLess:
    case Comparison::kLessEqual:
      return *std::max_element(values.begin(), values.end());
    case Comparison::kGreater:
    case Comparison::kGreaterEqual:
      return *std::min_element(values.begin(), values.end());
    case Comparison::kEqual:
      return *std::max_element(values.begin(), values.end(), [&](double a, double b) {
        return std::abs(a - threshold.limit) < std::abs(b - threshold.limit);
      });
  }
  return values.front();
}

Measured OfValues(const Threshold& threshold, std::vector<double> values) {
  Measured measured;
  measured.samples = static_cast<int64_t>(values.size());
  measured.samples_wanted = SamplesWanted(threshold);
  if (values.empty()) return measured;
  if (threshold.quantile) {
    std::sort(values.begin(), values.end());
    const double exact = *threshold.quantile * static_cast<double>(values.size());
    const auto rank = std::clamp(static_cast<size_t>(std::ceil(exact - 1e-9)), size_t{1}, values.size());
    measured.value = values[rank - 1];
  } else {
    measured.value = threshold.maximum ? *std::max_element(values.begin(), values.end()) : Worst(threshold, values);
  }
  return measured;
}

Measured Reconnect(const History& history, const Metrics& metrics, const Threshold& threshold) {
  const auto fault = Selected(threshold, "fault");
  std::vector<double> values;
  std::vector<bool> has_sample(history.faults.size());
  for (const Recovery& recovery : metrics.recoveries) {
    if (!recovery.broke || !IsSelected(threshold, history.clients[recovery.client])) continue;
    if (fault && history.faults[recovery.fault].name != *fault) continue;
    values.push_back(recovery.reconnect_ns < 0 ? kNever : static_cast<double>(recovery.reconnect_ns));
    has_sample[recovery.fault] = true;
  }
  if (Selected(threshold, "each")) {
    // Every fault that breaks a selected client's stream must have been measured.
    for (size_t i = 0; i < history.faults.size(); ++i) {
      const bool can_break = std::any_of(history.clients.begin(), history.clients.end(), [&](const Client& client) {
        return IsSelected(threshold, client) && MustBreak(history, i, client);
      });
      if (HasStruck(history.faults[i]) && can_break && !has_sample[i]) {
        return {std::nullopt, 0, SamplesWanted(threshold)};
      }
    }
  }
  return OfValues(threshold, std::move(values));
}

Measured Reconnects(const History& history, const Threshold& threshold) {
  const auto phase_name = Selected(threshold, "phase");
  const auto fault_name = Selected(threshold, "fault");
  const size_t phase = phase_name ? Find(history.phases, *phase_name) : SIZE_MAX;
  const size_t fault = fault_name ? Find(history.faults, *fault_name) : kNoFault;
  if ((phase_name && phase == SIZE_MAX) || (fault_name && fault == kNoFault)) return {std::nullopt, 0, 1};
  std::vector<double> values;
  for (const Client& client : history.clients) {
    if (!IsSelected(threshold, client) || !client.marks_connections) continue;
    const auto breaks = FaultsOfBreaks(history, client);
    double count = 0;
    for (size_t i = 1; i < client.connections.size(); ++i) {
      const int64_t started_ns = client.connections[i].started_ns;
      if (fault_name && breaks[i - 1] != fault) continue;
      if (phase_name) {
        const Phase& span = history.phases[phase];
        if (started_ns < span.begin_ns || (span.end_ns != 0 && started_ns >= span.end_ns)) continue;
      }
      ++count;
    }
    values.push_back(count);
  }
  return OfValues(threshold, std::move(values));
}

// Which deliveries a threshold on e2e.latency is about, for one client.
class LatencySelection {
 public:
  LatencySelection(const History& history, const Metrics& metrics, const Threshold& threshold, size_t client)
      : excluding_(threshold.selectors.contains("excluding")) {
    const auto phase = Selected(threshold, "phase");
    if (phase) phase_ = Find(history.phases, *phase);
    any_phase_ = !phase;
    // With a client selected its own recoveries count, otherwise those of the last client to recover.
    const size_t whose = threshold.selectors.contains("client") ? client : kAnyClient;
    if (excluding_) excluded_ = FaultSpans(history, metrics.recoveries, whose, kNoFault);
    for (const char* selector : {"fault", "during"}) {
      const auto name = Selected(threshold, selector);
      if (!name) continue;
      const auto after = selector == std::string_view("during") ? Selected(threshold, "after") : std::nullopt;
      const int64_t after_ns = after ? pipeline::ParseDurationNs(*after).value_or(0) : 0;
      const size_t fault = Find(history.faults, *name);
      auto spans =
          fault == SIZE_MAX ? std::vector<Interval>() : FaultSpans(history, metrics.recoveries, whose, fault, after_ns);
      within_ = within_ ? Intersection(*within_, spans) : std::move(spans);
    }
  }

  bool Has(const Send& send, int64_t delivered_ns) const {
    if (!send.measured || (!any_phase_ && send.phase != phase_)) return false;
    const int64_t born_ns = PlannedNs(send);
    if (within_ && !Meets(*within_, born_ns, delivered_ns)) return false;
    return !excluding_ || !Meets(excluded_, born_ns, delivered_ns);
  }

 private:
  bool any_phase_ = true;
  size_t phase_ = SIZE_MAX;
  bool excluding_;
  std::vector<Interval> excluded_;
  std::optional<std::vector<Interval>> within_;
};

Measured Latency(const History& history, const Metrics& metrics, const Threshold& threshold) {
  LatencyHistogram histogram;
  for (size_t i = 0; i < history.clients.size(); ++i) {
    const Client& client = history.clients[i];
    if (!IsSelected(threshold, client)) continue;
    const LatencySelection selection(history, metrics, threshold, i);
    FirstTimes first_time(history);
    for (const Delivery& delivery : client.deliveries) {
      if (delivery.kind == DeliveryKind::kDropped || delivery.sentinel) continue;
      const Send* send = FindSend(history, delivery.rec);
      if (send == nullptr || !WasThereFor(client, *send) || !first_time(delivery.rec)) continue;
      if (!selection.Has(*send, delivery.time_ns)) continue;
      histogram.Record(delivery.time_ns - PlannedNs(*send));
    }
  }
  Measured measured{std::nullopt, histogram.count(), SamplesWanted(threshold)};
  const auto value = threshold.quantile ? histogram.AtQuantile(*threshold.quantile) : histogram.Max();
  if (value) measured.value = static_cast<double>(*value);
  return measured;
}

}  // namespace

Measured Measure(const History& history, const Metrics& metrics, const Threshold& threshold) {
  if (threshold.metric == "recovery.reconnect") return Reconnect(history, metrics, threshold);
  if (threshold.metric == "client.reconnects") return Reconnects(history, threshold);
  if (threshold.metric == "e2e.latency") return Latency(history, metrics, threshold);
  return {};
}

}  // namespace harness
