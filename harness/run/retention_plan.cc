#include "harness/run/retention_plan.h"

#include <fmt/format.h>
#include <lz4frame.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "producer/payment_maker.h"

namespace harness {
namespace {

// The generator lingers 1 ms; a burst fills whole batches.
constexpr double kBatchesPerS = 1000;
constexpr int kBurstBatchRecords = 1000;
// Kafka's message format v2: a batch header, and per record length, attributes, deltas and two lengths.
constexpr double kBatchHeaderBytes = 61;
constexpr size_t kRecordHeaderBytes = 12;
// As long as those of a run.
constexpr char kSampleRecPrefix[] = "scenario-1-64a1b2c3d4e5f6.load";
constexpr int64_t kSampleTimeS = 1'700'000'000;

struct Span {
  double begin_s = 0;
  double end_s = 0;
};

// Records of one partition that fall into `span`, and how many go into a batch. Phases with a count last as long as
// they last: they count as one moment, at their beginning, and nothing is known of the times after them.
class Plan {
 public:
  explicit Plan(const Scenario& scenario) : scenario_(scenario) {
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
      if (phase.rate_max) {
        if (span.begin_s <= phases_[i].begin_s && phases_[i].begin_s <= span.end_s) {
          bytes += BurstBytes(phase, stored_bytes);
        }
        continue;
      }
      const double overlap_s = std::min(span.end_s, phases_[i].end_s) - std::max(span.begin_s, phases_[i].begin_s);
      if (overlap_s > 0) bytes += overlap_s * BytesPerS(phase, stored_bytes);
    }
    return bytes;
  }

  double BurstBytes(const PhasePlan& phase, const StoredBytes& stored_bytes) const {
    return static_cast<double>(phase.count) / scenario_.broker.partitions * stored_bytes(kBurstBatchRecords);
  }

  double BytesPerS(const PhasePlan& phase, const StoredBytes& stored_bytes) const {
    const double rate = phase.rate_per_s / scenario_.broker.partitions;
    const int batch = static_cast<int>(std::clamp(rate / kBatchesPerS, 1.0, double{kBurstBatchRecords}));
    return rate * stored_bytes(batch);
  }

  // The worst span of `length_s` anywhere.
  double WorstBytes(double length_s, const StoredBytes& stored_bytes) const {
    double worst = 0;
    for (const Span& phase : phases_) {
      worst = std::max({worst, BytesIn({phase.begin_s, phase.begin_s + length_s}, stored_bytes),
                        BytesIn({phase.end_s - length_s, phase.end_s}, stored_bytes)});
    }
    return worst;
  }

 private:
  const Scenario& scenario_;
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

}  // namespace

double StoredBytesPerRecord(uint64_t seed, int records_per_batch) {
  pipeline::PaymentMaker maker({.seed = seed, .rec_prefix = kSampleRecPrefix});
  std::string batch;
  std::string value;
  for (int i = 0; i < records_per_batch; ++i) {
    value.clear();
    const pipeline::MadeRecord record = maker.Make(kSampleTimeS, &value);
    batch.append(kRecordHeaderBytes, static_cast<char>(i));
    batch += record.key;
    batch += value;
  }
  std::vector<char> compressed(LZ4F_compressFrameBound(batch.size(), nullptr));
  const size_t stored = LZ4F_compressFrame(compressed.data(), compressed.size(), batch.data(), batch.size(), nullptr);
  const double bytes =
      LZ4F_isError(stored) ? static_cast<double>(batch.size()) : static_cast<double>(std::min(stored, batch.size()));
  return (bytes + kBatchHeaderBytes) / records_per_batch;
}

RetentionNeed PredictUnread(const Scenario& scenario, const StoredBytes& stored_bytes) {
  const Plan plan(scenario);
  RetentionNeed worst;
  const auto consider = [&](const RetentionNeed& need) {
    if (need.bytes > worst.bytes) worst = need;
  };
  for (const PhasePlan& phase : scenario.phases) {
    if (!phase.rate_max) continue;
    consider({plan.BurstBytes(phase, stored_bytes),
              fmt::format("phase \"{}\" sends {} records as fast as they go", phase.name, phase.count)});
  }
  for (const FaultPlan& fault : scenario.faults) {
    if (IsServer(scenario, fault.target)) consider(FaultNeed(fault, plan, stored_bytes));
  }
  return worst;
}

std::string RetentionRefusal(const Scenario& scenario) {
  const RetentionNeed need = PredictUnread(
      scenario, [&](int records_per_batch) { return StoredBytesPerRecord(scenario.seed, records_per_batch); });
  if (need.bytes <= kMockUnreadBytesMax) return {};
  const double factor = need.bytes / kMockUnreadBytesMax;
  const int partitions = static_cast<int>(static_cast<double>(scenario.broker.partitions) * factor) + 1;
  return fmt::format(
      "the mock cluster keeps at most 5 MiB a partition, and {} comes to about {:.1f} MiB unread in one (4 MiB are "
      "allowed); take at least {} partitions (--set /broker/partitions={}), send less, or run it on a real Kafka",
      need.because, need.bytes / (1 << 20), partitions, partitions);
}

}  // namespace harness
