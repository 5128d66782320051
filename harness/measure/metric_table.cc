#include "harness/measure/metric_table.h"

#include <algorithm>

#include "harness/measure/metric_functions.h"

namespace harness {
namespace {

constexpr std::string_view kPlaceholder = "NAME";

using Selectors = std::vector<std::string_view>;

const Selectors kRecords = {"phase", "fault", "during", "after", "excluding"};
const Selectors kClientRecords = {"phase", "client", "fault", "during", "after", "excluding"};
const Selectors kRecovery = {"each", "fault", "client"};

template <Hop hop>
Measured OfHop(const Measurement& of, const Recoveries& recoveries, const Threshold& threshold) {
  return MeasureHop(hop, of, recoveries, threshold);
}

std::vector<MetricRow> LatencyRows() {
  constexpr auto kTime = MetricUnit::kTime;
  return {
      {{"load.schedule_lag", kTime, true, kRecords,
        "T1-T0: from a record's planned send to the send, of the embedded producers"},
       MeasureScheduleLag},
      {{"produce.ack", kTime, true, kRecords, "T2-T1: from the send to Kafka's acknowledgement"}, MeasureAck},
      {{"ack.server", kTime, true, kClientRecords,
        "T3-T2: from the acknowledgement until the process that serves the client read it; may be negative"},
       OfHop<Hop::kAckServer>},
      {{"server.queue", kTime, true, kClientRecords, "T4-T3: from there until it was written to the client's stream"},
       OfHop<Hop::kServerQueue>},
      {{"server.client", kTime, true, kClientRecords, "T5-T4: from there until the client had it"},
       OfHop<Hop::kServerClient>},
      {{"e2e.latency", kTime, true, kClientRecords, "T5-T0: from a record's planned send to its arrival at the client"},
       OfHop<Hop::kEndToEnd>},
      {{"e2e.service", kTime, true, kClientRecords,
        "T5-T1: from the send to the arrival; what a producer without a plan can be judged by"},
       OfHop<Hop::kService>},
      {{"host.hiccup", kTime, true, {}, "how long the host kept a waiting thread beside the generator waiting longer"},
       MeasureHiccup},
  };
}

std::vector<MetricRow> RecoveryRows() {
  constexpr auto kTime = MetricUnit::kTime;
  constexpr auto kCount = MetricUnit::kCount;
  return {
      {{"fault.detect", kTime, false, kRecovery, "from a fault until the client saw its stream break"}, MeasureDetect},
      {{"recovery.reconnect",
        kTime,
        false,
        {"each", "fault", "client", "from"},
        "from the break of a stream to the first message of the client's next one, per fault and client; from=fault: "
        "from the fault"},
       MeasureReconnect},
      {{"recovery.attempts", kCount, false, kRecovery, "failed attempts between the two"}, MeasureAttempts},
      {{"recovery.ttr",
        kTime,
        false,
        {"each", "fault", "client", "slo", "window"},
        "from a fault to the first window (window=1s) in which p99 of e2e.service is within slo=TIME, begun with a "
        "backlog no greater than before the fault"},
       MeasureTimeToRecovery},
      {{"recovery.max_gap",
        kTime,
        false,
        {"phase", "client", "fault", "during", "after", "excluding"},
        "the longest time without a delivery at the client while load was offered"},
       MeasureMaxGap},
      {{"client.reconnects",
        kCount,
        false,
        {"client", "fault", "phase"},
        "streams that a client opened after its first"},
       MeasureReconnects},
      {{"backlog.peak", kCount, false, kClientRecords,
        "the most records for the client that were acknowledged and not delivered"},
       MeasureBacklogPeak},
      {{"catchup.rate", MetricUnit::kRate, false, kClientRecords,
        "how fast the greatest backlog came down to a hundredth: delivered/s - acknowledged/s"},
       MeasureCatchUpRate},
      {{"catchup.time", kTime, false, kClientRecords, "how long that took"}, MeasureCatchUpTime},
  };
}

std::vector<MetricRow> CountRows() {
  constexpr auto kCount = MetricUnit::kCount;
  return {
      {{"integrity.lost", kCount, false, {"client"}, "records that the client was owed and never got"}, MeasureLost},
      {{"integrity.duplicates", kCount, false, {"client"}, "records that the client handed on again"},
       MeasureDuplicates},
      {{"integrity.out_of_order", kCount, false, {"client"}, "records handed on after a later one of their partition"},
       MeasureOutOfOrder},
      {{"integrity.indeterminate", kCount, false, {}, "sends of which nobody knows what became of them"},
       MeasureIndeterminate},
      {{"throughput.offered", MetricUnit::kRate, false, kRecords, "records planned in that time"}, MeasureOffered},
      {{"throughput.accepted", MetricUnit::kRate, false, kRecords, "records handed over to the producer's library"},
       MeasureAccepted},
      {{"throughput.acked", MetricUnit::kRate, false, kRecords, "records that Kafka acknowledged"}, MeasureAcked},
      {{"throughput.acked_bytes",
        MetricUnit::kByteRate,
        false,
        {},
        "keys and values that the topic holds, over the time of the load"},
       MeasureAckedBytes},
      {{"throughput.delivered", MetricUnit::kRate, false, kClientRecords,
        "records that the client received, each once"},
       MeasureDelivered},
      {{"throughput.achieved_ratio", MetricUnit::kShare, false, kRecords, "of the records planned, those acknowledged"},
       MeasureAchieved},
      {{"throughput.refused_share", MetricUnit::kShare, false, kRecords,
        "of the records sent, those that Kafka refused"},
       MeasureRefused},
      {{"proc.NAME.cpu", MetricUnit::kTime, false, {}, "user and system time of a program's processes"}, MeasureCpu},
      {{"proc.NAME.messages_per_core_second",
        MetricUnit::kRate,
        false,
        {},
        "its messages for each second of that: a server's and a client's are deliveries, a producer's and the broker's "
        "records"},
       MeasureMessagesPerCore},
      {{"proc.NAME.rss_peak", MetricUnit::kBytes, false, {}, "the most resident memory that a process of it had"},
       MeasureRssPeak},
  };
}

std::vector<MetricRow> MakeTable() {
  std::vector<MetricRow> table = LatencyRows();
  for (const auto& rows : {RecoveryRows(), CountRows()}) table.insert(table.end(), rows.begin(), rows.end());
  return table;
}

}  // namespace

const std::vector<MetricRow>& MetricTable() {
  static const std::vector<MetricRow> table = MakeTable();
  return table;
}

const MetricRow* FindMetric(std::string_view name, std::string* process) {
  if (process != nullptr) process->clear();
  for (const MetricRow& row : MetricTable()) {
    const std::string_view pattern = row.definition.name;
    const size_t at = pattern.find(kPlaceholder);
    if (at == std::string_view::npos) {
      if (pattern == name) return &row;
      continue;
    }
    const std::string_view before = pattern.substr(0, at);
    const std::string_view behind = pattern.substr(at + kPlaceholder.size());
    if (!name.starts_with(before) || !name.ends_with(behind) || name.size() <= before.size() + behind.size()) continue;
    if (process != nullptr) *process = name.substr(at, name.size() - before.size() - behind.size());
    return &row;
  }
  return nullptr;
}

Measured Measure(const Measurement& measurement, const std::vector<Recovery>& recoveries, const Threshold& threshold) {
  const MetricRow* row = FindMetric(threshold.metric);
  return row == nullptr ? Measured{} : row->measure(measurement, recoveries, threshold);
}

}  // namespace harness
