// How far clients were behind: the backlog over time, how it came down, when things were as before a fault, and how
// long nothing came at all.
//
// A client's backlog at a moment: records for it that were acknowledged by then and that it had not received. What it
// received no later than its acknowledgement was never in it.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/measure/metric_functions.h"
#include "harness/measure/recovery_values.h"
#include "harness/measure/scope.h"
#include "harness/verify/silence.h"
#include "text/duration.h"

namespace harness {
namespace {

// Fewer records than this are on their way, not a backlog of which can be said how it came down.
constexpr int64_t kBacklogMin = 100;
constexpr int64_t kWindowNs = 1'000'000'000;
constexpr int64_t kStepsPerWindow = 10;
constexpr double kSloQuantile = 0.99;

void Sort(std::vector<int64_t>* times) {
  if (!std::is_sorted(times->begin(), times->end())) std::sort(times->begin(), times->end());
}

class Backlog {
 public:
  Backlog(const Measurement& of, size_t client) {
    ForEachWay(of, client, [&](const RecordWay& way) {
      if (way.send == nullptr || !way.was_there || way.send->outcome != Outcome::kOk || way.send->acked_ns == 0) return;
      acked_ns_.push_back(way.send->acked_ns);
      if (way.received_ns != kNeverNs) delivered_ns_.push_back(std::max(way.send->acked_ns, way.received_ns));
    });
    Sort(&acked_ns_);
    Sort(&delivered_ns_);
  }

  bool empty() const { return acked_ns_.empty(); }
  int64_t At(int64_t time_ns) const { return UpTo(acked_ns_, time_ns) - UpTo(delivered_ns_, time_ns); }

  struct Peak {
    int64_t time_ns = 0;
    int64_t records = 0;
  };
  // The greatest within `spans`: at one of their beginnings or at an acknowledgement.
  Peak Greatest(const std::vector<Interval>& spans) const {
    Peak peak;
    for (const Interval& span : spans) {
      const auto look = [&](int64_t time_ns) {
        const int64_t records = At(time_ns);
        if (peak.time_ns == 0 || records > peak.records) peak = {time_ns, records};
      };
      look(span.begin_ns);
      auto acked = std::upper_bound(acked_ns_.begin(), acked_ns_.end(), span.begin_ns);
      for (; acked != acked_ns_.end() && *acked < span.end_ns; ++acked) look(*acked);
    }
    return peak;
  }

  // When it was at most `records` for the first time after `from_ns`; nullopt: never.
  std::optional<int64_t> DownTo(int64_t records, int64_t from_ns) const {
    for (auto at = std::upper_bound(delivered_ns_.begin(), delivered_ns_.end(), from_ns); at != delivered_ns_.end();
         ++at) {
      if (At(*at) <= records) return *at;
    }
    return std::nullopt;
  }
  int64_t LastNs() const {
    return std::max(acked_ns_.empty() ? 0 : acked_ns_.back(), delivered_ns_.empty() ? 0 : delivered_ns_.back());
  }

 private:
  static int64_t UpTo(const std::vector<int64_t>& times, int64_t time_ns) {
    return std::upper_bound(times.begin(), times.end(), time_ns) - times.begin();
  }

  std::vector<int64_t> acked_ns_, delivered_ns_;
};

// `value` of each selected client that has something to say.
template <typename Value>
Measured OfClients(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold,
                   const std::string& why_not, const Value& value) {
  std::vector<Measured> values;
  for (size_t i = 0; i < of.history.clients.size(); ++i) {
    if (!IsSelected(threshold, of.history.clients[i])) continue;
    Measured measured;
    measured.value = value(i, Scope(of.history, recoveries, threshold, i));
    if (!measured.value) continue;
    measured.samples = 1;
    measured.whose = of.history.clients[i].name;
    values.push_back(std::move(measured));
  }
  Measured measured = OfValues(threshold, std::move(values));
  if (!measured.value) measured.note = why_not;
  return measured;
}

struct CatchUp {
  int64_t records = 0;  // by which the backlog came down
  int64_t time_ns = 0;
  bool is_over = false;
};
std::optional<CatchUp> FindCatchUp(const Backlog& backlog, const std::vector<Interval>& spans) {
  const Backlog::Peak peak = backlog.Greatest(spans);
  if (peak.records < kBacklogMin) return std::nullopt;
  const auto down_ns = backlog.DownTo(peak.records / 100, peak.time_ns);
  const int64_t end_ns = down_ns.value_or(backlog.LastNs());
  return CatchUp{peak.records - backlog.At(end_ns), end_ns - peak.time_ns, down_ns.has_value()};
}

constexpr char kNoBacklog[] = "no client was 100 records behind";

int64_t Duration(const Threshold& threshold, const std::string& selector, int64_t otherwise_ns) {
  const auto text = Selected(threshold, selector);
  return text ? pipeline::ParseDurationNs(*text).value_or(otherwise_ns) : otherwise_ns;
}

// When records were sent and how long each took, in the order of sending: for p99 of any window.
class ServiceTimes {
 public:
  ServiceTimes(const Measurement& of, size_t client, int64_t slo_ns) {
    ForEachWay(of, client, [&](const RecordWay& way) {
      if (way.send == nullptr || !way.was_there || (way.received_ns != kNeverNs && !way.received_counts)) return;
      const bool in_time = way.received_ns != kNeverNs && way.received_ns - way.send->sent_ns <= slo_ns;
      sent_.emplace_back(way.send->sent_ns, in_time ? 0 : 1);
    });
    std::sort(sent_.begin(), sent_.end());
    late_.push_back(0);
    for (const auto& [sent_ns, late] : sent_) late_.push_back(late_.back() + late);
  }

  // Whether p99 of what was sent in [begin_ns, end_ns) is within the SLO; false also when nothing was.
  bool IsWithin(int64_t begin_ns, int64_t end_ns) const {
    const auto index = [&](int64_t time_ns) {
      return static_cast<size_t>(std::lower_bound(sent_.begin(), sent_.end(), std::pair(time_ns, int64_t{0})) -
                                 sent_.begin());
    };
    const size_t begin = index(begin_ns);
    const size_t end = index(end_ns);
    if (begin == end) return false;
    const auto in_time = static_cast<double>(end - begin) - static_cast<double>(late_[end] - late_[begin]);
    return in_time >= std::ceil(kSloQuantile * static_cast<double>(end - begin) - 1e-9);
  }
  int64_t LastNs() const { return sent_.empty() ? 0 : sent_.back().first; }

 private:
  std::vector<std::pair<int64_t, int64_t>> sent_;
  std::vector<int64_t> late_;  // of those before
};

}  // namespace

Measured MeasureBacklogPeak(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold) {
  return OfClients(of, recoveries, threshold, "", [&](size_t client, const Scope& scope) -> std::optional<double> {
    const Backlog backlog(of, client);
    const auto spans = scope.Spans(true);
    if (backlog.empty() || spans.empty()) return std::nullopt;
    return static_cast<double>(backlog.Greatest(spans).records);
  });
}

Measured MeasureCatchUpRate(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold) {
  return OfClients(of, recoveries, threshold, kNoBacklog,
                   [&](size_t client, const Scope& scope) -> std::optional<double> {
                     const auto catch_up = FindCatchUp(Backlog(of, client), scope.Spans(true));
                     if (!catch_up) return std::nullopt;
                     return catch_up->time_ns <= 0
                                ? 0
                                : static_cast<double>(catch_up->records) * 1e9 / static_cast<double>(catch_up->time_ns);
                   });
}

Measured MeasureCatchUpTime(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold) {
  return OfClients(of, recoveries, threshold, kNoBacklog,
                   [&](size_t client, const Scope& scope) -> std::optional<double> {
                     const auto catch_up = FindCatchUp(Backlog(of, client), scope.Spans(true));
                     if (!catch_up) return std::nullopt;
                     return catch_up->is_over ? static_cast<double>(catch_up->time_ns) : kWithoutEnd;
                   });
}

Measured MeasureTimeToRecovery(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold) {
  const int64_t slo_ns = Duration(threshold, "slo", 0);
  const int64_t window_ns = std::max<int64_t>(kStepsPerWindow, Duration(threshold, "window", kWindowNs));
  return OfRecoveries(of, recoveries, threshold, [&](const Recovery& recovery) -> std::optional<double> {
    const Backlog backlog(of, recovery.client);
    const ServiceTimes times(of, recovery.client, slo_ns);
    const int64_t struck_ns = of.history.faults[recovery.fault].struck_ns;
    const int64_t before = backlog.Greatest({{struck_ns - window_ns, struck_ns}}).records;
    for (int64_t begin_ns = struck_ns; begin_ns + window_ns <= times.LastNs();
         begin_ns += window_ns / kStepsPerWindow) {
      if (backlog.At(begin_ns) <= before && times.IsWithin(begin_ns, begin_ns + window_ns)) {
        return static_cast<double>(begin_ns - struck_ns);
      }
    }
    return kWithoutEnd;
  });
}

Measured MeasureMaxGap(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold) {
  const auto offered = OfferedSpans(of.history);
  return OfClients(of, recoveries, threshold, "no load was offered then",
                   [&](size_t index, const Scope& scope) -> std::optional<double> {
                     const Client& client = of.history.clients[index];
                     const Interval stay{client.joined_ns, client.left_ns == 0 ? INT64_MAX : client.left_ns};
                     const auto spans = Intersection(Intersection(offered, scope.Spans(true)), {stay});
                     if (spans.empty()) return std::nullopt;
                     std::vector<int64_t> times;
                     times.reserve(client.deliveries.size());
                     for (const Delivery& delivery : client.deliveries) times.push_back(delivery.time_ns);
                     Sort(&times);
                     int64_t longest_ns = 0;
                     for (const Interval& span : spans) {
                       int64_t heard_ns = span.begin_ns;
                       auto at = std::lower_bound(times.begin(), times.end(), span.begin_ns);
                       for (; at != times.end() && *at < span.end_ns; ++at) {
                         longest_ns = std::max(longest_ns, *at - heard_ns);
                         heard_ns = *at;
                       }
                       longest_ns = std::max(longest_ns, span.end_ns - heard_ns);
                     }
                     return static_cast<double>(longest_ns);
                   });
}

}  // namespace harness
