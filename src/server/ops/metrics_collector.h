// Everything that the server tells Prometheus (docs/metrics.md), gathered anew at each scrape. Made by PaymentServer;
// called from the metrics listener's threads, several at once too.
//
// A scrape takes the replica's mutex once, to copy some numbers (about a microsecond for 200 partitions), and the hub's
// while it looks at the open calls, which holds up who opens or closes a call but not who reads Kafka or writes to a
// stream: of a call it reads a few atomics. Everything else is atomics (server_counters.h). Kafka is never asked.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <vector>

#include "server/calls/call_hub.h"
#include "server/calls/client_port.h"
#include "server/kafka/dead_letters.h"
#include "server/kafka/kafka_reader.h"
#include "server/kafka/reject_log.h"
#include "server/ops/server_counters.h"
#include "server/ops/server_journal.h"
#include "server/ops/server_status.h"
#include "server/replica.h"
#include "server/stream/catch_up_pool.h"

namespace pipeline {

// Where the numbers come from. All of it outlives the collector.
struct MetricsSources {
  ServerCounters* counters = nullptr;
  Replica* replica = nullptr;
  const RejectLog* rejects = nullptr;
  const KafkaReader* reader = nullptr;
  const ServerStatus* status = nullptr;
  const CallHub* hub = nullptr;
  const CatchUpPool* catch_up = nullptr;
  const ServerJournal* journal = nullptr;     // null: none is kept
  const DeadLetters* dead_letters = nullptr;  // null: --dlq=off
  const ClientPort* client_port = nullptr;
};

class MetricsCollector final : public prometheus::Collectable {
 public:
  explicit MetricsCollector(const MetricsSources& sources);
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const MetricsSources sources_;
  const int64_t started_ms_;  // since the epoch
};

}  // namespace pipeline
