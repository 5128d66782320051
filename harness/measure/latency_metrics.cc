// Latencies: each hop of a record's way, judged at the client where it is worst.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "harness/measure/first_times.h"
#include "harness/measure/metric_functions.h"
#include "harness/measure/metrics.h"
#include "harness/measure/scope.h"
#include "harness/verify/checker.h"

namespace harness {
namespace {

Measured OfHistogram(const Threshold& threshold, const LatencyHistogram& histogram) {
  Measured measured;
  measured.samples = histogram.count();
  measured.samples_wanted = SamplesWanted(threshold);
  measured.without_end = histogram.without_end_count();
  const auto value = threshold.quantile ? histogram.AtQuantile(*threshold.quantile) : histogram.Max();
  if (value) measured.value = *value == LatencyHistogram::kWithoutEnd ? kWithoutEnd : static_cast<double>(*value);
  return measured;
}

// Of all sends in scope; a send's life ends with its acknowledgement.
template <typename Latency>
LatencyHistogram OfSends(const Measurement& of, const Scope& scope, const Latency& latency) {
  LatencyHistogram histogram;
  for (size_t p = 0; p < of.history.producers.size(); ++p) {
    const bool is_process = IsProcessProducer(of.history, p);
    for (const Send& send : of.history.producers[p].sends) {
      if (send.sent_ns == 0 || send.sentinel) continue;
      if (!scope.Has(send.phase, PlannedNs(send), std::max(send.sent_ns, send.acked_ns))) continue;
      Record(latency(send, is_process), &histogram);
    }
  }
  return histogram;
}

// Nobody knows when they would have been sent: they belong to every window of their phase.
void AddNotHandedOver(const Measurement& of, const Scope& scope, size_t client, LatencyHistogram* histogram) {
  for (size_t i = 0; i < of.history.phases.size(); ++i) {
    if (scope.HasPhase(i)) histogram->RecordWithoutEnd(NotHandedOver(of, i, client));
  }
}

}  // namespace

Measured MeasureScheduleLag(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold) {
  const Scope scope(of.history, recoveries, threshold, kAnyClient);
  LatencyHistogram histogram =
      OfSends(of, scope, [](const Send& send, bool is_process) { return ScheduleLagNs(send, is_process); });
  AddNotHandedOver(of, scope, kAnyClient, &histogram);
  return OfHistogram(threshold, histogram);
}

Measured MeasureAck(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold) {
  const Scope scope(of.history, recoveries, threshold, kAnyClient);
  return OfHistogram(threshold, OfSends(of, scope, [](const Send& send, bool) { return AckNs(send); }));
}

Measured MeasureHop(Hop hop, const Measurement& of, const Recoveries& recoveries, const Threshold& threshold) {
  const std::string why = WhyWithoutSamples(of, hop);
  std::vector<Measured> all;
  for (size_t i = 0; i < of.history.clients.size() && why.empty(); ++i) {
    const Client& client = of.history.clients[i];
    if (!IsSelected(threshold, client)) continue;
    const Scope scope(of.history, recoveries, threshold, i);
    LatencyHistogram histogram;
    ForEachWay(of, i, [&](const RecordWay& way) {
      if (way.send == nullptr || !scope.Has(way.send->phase, PlannedNs(*way.send), way.EndNs())) return;
      Record(LatencyNs(hop, way), &histogram);
    });
    if (hop == Hop::kEndToEnd) AddNotHandedOver(of, scope, i, &histogram);
    Measured measured = OfHistogram(threshold, histogram);
    measured.whose = client.name;
    all.push_back(std::move(measured));
  }
  Measured deciding = Deciding(threshold, all);
  if (!why.empty()) deciding.note = why;
  return deciding;
}

Measured MeasureHiccup(const Measurement& of, const Recoveries&, const Threshold& threshold) {
  return OfHistogram(threshold, of.host.hiccup);
}

}  // namespace harness
