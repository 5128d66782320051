// Rates: what was offered, handed over, acknowledged and delivered in the selected time, and the shares between them.
#include <cstdint>
#include <utility>
#include <vector>

#include "harness/measure/first_times.h"
#include "harness/measure/metric_functions.h"
#include "harness/measure/metrics.h"
#include "harness/measure/scope.h"
#include "harness/verify/checker.h"

namespace harness {
namespace {

int64_t LengthNs(const std::vector<Interval>& spans) {
  int64_t length_ns = 0;
  for (const Interval& span : spans) length_ns += span.end_ns - span.begin_ns;
  return length_ns;
}

bool Contains(const std::vector<Interval>& spans, int64_t time_ns) { return Meets(spans, time_ns, time_ns); }

Measured Rate(int64_t count, const std::vector<Interval>& spans) {
  Measured measured;
  measured.samples = count;
  const int64_t length_ns = LengthNs(spans);
  if (count > 0 && length_ns > 0) {
    measured.value = static_cast<double>(count) * 1e9 / static_cast<double>(length_ns);
  } else {
    measured.samples = 0;
  }
  return measured;
}

Measured Share(int64_t part, int64_t whole) {
  Measured measured;
  measured.samples = whole;
  if (whole > 0) measured.value = static_cast<double>(part) / static_cast<double>(whole);
  return measured;
}

template <typename Visit>
void ForEachSend(const Measurement& of, const Visit& visit) {
  for (const Producer& producer : of.history.producers) {
    for (const Send& send : producer.sends) {
      if (send.sent_ns != 0 && !send.sentinel) visit(send);
    }
  }
}

// Of producers that tell of no sends: a record counts when the audit saw it.
int64_t SeenOnly(const Measurement& of, const std::vector<Interval>& spans) {
  int64_t count = 0;
  for (LogPlace place = 0; place < of.log.size(); ++place) {
    const LogRecord& record = of.log.record(place);
    if (record.sentinel || FindSend(of.history, record.rec) != nullptr) continue;
    if (Contains(spans, record.seen_ns)) ++count;
  }
  return count;
}

int64_t NotHandedOverIn(const Measurement& of, const Scope& scope) {
  int64_t count = 0;
  for (size_t i = 0; i < of.history.phases.size(); ++i) {
    if (scope.HasPhase(i)) count += of.not_handed_over[i];
  }
  return count;
}

// Sends whose moment lies in the selected time; those that have none are 0.
template <typename Moment>
Measured RateOf(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold, int64_t also,
                const Moment& moment) {
  const Scope scope(of.history, recoveries, threshold, kAnyClient);
  const std::vector<Interval> spans = scope.Spans();
  int64_t count = also + SeenOnly(of, spans);
  ForEachSend(of, [&](const Send& send) {
    if (const int64_t time_ns = moment(send); time_ns != 0 && Contains(spans, time_ns)) ++count;
  });
  return Rate(count, spans);
}

}  // namespace

Measured MeasureOffered(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold) {
  const Scope scope(of.history, recoveries, threshold, kAnyClient);
  return RateOf(of, recoveries, threshold, NotHandedOverIn(of, scope),
                [](const Send& send) { return PlannedNs(send); });
}

Measured MeasureAccepted(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold) {
  return RateOf(of, recoveries, threshold, 0, [](const Send& send) { return send.sent_ns; });
}

Measured MeasureAcked(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold) {
  return RateOf(of, recoveries, threshold, 0,
                [](const Send& send) { return send.outcome == Outcome::kOk ? send.acked_ns : 0; });
}

Measured MeasureAckedBytes(const Measurement& of, const Recoveries&, const Threshold&) {
  Measured measured = Rate(of.history.log_bytes, {{of.history.load_begin_ns, of.history.load_end_ns}});
  if (!of.history.audited) measured.note = "the topic was not audited";
  return measured;
}

Measured MeasureDelivered(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold) {
  std::vector<Measured> all;
  for (size_t i = 0; i < of.history.clients.size(); ++i) {
    if (!IsSelected(threshold, of.history.clients[i])) continue;
    const Scope scope(of.history, recoveries, threshold, i);
    const std::vector<Interval> spans = scope.Spans();
    int64_t count = 0;
    ForEachWay(of, i, [&](const RecordWay& way) {
      if (way.received_ns != kNeverNs && Contains(spans, way.received_ns)) ++count;
    });
    Measured measured = Rate(count, spans);
    // A client that got nothing is the slowest of all, and no client without a sample.
    if (!measured.value && !spans.empty()) {
      measured.value = 0;
      measured.samples_wanted = 0;
    }
    measured.whose = of.history.clients[i].name;
    all.push_back(std::move(measured));
  }
  return Deciding(threshold, all);
}

Measured MeasureAchieved(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold) {
  const Scope scope(of.history, recoveries, threshold, kAnyClient);
  int64_t planned = NotHandedOverIn(of, scope);
  int64_t acked = 0;
  ForEachSend(of, [&](const Send& send) {
    if (!scope.Has(send.phase, PlannedNs(send), PlannedNs(send))) return;
    ++planned;
    if (send.outcome == Outcome::kOk) ++acked;
  });
  return Share(acked, planned);
}

Measured MeasureRefused(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold) {
  const Scope scope(of.history, recoveries, threshold, kAnyClient);
  int64_t sent = 0;
  int64_t refused = 0;
  ForEachSend(of, [&](const Send& send) {
    if (!scope.Has(send.phase, send.sent_ns, send.sent_ns)) return;
    ++sent;
    if (send.outcome == Outcome::kFail) ++refused;
  });
  return Share(refused, sent);
}

}  // namespace harness
