#include "server/ops/metrics_collector.h"

#include <grpcpp/grpcpp.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <string>

#include "common/clock.h"
#include "common/log.h"
#include "server/ops/metric_families.h"
#include "server/ops/process_metrics.h"

namespace pipeline {
namespace {

using Stage = CallProgress::Stage;

int64_t NowMs() { return WallNs() / 1'000'000; }

double Number(int64_t value) { return static_cast<double>(value); }

// Of the replica, copied under its mutex.
struct ReplicaNumbers {
  std::vector<int64_t> next_offsets;
  std::vector<int64_t> ends;  // as the replica knows them
  uint64_t window_end = 0;
  int64_t window_records = 0;
  int64_t window_bytes = 0;
  int64_t window_bytes_max = 0;
  int64_t payments = 0;
  int64_t payments_bytes = 0;
  StoreLimits store_limits;
};

ReplicaNumbers ReadReplica(Replica* replica) {
  ReplicaNumbers numbers;
  numbers.next_offsets.reserve(kPartitionsMax);
  numbers.ends.reserve(kPartitionsMax);
  const Replica::Access access = replica->Lock();
  const ReplicaState& state = access.state();
  for (int32_t p = 0; p < state.partition_count(); ++p) {
    numbers.next_offsets.push_back(state.next_offset(p));
    numbers.ends.push_back(state.high_watermark(p));
  }
  const LogWindow& window = state.window();
  numbers.window_end = window.end_sequence();
  numbers.window_records = static_cast<int64_t>(window.end_sequence() - window.begin_sequence());
  numbers.window_bytes = window.bytes();
  numbers.window_bytes_max = window.bytes_max();
  numbers.payments = state.store().size();
  numbers.payments_bytes = state.store().bytes();
  numbers.store_limits = state.store().limits();
  return numbers;
}

struct Lag {
  int64_t records = 0;
  double seconds = 0;
};

// The oldest record that is not applied was written after the newest applied one, and after the partition was last seen
// to be level: the later of the two moments is the most that it can be behind.
Lag LagOf(int64_t next_offset, int64_t end, bool end_is_known, PartitionProgress* progress, int64_t started_ms,
          int64_t now_ms) {
  if (end <= next_offset && end_is_known) {
    progress->level_at_ms.store(now_ms, std::memory_order_relaxed);
    return {};
  }
  int64_t since_ms = std::max(progress->applied_ms.load(std::memory_order_relaxed),
                              progress->level_at_ms.load(std::memory_order_relaxed));
  if (since_ms == 0) since_ms = started_ms;
  return {std::max<int64_t>(0, end - next_offset), Number(std::max<int64_t>(0, now_ms - since_ms)) / 1000};
}

void AddRecords(const MetricsSources& sources, MetricFamilies* out) {
  out->Counter("payment_server_records_accepted_total", "Records read from Kafka and applied.",
               Number(sources.counters->records_accepted.value()));
  out->Counter("payment_server_records_not_kept_total",
               "Records of payments beyond --max-payments or --max-store-bytes: streamed, but not kept.",
               Number(sources.counters->records_not_kept.value()));
  out->Counter("payment_server_records_rejected_total",
               "Records read from Kafka that are no payment, by the reason; the stream goes on without them.");
  for (int i = 1; i < kRejectReasonCount; ++i) {
    const auto reason = static_cast<RejectReason>(i);
    out->Add(Number(sources.rejects->count(reason)), {{"reason", RejectReasonName(reason)}});
  }
  out->Counter("payment_server_tombstones_total", "Records without a value that deleted what was kept under their key.",
               Number(sources.counters->tombstones.value()));
  out->Counter("payment_server_payments_expired_total",
               "Payments that have left the store because the topic holds no record of them any more.",
               Number(sources.counters->payments_expired.value()));
  out->Counter("payment_server_records_skipped_total",
               "Records that Kafka trimmed before they were read here; all streams end and their clients are told.",
               Number(sources.reader->skipped()));
  out->Counter("payment_server_log_checks_total",
               "How often it was looked at whether it is the same log, after contact with Kafka was lost.",
               Number(sources.counters->log_checks.value()));
  out->Counter("payment_server_logs_replaced_total", "Of these: it was another log, which was loaded anew.",
               Number(sources.counters->logs_replaced.value()));
}

constexpr double kNeverSeconds = -1;

// What is not known is not 0: the end of a partition whose leader does not answer is that of some time ago.
struct PartitionLag {
  Lag lag;
  bool known = false;
  double end_age_seconds = kNeverSeconds;
};

std::vector<PartitionLag> Lags(const MetricsSources& sources, int64_t started_ms, const ReplicaNumbers& replica) {
  const auto count = static_cast<int32_t>(replica.next_offsets.size());
  const std::vector<KafkaReader::End> ends = sources.reader->KnownEnds(count);
  const int64_t now_ms = NowMs();
  const int64_t now_ns = MonotonicNs();
  std::vector<PartitionLag> lags(static_cast<size_t>(count));
  for (size_t p = 0; p < lags.size(); ++p) {
    const KafkaReader::End& end = ends[p];
    lags[p].known = end.known;
    lags[p].lag = LagOf(replica.next_offsets[p], std::max(replica.ends[p], end.offset), end.known,
                        &sources.counters->partitions[p], started_ms, now_ms);
    if (end.answered_ns >= 0) lags[p].end_age_seconds = Number(now_ns - end.answered_ns) / 1e9;
  }
  return lags;
}

void AddPartitionLags(const std::vector<PartitionLag>& lags, MetricFamilies* out) {
  out->Gauge("payment_server_partition_lag_records",
             "payment_server_lag_records of each partition; absent while its leader does not answer.");
  for (size_t p = 0; p < lags.size(); ++p) {
    if (lags[p].known) out->Add(Number(lags[p].lag.records), {{"partition", std::to_string(p)}});
  }
  out->Gauge("payment_server_partition_lag_seconds", "payment_server_lag_seconds of each partition.");
  for (size_t p = 0; p < lags.size(); ++p) out->Add(lags[p].lag.seconds, {{"partition", std::to_string(p)}});
  out->Gauge("payment_server_partition_end_age_seconds",
             "Since when the partition's end is known: its leader's last answer to a fetch; -1: it has not answered.");
  for (size_t p = 0; p < lags.size(); ++p) out->Add(lags[p].end_age_seconds, {{"partition", std::to_string(p)}});
}

void AddLag(const MetricsSources& sources, int64_t started_ms, const ReplicaNumbers& replica, MetricFamilies* out) {
  const std::vector<PartitionLag> lags = Lags(sources, started_ms, replica);
  Lag all;
  int64_t unknown = 0;
  for (const PartitionLag& of : lags) {
    all.seconds = std::max(all.seconds, of.lag.seconds);
    all.records += of.known ? of.lag.records : 0;
    unknown += of.known ? 0 : 1;
  }
  out->Gauge("payment_server_partitions", "Partitions of the topic that are read.",
             Number(static_cast<int64_t>(lags.size())));
  out->Gauge("payment_server_partitions_unreachable", "Of them: whose leader does not answer; their lag is not known.",
             Number(unknown));
  out->Gauge("payment_server_partitions_refused", "Partitions that were added beyond the limit and are not read.",
             sources.reader->partitions_refused());
  out->Gauge(
      "payment_server_lag_records",
      "Records that Kafka is known to hold and that are not applied yet, of the partitions whose leader answers.",
      Number(all.records));
  out->Gauge("payment_server_lag_seconds",
             "The most that the state can be behind the topic, of all partitions; 0 when all records are known to be "
             "applied.",
             all.seconds);
  AddPartitionLags(lags, out);
}

void AddKept(const ReplicaNumbers& replica, MetricFamilies* out) {
  out->Gauge("payment_server_window_bytes", "Memory of the newest records, which streams are served from.",
             Number(replica.window_bytes));
  out->Gauge("payment_server_window_limit_bytes", "What --window-bytes allows for them.",
             Number(replica.window_bytes_max));
  out->Gauge("payment_server_window_records", "Records in the window.", Number(replica.window_records));
  out->Gauge("payment_server_payments", "Payments kept.", Number(replica.payments));
  out->Gauge("payment_server_payments_limit", "What --max-payments allows.", Number(replica.store_limits.payments_max));
  out->Gauge("payment_server_payments_bytes_limit", "What --max-store-bytes allows.",
             Number(replica.store_limits.bytes_max));
  out->Gauge("payment_server_payments_bytes",
             "Memory of the payments kept; records in the window too are counted in both.",
             Number(replica.payments_bytes));
}

void AddStreams(const MetricsSources& sources, uint64_t window_end, MetricFamilies* out) {
  constexpr std::array<std::string_view, 7> kStages = {"",     "starting", "verifying", "snapshot", "catching_up",
                                                       "live", "ending"};
  constexpr std::array<std::pair<int64_t, std::string_view>, 7> kSteps = {{{1, "1"},
                                                                           {10, "10"},
                                                                           {100, "100"},
                                                                           {1'000, "1000"},
                                                                           {10'000, "10000"},
                                                                           {100'000, "100000"},
                                                                           {1'000'000, "1000000"}}};
  std::array<int64_t, kStages.size()> stages{};
  std::array<int64_t, kSteps.size()> behind{};
  int64_t behind_max = 0;
  const std::vector<CallProgress> calls = sources.hub->Progress();
  for (const CallProgress& call : calls) {
    ++stages[static_cast<size_t>(call.stage)];
    if (call.stage != Stage::kLive) continue;
    const auto unread = static_cast<int64_t>(window_end - std::min(call.window_sequence, window_end));
    const int64_t records = unread + call.queued;
    for (size_t i = 0; i < kSteps.size(); ++i) behind[i] += records >= kSteps[i].first ? 1 : 0;
    behind_max = std::max(behind_max, records);
  }
  out->Gauge("payment_server_calls_open", "Open calls: streams, and unary calls that wait for a position.",
             Number(static_cast<int64_t>(calls.size())));
  out->Gauge("payment_server_calls_limit", "What --max-calls allows.", Number(sources.hub->calls_max()));
  out->Gauge("payment_server_peer_calls_max", "Open calls of the host that has the most.",
             Number(sources.hub->most_calls_of_a_peer()));
  out->Gauge("payment_server_peer_calls_limit", "What --max-calls-per-peer allows.",
             Number(sources.hub->calls_per_peer_max()));
  out->Gauge("payment_server_streams", "Open streams, by what they are at.");
  for (size_t i = 1; i < kStages.size(); ++i) out->Add(Number(stages[i]), {{"stage", kStages[i]}});
  out->Gauge("payment_server_streams_behind",
             "Live streams that have at_least so many records of the window still to be handed to gRPC.");
  for (size_t i = 0; i < kSteps.size(); ++i) out->Add(Number(behind[i]), {{"at_least", kSteps[i].second}});
  out->Gauge("payment_server_stream_behind_records_max", "The most records that a live stream is behind.",
             Number(behind_max));
  out->Gauge("payment_server_catch_up_readers", "Streams that are being caught up from Kafka.",
             sources.catch_up->reading());
  out->Gauge("payment_server_catch_up_readers_limit", "Streams that are caught up at once at most.",
             sources.catch_up->readers_max());
  out->Gauge("payment_server_catch_up_waiting", "Streams that wait for a catch-up reader.",
             Number(sources.catch_up->waiting()));
  out->Counter("payment_server_streams_caught_up_total", "Streams that were caught up and joined to the window.",
               Number(sources.catch_up->caught_up()));
  out->Counter("payment_server_catch_up_unproved_total",
               "Times that what was read for a stream was dropped: it was not proved to be of the log it began in.",
               Number(sources.catch_up->unproved()));
}

void AddCalls(const ServerCounters& counters, MetricFamilies* out) {
  out->Counter("payment_server_streams_ended_total", "Streams that have ended, by the reason.");
  for (size_t i = 0; i < kStreamEndReasons.size(); ++i) {
    out->Add(Number(counters.streams_ended[i].value()), {{"reason", kStreamEndReasons[i]}});
  }
  out->Counter("payment_server_calls_started_total", "Calls that came in, by method.");
  for (size_t m = 0; m < kCallMethodNames.size(); ++m) {
    out->Add(Number(counters.calls_started[m].value()), {{"method", kCallMethodNames[m]}});
  }
  out->Counter("payment_server_calls_ended_total",
               "Calls that have ended, by method and the gRPC code they were given.");
  for (size_t m = 0; m < kCallMethodNames.size(); ++m) {
    for (size_t code = 0; code < kStatusCodeNames.size(); ++code) {
      const int64_t calls = counters.calls_ended[m][code].value();
      if (calls == 0 && code != 0) continue;  // most never occur
      out->Add(Number(calls), {{"method", kCallMethodNames[m]}, {"code", kStatusCodeNames[code]}});
    }
  }
  out->Counter("payment_server_calls_refused_total", "Calls that were refused, by the limit they were beyond.");
  for (size_t i = 0; i < kCallLimitNames.size(); ++i) {
    out->Add(Number(counters.calls_refused[i].value()), {{"limit", kCallLimitNames[i]}});
  }
  out->Counter("payment_server_events_written_total", "Events handed to gRPC, over all streams.",
               Number(counters.written.events()));
  out->Counter("payment_server_events_written_bytes_total", "Bytes of the messages that held them.",
               Number(counters.written.bytes()));
}

void AddConnections(const MetricsSources& sources, MetricFamilies* out) {
  const ClientPort::Numbers port = sources.client_port->numbers();
  const ConnectionLimits& limits = sources.client_port->limits();
  out->Gauge("payment_server_connections", "Open connections of clients.", Number(port.connections));
  out->Gauge("payment_server_connections_limit", "What --max-connections allows.", Number(limits.connections_max));
  out->Gauge("payment_server_peer_connections_max", "Open connections of the host that has the most.",
             Number(port.most_of_a_peer));
  out->Gauge("payment_server_peer_connections_limit", "What --max-connections-per-peer allows.",
             Number(limits.connections_per_peer_max));
  out->Counter("payment_server_connections_accepted_total", "Connections that were accepted.",
               Number(sources.counters->connections_accepted.value()));
  out->Counter("payment_server_connections_refused_total", "Connections that were closed at once, by the limit.");
  for (size_t i = 0; i < kConnectionLimitNames.size(); ++i) {
    out->Add(Number(sources.counters->connections_refused[i].value()), {{"limit", kConnectionLimitNames[i]}});
  }
  out->Gauge("payment_server_reachable", "1: the server answered itself when it dialled its own address last.",
             port.reachable ? 1 : 0);
  out->Counter("payment_server_reach_dials_total", "Dials of its own address.", Number(port.dials));
  out->Counter("payment_server_reach_misses_total", "Dials of its own address that were not answered.",
               Number(port.misses));
}

void AddState(const MetricsSources& sources, MetricFamilies* out) {
  const ServerStatus::State state = sources.status->state();
  out->Gauge("payment_server_kafka_reachable", "1: Kafka answered when it was asked last.", state.reachable ? 1 : 0);
  out->Gauge("payment_server_kafka_topic_present", "1: the topic was there when Kafka was asked last.",
             state.topic_present ? 1 : 0);
  out->Gauge("payment_server_loaded", "1: the records found at start are applied.", state.loaded ? 1 : 0);
  out->Gauge("payment_server_complete", "1: every payment of the topic is kept; 0: there are more than may be kept.",
             state.complete ? 1 : 0);
  out->Gauge("payment_server_serving", "1: health says SERVING.", state.serving ? 1 : 0);
  out->Counter("payment_server_journal_lost_entries_total", "Entries that could not be written to the --journal file.",
               Number(sources.journal == nullptr ? 0 : sources.journal->lost()));
  out->Counter("payment_server_log_lines_dropped_total", "Lines of the log that were dropped: nobody read them.",
               Number(LogLinesDropped()));
  out->Gauge("payment_server_build_info", "Always 1; what the server is made of, as labels.");
  out->Add(1, {{"version", PIPELINE_VERSION}, {"librdkafka", rd_kafka_version_str()}, {"grpc", grpc::Version()}});
}

void AddDeadLetters(const MetricsSources& sources, MetricFamilies* out) {
  const DeadLetterCounts counts = sources.dead_letters == nullptr ? DeadLetterCounts{} : sources.dead_letters->counts();
  out->Counter("payment_server_dead_letters_written_total", "Rejected records that went to the dead-letter topic.",
               Number(counts.written));
  out->Gauge("payment_server_dead_letters_pending", "Rejected records that wait to be written there.",
             Number(counts.pending));
  out->Counter("payment_server_dead_letters_read_again_total",
               "Of those that waited: read from Kafka again, because only their positions had been kept.",
               Number(counts.refetched));
  out->Counter("payment_server_dead_letters_retried_total", "Writes that failed and were tried again.",
               Number(counts.retried));
  out->Counter("payment_server_dead_letters_lost_total",
               "Rejected records that were not written there and will not be.", Number(counts.lost));
  out->Counter("payment_server_dead_letters_forgotten_total",
               "Letters of the topic that are no longer remembered one by one: there are too many.",
               Number(counts.forgotten));
  out->Counter("payment_server_dead_letters_assumed_total", "Rejected records that count as written because of that.",
               Number(counts.assumed));
}

}  // namespace

MetricsCollector::MetricsCollector(const MetricsSources& sources) : sources_(sources), started_ms_(NowMs()) {}

std::vector<prometheus::MetricFamily> MetricsCollector::Collect() const {
  MetricFamilies out;
  const ReplicaNumbers replica = ReadReplica(sources_.replica);
  AddRecords(sources_, &out);
  AddLag(sources_, started_ms_, replica, &out);
  AddKept(replica, &out);
  AddStreams(sources_, replica.window_end, &out);
  AddCalls(*sources_.counters, &out);
  AddConnections(sources_, &out);
  AddState(sources_, &out);
  AddDeadLetters(sources_, &out);
  AddProcessMetrics(&out);
  return out.Take();
}

}  // namespace pipeline
