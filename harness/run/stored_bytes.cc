#include "harness/run/stored_bytes.h"

#include <librdkafka/rdkafka.h>
#include <lz4frame.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "harness/load/record_source.h"

namespace harness {
namespace {

// Kafka's message format v2: a batch header, and per record length, attributes, deltas and two lengths.
constexpr double kBatchHeaderBytes = 61;
constexpr size_t kRecordHeaderBytes = 12;
// As long as those of a run.
constexpr char kSampleRecPrefix[] = "scenario-1-64a1b2c3d4e5f6.load";
constexpr int64_t kSampleTimeS = 1'700'000'000;
// Of a sample: enough for a ratio, and no more memory than that.
constexpr size_t kSampleBytesMax = 4 << 20;

// Those of the scenario that the generator has, or one with all defaults.
std::vector<ProducerPlan> EmbeddedProducers(const Scenario& scenario) {
  std::vector<ProducerPlan> plans;
  for (const ProducerPlan& plan : scenario.producers) {
    if (plan.kind == ProducerKind::kEmbedded) plans.push_back(plan);
  }
  if (plans.empty()) plans.emplace_back();
  return plans;
}

RecordSource SourceOf(const Scenario& scenario, const std::vector<ProducerPlan>& plans, size_t index) {
  return {plans[index], StreamSeed(scenario.seed, index), kSampleRecPrefix};
}

double SampleBytesPerRecord(RecordSource source, int records_per_batch) {
  std::string batch;
  std::string value;
  int records = 0;
  while (records < records_per_batch && batch.size() < kSampleBytesMax) {
    value.clear();
    const RecordSource::Next next = source.Make(kSampleTimeS, &value);
    batch.append(kRecordHeaderBytes, static_cast<char>(records++));
    batch += next.made.key;
    batch += value;
  }
  std::vector<char> compressed(LZ4F_compressFrameBound(batch.size(), nullptr));
  const size_t stored = LZ4F_compressFrame(compressed.data(), compressed.size(), batch.data(), batch.size(), nullptr);
  const double bytes =
      LZ4F_isError(stored) ? static_cast<double>(batch.size()) : static_cast<double>(std::min(stored, batch.size()));
  return (bytes + kBatchHeaderBytes) / records;
}

}  // namespace

double StoredBytesPerRecord(const Scenario& scenario, int records_per_batch) {
  const std::vector<ProducerPlan> plans = EmbeddedProducers(scenario);
  double most = 0;
  for (size_t i = 0; i < plans.size(); ++i) {
    most = std::max(most, SampleBytesPerRecord(SourceOf(scenario, plans, i), records_per_batch));
  }
  return most;
}

double FullestPartitionShare(const Scenario& scenario) {
  const std::vector<ProducerPlan> plans = EmbeddedProducers(scenario);
  const int partitions = scenario.broker.partitions;
  std::vector<double> shares(static_cast<size_t>(partitions));
  for (size_t i = 0; i < plans.size(); ++i) {
    const std::vector<double> keys = KeyShares(plans[i].keys);
    if (keys.empty()) {
      for (double& share : shares) share += 1.0 / partitions;
      continue;
    }
    const RecordSource source = SourceOf(scenario, plans, i);
    for (size_t k = 0; k < keys.size(); ++k) {
      const std::string key = source.Key(k);
      // What the producers are told to choose by ("murmur2_random"); it looks at nothing but these.
      const int32_t partition =
          rd_kafka_msg_partitioner_murmur2(nullptr, key.data(), key.size(), partitions, nullptr, nullptr);
      shares[static_cast<size_t>(partition)] += keys[k];
    }
  }
  return *std::max_element(shares.begin(), shares.end()) / static_cast<double>(plans.size());
}

}  // namespace harness
