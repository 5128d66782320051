#include "harness/report/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>

#include "harness/measure/first_times.h"
#include "harness/verify/checker.h"
#include "harness/verify/client_view.h"
#include "harness/verify/log_index.h"
#include "harness/verify/well_formed.h"

namespace harness {
namespace {

// 1, 2 and 5 of each power of ten, so that intervals begin at round moments.
int64_t IntervalFor(int64_t span_ns) {
  int64_t decade_ns = kTimelineShortestNs;
  while (true) {
    for (const int64_t step : {1, 2, 5}) {
      const int64_t interval_ns = step * decade_ns;
      if (span_ns / interval_ns < static_cast<int64_t>(kTimelinePointsMax)) return interval_ns;
    }
    decade_ns *= 10;
  }
}

// From the begin of the load to the end of the drain. Of a run that died neither is told: then from the first send to
// the last thing that was seen.
std::pair<int64_t, int64_t> SpanOf(const History& history) {
  int64_t first_ns = INT64_MAX;
  int64_t last_ns = 0;
  for (const Producer& producer : history.producers) {
    for (const Send& send : producer.sends) {
      if (send.sent_ns == 0) continue;
      first_ns = std::min(first_ns, PlannedNs(send));
      last_ns = std::max({last_ns, send.sent_ns, send.acked_ns});
    }
  }
  if (history.drain_end_ns == 0) {
    for (const Client& client : history.clients) {
      for (const Delivery& delivery : client.deliveries) last_ns = std::max(last_ns, delivery.time_ns);
    }
  }
  const int64_t begin_ns = history.load_begin_ns != 0 ? history.load_begin_ns : first_ns;
  const int64_t end_ns = history.drain_end_ns != 0 ? history.drain_end_ns : std::max(last_ns, history.load_end_ns);
  return {begin_ns, end_ns};
}

// Which interval a moment falls into; what is told of before the first or after the last belongs to none.
class Grid {
 public:
  Grid(int64_t origin_ns, int64_t interval_ns, size_t size)
      : origin_ns_(origin_ns), interval_ns_(interval_ns), size_(size) {}
  std::optional<size_t> At(int64_t time_ns) const {
    if (time_ns < origin_ns_) return std::nullopt;
    const auto index = static_cast<size_t>((time_ns - origin_ns_) / interval_ns_);
    return index < size_ ? std::optional(index) : std::nullopt;
  }
  int64_t BeginNs(size_t index) const { return origin_ns_ + static_cast<int64_t>(index) * interval_ns_; }
  int64_t EndNs(size_t index) const { return BeginNs(index + 1); }
  size_t size() const { return size_; }

 private:
  int64_t origin_ns_;
  int64_t interval_ns_;
  size_t size_;
};

// A small histogram for each interval: 64 buckets to a power of two, up to 2^42 ns (73 min).
class LatencyGrid {
 public:
  explicit LatencyGrid(size_t intervals) : counts_(intervals * kBuckets), max_ns_(intervals, -1) {}

  void Record(size_t interval, int64_t latency_ns) {
    ++counts_[interval * kBuckets + BucketOf(latency_ns)];
    max_ns_[interval] = std::max(max_ns_[interval], latency_ns);
  }
  int64_t max_ns(size_t interval) const { return max_ns_[interval]; }
  // Nearest rank; -1 when nothing was recorded.
  int64_t AtQuantile(size_t interval, double q) const {
    const auto* const begin = counts_.data() + interval * kBuckets;
    int64_t count = 0;
    for (size_t i = 0; i < kBuckets; ++i) count += begin[i];
    if (count == 0) return -1;
    const auto rank = std::max<int64_t>(1, static_cast<int64_t>(std::ceil(q * static_cast<double>(count))));
    int64_t seen = 0;
    size_t bucket = 0;
    while (bucket + 1 < kBuckets && (seen += begin[bucket]) < rank) ++bucket;
    return std::min(HighestOf(bucket), max_ns_[interval]);
  }

 private:
  static constexpr int kBits = 6;
  static constexpr size_t kPerBlock = size_t{1} << kBits;
  static constexpr size_t kBlocks = 37;
  static constexpr size_t kBuckets = kPerBlock * kBlocks;

  static size_t BucketOf(int64_t latency_ns) {
    const auto value = static_cast<uint64_t>(std::max<int64_t>(0, latency_ns));
    if (value < kPerBlock) return value;
    const auto shift = static_cast<size_t>(std::bit_width(value)) - 1 - kBits;
    return std::min(kBuckets - 1, (shift + 1) * kPerBlock + ((value >> shift) - kPerBlock));
  }
  static int64_t HighestOf(size_t bucket) {
    if (bucket < kPerBlock) return static_cast<int64_t>(bucket);
    const size_t shift = bucket / kPerBlock - 1;
    return static_cast<int64_t>(((bucket % kPerBlock + kPerBlock + 1) << shift) - 1);
  }

  std::vector<uint32_t> counts_;
  std::vector<int64_t> max_ns_;
};

// What one client had in each interval.
struct OfClient {
  std::vector<int64_t> delivered, acked, arrived, backlog;
  std::vector<int64_t> p50_ns, p99_ns, max_ns;
};

class TimelineBuilder {
 public:
  TimelineBuilder(const History& history, const Grid& grid, int64_t interval_ns)
      : history_(history), grid_(grid), log_(history), interval_ns_(interval_ns) {}

  Timeline Build(int64_t origin_ns, const JobRunner& run_jobs) {
    timeline_.origin_ns = origin_ns;
    timeline_.interval_ns = interval_ns_;
    timeline_.points.resize(grid_.size());
    for (size_t i = 0; i < grid_.size(); ++i) timeline_.points[i].begin_ns = static_cast<int64_t>(i) * interval_ns_;
    CountSends();
    for (size_t i = 0; i < history_.clients.size(); ++i) {
      if (history_.clients[i].observed) observed_.push_back(i);
    }
    of_clients_.resize(observed_.size());
    run_jobs(observed_.size(), [this](size_t job) { of_clients_[job] = CountClient(observed_[job]); });
    for (size_t i = 0; i < grid_.size(); ++i) Join(i);
    NameClients();
    return std::move(timeline_);
  }

 private:
  void CountSends() {
    for (const Producer& producer : history_.producers) {
      for (const Send& send : producer.sends) {
        if (send.sent_ns == 0 || send.sentinel) continue;
        if (const auto at = grid_.At(PlannedNs(send))) ++timeline_.points[*at].offered;
        if (const auto at = grid_.At(send.sent_ns)) ++timeline_.points[*at].sent;
        if (send.acked_ns == 0) continue;
        const auto at = grid_.At(send.acked_ns);
        if (at && send.outcome == Outcome::kOk) ++timeline_.points[*at].acked;
        if (at && send.outcome == Outcome::kFail) ++timeline_.points[*at].failed;
      }
    }
  }

  // As the metrics count (metrics.cc): the first time of each record that the client handed on; a backlog is of what
  // was acknowledged, and what never came stays in it.
  OfClient CountClient(size_t index) const {
    const Client& client = history_.clients[index];
    const ClientView view(history_, log_, index);
    OfClient of;
    for (auto* counts : {&of.delivered, &of.acked, &of.arrived}) counts->resize(grid_.size());
    LatencyGrid latencies(grid_.size());
    FirstTimes first_time(history_);
    for (size_t i = 0; i < client.deliveries.size(); ++i) {
      const Delivery& delivery = client.deliveries[i];
      if (delivery.kind == DeliveryKind::kDropped || delivery.sentinel) continue;
      const Send* send = FindSend(history_, delivery.rec);
      const LogPlace place = view.place(i);
      if (place != kNoPlace && log_.record(place).sentinel) continue;
      if (send != nullptr ? !first_time(delivery.rec) : place != kNoPlace && view.first_delivery(place) != i) continue;
      if (const auto at = grid_.At(delivery.time_ns)) ++of.delivered[*at];
      if (send == nullptr || !WasThereFor(client, *send)) continue;
      NoteAcked(*send, std::max(send->acked_ns, delivery.time_ns), &of);
      const auto planned_at = grid_.At(PlannedNs(*send));
      if (planned_at && TimeCounts(delivery, *send)) {
        latencies.Record(*planned_at, delivery.time_ns - PlannedNs(*send));
      }
    }
    CountMissing(view, &of);
    int64_t behind = 0;
    for (size_t i = 0; i < grid_.size(); ++i) {
      behind += of.acked[i] - of.arrived[i];
      of.backlog.push_back(std::max<int64_t>(0, behind));
      of.p50_ns.push_back(latencies.AtQuantile(i, 0.5));
      of.p99_ns.push_back(latencies.AtQuantile(i, 0.99));
      of.max_ns.push_back(latencies.max_ns(i));
    }
    return of;
  }

  // `arrived_ns` 0: never.
  void NoteAcked(const Send& send, int64_t arrived_ns, OfClient* of) const {
    if (send.outcome != Outcome::kOk || send.acked_ns == 0) return;
    const auto acked_at = grid_.At(send.acked_ns);
    if (!acked_at) return;
    ++of->acked[*acked_at];
    if (const auto at = grid_.At(arrived_ns)) ++of->arrived[*at];
  }

  void CountMissing(const ClientView& view, OfClient* of) const {
    if (!history_.audited) return;
    const auto ends = view.client().left_ns == 0 ? AuditedLasts(history_, log_) : view.frontiers();
    view.ForEachMissing(ends, [&](LogPlace place) {
      const LogRecord& record = log_.record(place);
      const Send* send = record.sentinel ? nullptr : FindSend(history_, record.rec);
      if (send != nullptr && WasThereFor(view.client(), *send)) NoteAcked(*send, 0, of);
    });
  }

  bool WasThere(const Client& client, size_t interval) const {
    if (client.starts_late && client.joined_ns == 0) return false;
    return client.joined_ns <= grid_.BeginNs(interval) &&
           (client.left_ns == 0 || client.left_ns >= grid_.EndNs(interval));
  }

  // The clients' figures of one interval into its point.
  void Join(size_t interval) {
    TimelinePoint& point = timeline_.points[interval];
    std::vector<int64_t> delivered;
    for (size_t i = 0; i < observed_.size(); ++i) {
      const OfClient& of = of_clients_[i];
      point.latency_p50_ns = std::max(point.latency_p50_ns, of.p50_ns[interval]);
      point.latency_p99_ns = std::max(point.latency_p99_ns, of.p99_ns[interval]);
      point.latency_max_ns = std::max(point.latency_max_ns, of.max_ns[interval]);
      if (!WasThere(history_.clients[observed_[i]], interval)) continue;
      delivered.push_back(of.delivered[interval]);
      point.backlog_max = std::max(point.backlog_max, of.backlog[interval]);
    }
    if (delivered.empty()) return;
    std::sort(delivered.begin(), delivered.end());
    point.delivered = {delivered.front(), delivered[(delivered.size() - 1) / 2], delivered.back()};
  }

  void NameClients() {
    timeline_.observed_clients = observed_.size();
    if (observed_.size() > kTimelineClientsNamed) return;
    for (size_t i = 0; i < observed_.size(); ++i) {
      OfClient& of = of_clients_[i];
      timeline_.clients.push_back({observed_[i], std::move(of.delivered), std::move(of.backlog), std::move(of.p99_ns)});
    }
  }

  const History& history_;
  const Grid& grid_;
  const LogIndex log_;
  const int64_t interval_ns_;
  Timeline timeline_;
  std::vector<size_t> observed_;  // indices into History::clients
  std::vector<OfClient> of_clients_;
};

}  // namespace

Timeline MakeTimeline(const History& history, const JobRunner& run_jobs) {
  const auto [begin_ns, end_ns] = SpanOf(history);
  if (end_ns <= 0 || begin_ns >= end_ns) return {};
  const int64_t interval_ns = IntervalFor(end_ns - begin_ns);
  const Grid grid(begin_ns, interval_ns, static_cast<size_t>((end_ns - begin_ns) / interval_ns) + 1);
  return TimelineBuilder(history, grid, interval_ns).Build(begin_ns, run_jobs);
}

std::string TimelineCsv(const Timeline& timeline) {
  std::string csv =
      "begin_ns,interval_ns,offered,sent,acked,failed,delivered_min,delivered_median,delivered_max,backlog_max,"
      "latency_p50_ns,latency_p99_ns,latency_max_ns\n";
  const auto cell = [](int64_t latency_ns) { return latency_ns < 0 ? std::string() : std::to_string(latency_ns); };
  for (const TimelinePoint& point : timeline.points) {
    fmt::format_to(std::back_inserter(csv), "{},{},{},{},{},{},{},{},{},{},{},{},{}\n", point.begin_ns,
                   timeline.interval_ns, point.offered, point.sent, point.acked, point.failed, point.delivered.min,
                   point.delivered.median, point.delivered.max, point.backlog_max, cell(point.latency_p50_ns),
                   cell(point.latency_p99_ns), cell(point.latency_max_ns));
  }
  return csv;
}

}  // namespace harness
