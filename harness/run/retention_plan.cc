#include "harness/run/retention_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "harness/run/stored_bytes.h"

namespace harness {
namespace {

// The generator lingers 1 ms; a burst fills whole batches.
constexpr double kBatchesPerS = 1000;
constexpr int kBurstBatchRecords = 1000;

struct Span {
  double begin_s = 0;
  double end_s = 0;
};

// Records of the fullest partition that fall into `span`, and how many go into a batch. Phases with a count last as
// long as they last: they count as one moment, at their beginning, and nothing is known of the times after them.
class Plan {
 public:
  explicit Plan(const Scenario& scenario) : scenario_(scenario), share_(FullestPartitionShare(scenario)) {
    double begin_s = 0;
    for (const PhasePlan& phase : scenario.phases) {
      const double length_s = static_cast<double>(phase.duration_ns) / 1e9;
      phases_.push_back({begin_s, begin_s + length_s});
      begin_s += length_s;
    }
  }

  double TotalEnd() const { return phases_.empty() ? 0 : phases_.back().end_s; }

  std::optional<double> TimeOf(const Trigger& trigger) const {
    for (size_t i = 0; i < phases_.size(); ++i) {
      if (scenario_.phases[i].name == trigger.phase) {
        return phases_[i].begin_s + static_cast<double>(trigger.after_ns) / 1e9;
      }
    }
    return std::nullopt;  // a count: any time
  }

  double BytesIn(const Span& span, const StoredBytes& stored_bytes) const {
    double bytes = 0;
    for (size_t i = 0; i < phases_.size(); ++i) {
      const PhasePlan& phase = scenario_.phases[i];
      if (phase.count > 0) {
        if (span.begin_s <= phases_[i].begin_s && phases_[i].begin_s <= span.end_s) {
          bytes += BurstBytes(phase, stored_bytes);
        }
        continue;
      }
      bytes += RateBytes(phase, span.begin_s - phases_[i].begin_s, span.end_s - phases_[i].begin_s, stored_bytes);
    }
    return bytes;
  }

  double BurstBytes(const PhasePlan& phase, const StoredBytes& stored_bytes) const {
    return static_cast<double>(phase.count) * share_ * stored_bytes(kBurstBatchRecords);
  }

  // Of the phase from `from_s` to `to_s` after its beginning. The mean rate there says how full batches are: fuller
  // ones at a peak make it less.
  double RateBytes(const PhasePlan& phase, double from_s, double to_s, const StoredBytes& stored_bytes) const {
    const RateCurve rate = RateOf(phase);
    from_s = std::max(from_s, 0.0);
    to_s = std::min(to_s, rate.duration_s());
    if (to_s <= from_s) return 0;
    const double records = (rate.RecordsUntil(to_s) - rate.RecordsUntil(from_s)) * share_;
    const double batches = (to_s - from_s) * kBatchesPerS;
    return records * stored_bytes(static_cast<int>(std::clamp(records / batches, 1.0, double{kBurstBatchRecords})));
  }

  // The worst span of `length_s` anywhere: one that begins or ends where a rate does, or one among those that begin at
  // even steps within a phase, whose rate may change there.
  double WorstBytes(double length_s, const StoredBytes& stored_bytes) const {
    constexpr int kSteps = 20;
    double worst = 0;
    for (const Span& phase : phases_) {
      for (int step = 0; step <= kSteps; ++step) {
        const double at_s = phase.begin_s + (phase.end_s - phase.begin_s) * step / kSteps;
        worst = std::max(
            {worst, BytesIn({at_s, at_s + length_s}, stored_bytes), BytesIn({at_s - length_s, at_s}, stored_bytes)});
      }
    }
    return worst;
  }

 private:
  const Scenario& scenario_;
  const double share_;  // of the records, in the fullest partition
  std::vector<Span> phases_;
};

bool IsServer(const Scenario& scenario, const std::string& name) {
  return std::any_of(scenario.servers.begin(), scenario.servers.end(),
                     [&](const ServerPlan& server) { return server.name == name; });
}

RetentionNeed FaultNeed(const FaultPlan& fault, const Plan& plan, const StoredBytes& stored_bytes) {
  const auto stopped_ns = fault.type == FaultType::kProcessPause ? fault.duration_ns : fault.restart_after_ns;
  const double margin_s = static_cast<double>(kServerStartMarginNs) / 1e9;
  const double length_s =
      stopped_ns ? static_cast<double>(*stopped_ns) / 1e9 + margin_s : std::numeric_limits<double>::infinity();
  const std::optional<double> at_s = plan.TimeOf(fault.trigger);
  const double bytes = at_s ? plan.BytesIn({*at_s, *at_s + length_s}, stored_bytes)
                            : plan.WorstBytes(std::min(length_s, plan.TotalEnd() + margin_s), stored_bytes);
  return {bytes, fmt::format("what is sent while {} is stopped by the fault \"{}\"", fault.target, fault.name)};
}

// A server reads all that the topic has when it starts: what was sent until then, and while it starts.
RetentionNeed StartNeed(const ServerPlan& server, const Plan& plan, const StoredBytes& stored_bytes) {
  const double margin_s = static_cast<double>(kServerStartMarginNs) / 1e9;
  const double until_s = plan.TimeOf(*server.start).value_or(std::numeric_limits<double>::infinity()) + margin_s;
  return {plan.BytesIn({0, until_s}, stored_bytes), fmt::format("what is sent until {} is started", server.name)};
}

}  // namespace

RetentionNeed PredictUnread(const Scenario& scenario, const StoredBytes& stored_bytes) {
  const Plan plan(scenario);
  RetentionNeed worst;
  const auto consider = [&](const RetentionNeed& need) {
    if (need.bytes > worst.bytes) worst = need;
  };
  for (const PhasePlan& phase : scenario.phases) {
    if (phase.count == 0) continue;
    consider({plan.BurstBytes(phase, stored_bytes),
              fmt::format("phase \"{}\" sends {} records as fast as they go", phase.name, phase.count)});
  }
  for (const ServerPlan& server : scenario.servers) {
    if (server.start) consider(StartNeed(server, plan, stored_bytes));
  }
  for (const FaultPlan& fault : scenario.faults) {
    if (IsServer(scenario, fault.target)) consider(FaultNeed(fault, plan, stored_bytes));
  }
  return worst;
}

std::string RetentionRefusal(const Scenario& scenario) {
  // Measured once for each power of two: a smaller batch is stored no better than a larger one.
  std::map<int, double> measured;
  const RetentionNeed need = PredictUnread(scenario, [&](int records_per_batch) {
    const int records = records_per_batch < kBurstBatchRecords
                            ? static_cast<int>(std::bit_floor(static_cast<unsigned>(records_per_batch)))
                            : records_per_batch;
    const auto [found, is_new] = measured.emplace(records, 0);
    if (is_new) found->second = StoredBytesPerRecord(scenario, records);
    return found->second;
  });
  if (need.bytes <= kMockUnreadBytesMax) return {};
  const double factor = need.bytes / kMockUnreadBytesMax;
  const int partitions = static_cast<int>(static_cast<double>(scenario.broker.partitions) * factor) + 1;
  const bool even = std::all_of(scenario.producers.begin(), scenario.producers.end(),
                                [](const ProducerPlan& plan) { return plan.keys.choice == KeyChoice::kNew; });
  if (!even) {
    return fmt::format(
        "the mock cluster keeps at most 5 MiB a partition, and {} comes to about {:.1f} MiB unread in the one that "
        "these keys fill most (4 MiB are allowed); spread the keys, send less, or run it on a real Kafka",
        need.because, need.bytes / (1 << 20));
  }
  return fmt::format(
      "the mock cluster keeps at most 5 MiB a partition, and {} comes to about {:.1f} MiB unread in one (4 MiB are "
      "allowed); take at least {} partitions (--set /broker/partitions={}), send less, or run it on a real Kafka",
      need.because, need.bytes / (1 << 20), partitions, partitions);
}

}  // namespace harness
