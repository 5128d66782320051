#include "harness/measure/metrics.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "harness/measure/first_times.h"
#include "harness/measure/scope.h"
#include "harness/verify/checker.h"

namespace harness {
namespace {

// Fewer records than this behind the end of sending are on their way, not a backlog whose drain rate says anything.
constexpr int64_t kBacklogMin = 100;

double PerSecond(int64_t count, int64_t duration_ns) {
  return duration_ns <= 0 ? 0 : static_cast<double>(count) * 1e9 / static_cast<double>(duration_ns);
}

void SortUnlessSorted(std::vector<int64_t>* times) {
  if (!std::is_sorted(times->begin(), times->end())) std::sort(times->begin(), times->end());
}

// Whether the client was there for all of a phase.
bool WasThroughout(const History& history, const Client& client, size_t phase) {
  return client.joined_ns <= history.phases[phase].begin_ns &&
         (client.left_ns == 0 || client.left_ns >= PhaseEndNs(history, phase));
}

// Everything is linear in sends, log and deliveries, but for sorting a client's acknowledgement and delivery times.
class MetricsBuilder {
 public:
  explicit MetricsBuilder(const Measurement& measurement)
      : of_(measurement), history_(measurement.history), log_(measurement.log) {}

  Metrics Build() {
    metrics_.phases.resize(history_.phases.size());
    last_sent_ns_.resize(history_.phases.size());
    SetUpPhases();
    CountSends();
    CountLog();
    metrics_.recoveries = FindRecoveries(history_);
    metrics_.hiccup = of_.host.hiccup;
    for (size_t i = 0; i < history_.clients.size(); ++i) CountClient(i);
    FinishPhases();
    return std::move(metrics_);
  }

 private:
  // What one client contributes to a phase.
  struct PhaseOfClient {
    int64_t delivered = 0;     // records of the phase
    int64_t delivered_in = 0;  // records received while it lasted
    int64_t behind = 0;        // records of the phase received after the end of sending
    int64_t last_ns = 0;       // when the last record of the phase came
    int64_t backlog_peak = 0;
  };

  void SetUpPhases() {
    for (size_t i = 0; i < history_.phases.size(); ++i) {
      PhaseFigures& figures = metrics_.phases[i];
      figures.name = history_.phases[i].name;
      figures.planned = history_.phases[i].planned;
      figures.duration_ns = PhaseEndNs(history_, i) - history_.phases[i].begin_ns;
      figures.delivered_min = -1;
      figures.delivered_per_s = -1;
    }
  }

  void CountSends() {
    std::vector<int64_t> unplanned(history_.phases.size());
    for (size_t i = 0; i < history_.producers.size(); ++i) {
      const bool process = IsProcessProducer(history_, i);
      has_process_producer_ = has_process_producer_ || process;
      for (const Send& send : history_.producers[i].sends) {
        if (send.sent_ns == 0 || send.sentinel) continue;
        CountOutcome(send, &metrics_.sent, &metrics_.acked, &metrics_.failed, &metrics_.unknown);
        Record(ScheduleLagNs(send, process), &metrics_.schedule_lag);
        Record(AckNs(send), &metrics_.produce_ack);
        if (send.phase >= metrics_.phases.size()) continue;
        PhaseFigures& phase = metrics_.phases[send.phase];
        CountOutcome(send, &phase.sent, &phase.acked, &phase.failed, &phase.unknown);
        last_sent_ns_[send.phase] = std::max(last_sent_ns_[send.phase], send.sent_ns);
        if (process) ++unplanned[send.phase];
      }
    }
    for (size_t i = 0; i < metrics_.phases.size(); ++i) {
      PhaseFigures& phase = metrics_.phases[i];
      phase.offered_per_s = PerSecond(phase.planned + unplanned[i], phase.duration_ns);
      phase.acked_per_s = PerSecond(phase.acked, phase.duration_ns);
      metrics_.schedule_lag.RecordWithoutEnd(NotHandedOver(of_, i, kAnyClient));
    }
  }

  static void CountOutcome(const Send& send, int64_t* sent, int64_t* acked, int64_t* failed, int64_t* unknown) {
    ++*sent;
    if (send.outcome == Outcome::kOk) ++*acked;
    if (send.outcome == Outcome::kFail) ++*failed;
    if (send.outcome == Outcome::kUnknown || send.outcome == Outcome::kPending) ++*unknown;
  }

  void CountLog() {
    for (LogPlace place = 0; place < log_.size(); ++place) {
      const LogRecord& record = log_.record(place);
      if (record.sentinel) continue;
      ++metrics_.logged;
      if (!record.valid) ++metrics_.rejected;
      const Send* send = FindSend(history_, record.rec);
      if (send == nullptr) AddToOffered(record);
      if (send == nullptr || send->outcome == Outcome::kOk || send->outcome == Outcome::kFail) continue;
      if (log_.Places(record.rec)[0] == place) ++metrics_.unknown_in_log;
    }
  }

  // Of a producer that tells nothing of its sends: offered when it was seen.
  void AddToOffered(const LogRecord& record) {
    const size_t phase = PhaseAt(record.seen_ns);
    if (phase >= metrics_.phases.size()) return;
    metrics_.phases[phase].offered_per_s += PerSecond(1, metrics_.phases[phase].duration_ns);
  }

  void CountClient(size_t index) {
    const Client& client = history_.clients[index];
    ClientFigures figures;
    figures.name = client.name;
    figures.reconnects = std::max<int64_t>(0, static_cast<int64_t>(client.connections.size()) - 1);
    if (!client.observed) {
      metrics_.clients.push_back(std::move(figures));
      return;
    }
    BeginRecoveries(index);
    acked_ns_.clear();
    delivered_ns_.clear();
    phases_of_client_.assign(history_.phases.size(), {});
    figures.dropped = std::count_if(client.deliveries.begin(), client.deliveries.end(),
                                    [](const Delivery& delivery) { return delivery.kind == DeliveryKind::kDropped; });
    ForEachWay(of_, index, [&](const RecordWay& way) { Count(way, &figures); });
    for (size_t i = 0; i < history_.phases.size(); ++i) figures.e2e.RecordWithoutEnd(NotHandedOver(of_, i, index));
    EndRecoveries();
    FindBacklogPeaks();
    for (size_t i = 0; i < phases_of_client_.size(); ++i) {
      if (WasThroughout(history_, client, i)) AddToPhase(i, phases_of_client_[i]);
    }
    metrics_.e2e.Merge(figures.e2e);
    metrics_.service.Merge(figures.service);
    if (!has_process_producer_) figures.service = {};
    metrics_.clients.push_back(std::move(figures));
  }

  void Count(const RecordWay& way, ClientFigures* figures) {
    const bool received = way.received_ns != kNeverNs;
    if (received) {
      ++figures->delivered;
      if (const size_t phase = PhaseAt(way.received_ns); phase < phases_of_client_.size()) {
        ++phases_of_client_[phase].delivered_in;
      }
    }
    if (way.send == nullptr || !way.was_there) return;
    const Send& send = *way.send;
    Record(LatencyNs(Hop::kEndToEnd, way), &figures->e2e);
    Record(LatencyNs(Hop::kService, way), &figures->service);
    Record(LatencyNs(Hop::kAckServer, way), &metrics_.ack_server);
    Record(LatencyNs(Hop::kServerQueue, way), &metrics_.server_queue);
    Record(LatencyNs(Hop::kServerClient, way), &metrics_.server_client);
    // What was acknowledged and never came holds a backlog up, and a recovery.
    if (send.outcome == Outcome::kOk && send.acked_ns != 0) {
      acked_ns_.push_back(send.acked_ns);
      if (received) delivered_ns_.push_back(std::max(send.acked_ns, way.received_ns));
      NoteForRecoveries(send.acked_ns, way.received_ns);
    }
    if (!received || send.phase >= phases_of_client_.size()) return;
    PhaseOfClient& phase = phases_of_client_[send.phase];
    ++phase.delivered;
    phase.last_ns = std::max(phase.last_ns, way.received_ns);
    if (way.received_ns > last_sent_ns_[send.phase]) ++phase.behind;
  }

  // The phase that lasted at `time_ns`; SIZE_MAX: none.
  size_t PhaseAt(int64_t time_ns) const {
    for (size_t i = history_.phases.size(); i-- > 0;) {
      const int64_t begin_ns = history_.phases[i].begin_ns;
      if (begin_ns != 0 && begin_ns <= time_ns) return time_ns < PhaseEndNs(history_, i) ? i : SIZE_MAX;
    }
    return SIZE_MAX;
  }

  // A client has recovered from a fault when it has everything acknowledged before a moment: for each of its moments,
  // in order, when the last of that came.
  void BeginRecoveries(size_t client) {
    moments_.clear();
    for (Recovery& recovery : metrics_.recoveries) {
      if (recovery.client != client) continue;
      if (const int64_t moment_ns = RecoveryMomentNs(history_, recovery); moment_ns != 0) {
        moments_.push_back({moment_ns, moment_ns, &recovery});
      }
    }
    std::sort(moments_.begin(), moments_.end(), [](const Moment& a, const Moment& b) { return a.at_ns < b.at_ns; });
  }

  void NoteForRecoveries(int64_t acked_ns, int64_t delivered_ns) {
    const auto moment =
        std::upper_bound(moments_.begin(), moments_.end(), acked_ns,
                         [](int64_t acked, const Moment& candidate) { return acked < candidate.at_ns; });
    if (moment != moments_.end()) moment->last_ns = std::max(moment->last_ns, delivered_ns);
  }

  void EndRecoveries() {
    int64_t last_ns = 0;
    for (const Moment& moment : moments_) {
      last_ns = std::max(last_ns, moment.last_ns);
      moment.recovery->recovered_ns = last_ns == kNeverNs ? 0 : last_ns;
    }
  }

  // Acknowledged and not yet delivered, over time: the greatest value from each phase's beginning to the next one's.
  void FindBacklogPeaks() {
    SortUnlessSorted(&acked_ns_);
    SortUnlessSorted(&delivered_ns_);
    size_t phase = 0;
    size_t delivered = 0;
    for (size_t acked = 0; acked < acked_ns_.size(); ++acked) {
      const int64_t now_ns = acked_ns_[acked];
      while (delivered < delivered_ns_.size() && delivered_ns_[delivered] <= now_ns) ++delivered;
      while (phase + 1 < history_.phases.size() && history_.phases[phase + 1].begin_ns != 0 &&
             history_.phases[phase + 1].begin_ns <= now_ns) {
        ++phase;
      }
      if (phase >= phases_of_client_.size()) return;
      // What is delivered at the moment of its acknowledgement was never behind.
      const auto backlog = std::max<int64_t>(0, static_cast<int64_t>(acked + 1) - static_cast<int64_t>(delivered));
      phases_of_client_[phase].backlog_peak = std::max(phases_of_client_[phase].backlog_peak, backlog);
    }
  }

  void AddToPhase(size_t index, const PhaseOfClient& of_client) {
    PhaseFigures& phase = metrics_.phases[index];
    const double per_s = PerSecond(of_client.delivered_in, phase.duration_ns);
    if (phase.delivered_min < 0 || of_client.delivered < phase.delivered_min) phase.delivered_min = of_client.delivered;
    if (phase.delivered_per_s < 0 || per_s < phase.delivered_per_s) phase.delivered_per_s = per_s;
    phase.backlog_peak = std::max(phase.backlog_peak, of_client.backlog_peak);
    if (of_client.behind < kBacklogMin) return;
    const double drain_per_s = PerSecond(of_client.behind, of_client.last_ns - last_sent_ns_[index]);
    if (phase.drain_per_s == 0 || drain_per_s < phase.drain_per_s) phase.drain_per_s = drain_per_s;
  }

  void FinishPhases() {
    for (PhaseFigures& phase : metrics_.phases) {
      phase.delivered_min = std::max<int64_t>(0, phase.delivered_min);
      phase.delivered_per_s = std::max(0.0, phase.delivered_per_s);
    }
  }

  struct Moment {
    int64_t at_ns = 0;
    int64_t last_ns = 0;
    Recovery* recovery = nullptr;
  };

  const Measurement& of_;
  const History& history_;
  const LogIndex& log_;
  Metrics metrics_;
  bool has_process_producer_ = false;
  std::vector<int64_t> last_sent_ns_;  // by phase
  // Of the client at hand:
  std::vector<Moment> moments_;
  std::vector<int64_t> acked_ns_, delivered_ns_;
  std::vector<PhaseOfClient> phases_of_client_;
};

}  // namespace

Metrics ComputeMetrics(const Measurement& measurement) { return MetricsBuilder(measurement).Build(); }

Metrics ComputeMetrics(const History& history) {
  const LogIndex log(history);
  const ClientViews clients(history, log);
  const ServerEvidence servers(history);
  return ComputeMetrics(Measurement(history, log, clients, servers, {}));
}

std::string WhyWithoutSamples(const Measurement& measurement, Hop hop) {
  if (hop == Hop::kService) return "";
  if (hop != Hop::kEndToEnd) {
    return measurement.server_times.empty() ? "no server keeps a journal (\"journal\": true), which tells when it read "
                                              "a record and when it wrote it"
                                            : "";
  }
  const auto& producers = measurement.history.producers;
  for (size_t i = 0; i < producers.size(); ++i) {
    const auto& sends = producers[i].sends;
    const bool sends_load = std::any_of(sends.begin(), sends.end(), [](const Send& send) { return !send.sentinel; });
    if (sends_load && !IsProcessProducer(measurement.history, i)) return "";
  }
  return "no producer tells when it planned to send; e2e.service counts from the send itself";
}

int64_t NotHandedOver(const Measurement& measurement, size_t phase, size_t client) {
  const History& history = measurement.history;
  if (!history.phases[phase].measured) return 0;
  if (client != kAnyClient && !WasThroughout(history, history.clients[client], phase)) return 0;
  return measurement.not_handed_over[phase];
}

}  // namespace harness
