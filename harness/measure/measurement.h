// What all metrics are computed from: a run's history, joined once, and what is known of the host. Built for a verdict
// by harness/judge, and by tests. Pure; const after construction, so thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "harness/measure/host_facts.h"
#include "harness/measure/server_times.h"
#include "harness/plan/scenario.h"
#include "harness/verify/client_views.h"
#include "harness/verify/history.h"
#include "harness/verify/log_index.h"
#include "harness/verify/recovery.h"
#include "harness/verify/server_evidence.h"

namespace harness {

struct Measurement {
  // All of `history`, which must outlive it, as must the others.
  Measurement(const History& history, const LogIndex& log, const ClientViews& clients, const ServerEvidence& servers,
              const HostFacts& host);

  const History& history;
  const LogIndex& log;
  const ClientViews& clients;
  const HostFacts& host;
  const ServerTimes server_times;
  // Sent, and not in the audited topic: Kafka refused them, nobody knows, or they were acknowledged and are not there.
  // Empty where the topic was not audited, or not to its end (interrupted).
  const std::vector<Rec> not_in_topic;
  // By phase: planned, and never handed over to the producer.
  const std::vector<int64_t> not_handed_over;
};

// The value of one threshold's metric under its selectors.
struct Measured {
  std::optional<double> value;  // in the metric's unit; infinity: without end; nullopt: zero samples
  int64_t samples = 0;          // behind `value`, those without end included
  int64_t samples_wanted = 1;   // 10/(1-q) for a quantile
  int64_t without_end = 0;      // of the samples
  std::string whose;            // the client, or the client and fault, of which it is; empty: the run's
  std::string note;             // why there are no samples; or what else has to be known
};

// The value of what never ended.
inline constexpr double kWithoutEnd = std::numeric_limits<double>::infinity();

// Whether `value` is as the threshold wants it.
bool Holds(const Threshold& threshold, double value);

// Of the values of several clients (or faults) the one that decides: the one hardest on the threshold among those with
// samples enough, when it breaks it; else one with too few samples; else the hardest. Those without a sample say
// nothing, and one Measured without a value is left when no other is.
Measured Deciding(const Threshold& threshold, const std::vector<Measured>& all);

// The value of one selector; nullopt: it is not there.
std::optional<std::string> Selected(const Threshold& threshold, const std::string& selector);
// Observed, and named by `client`, or none is named.
bool IsSelected(const Threshold& threshold, const Client& client);
// 10/(1-q); 1 without a quantile.
int64_t SamplesWanted(const Threshold& threshold);

}  // namespace harness
