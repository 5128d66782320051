// What one raw record costs the audit: the harness's reader beside the server's decoder, and the hash of the content.
// Each item is a record. ./run.sh bench runs it; docs/performance.md says what came of it.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "harness/contract/canonical.h"
#include "harness/contract/record_reader.h"
#include "payment/record_decoder.h"
#include "producer/payment_maker.h"

namespace harness {
namespace {

constexpr int kRecords = 4'096;

struct RawRecord {
  std::string key;
  std::string value;
};

const std::vector<RawRecord>& RawRecords() {
  static const auto& records = *new std::vector<RawRecord>([] {
    pipeline::PaymentMaker maker({1, "bench.feed", 1, 1, 3});
    std::vector<RawRecord> made(kRecords);
    for (RawRecord& record : made) record.key = maker.Make(1'700'000'000, &record.value).key;
    return made;
  }());
  return records;
}

template <typename Read>
void ReadAll(benchmark::State& state, const Read& read) {
  const std::vector<RawRecord>& records = RawRecords();
  pipeline::Payment payment;
  size_t next = 0;
  for (auto _ : state) {
    read(records[next], &payment);
    benchmark::DoNotOptimize(payment);
    next = (next + 1) % records.size();
  }
  state.SetItemsProcessed(state.iterations());
}

void ServersDecoder(benchmark::State& state) {
  pipeline::RecordDecoder decoder;
  ReadAll(state,
          [&](const RawRecord& raw, pipeline::Payment* payment) { decoder.Decode(raw.key, raw.value, payment); });
}
BENCHMARK(ServersDecoder);

void HarnessesReader(benchmark::State& state) {
  RecordReader reader;
  ReadAll(state, [&](const RawRecord& raw, pipeline::Payment* payment) { reader.Read(raw.key, raw.value, payment); });
}
BENCHMARK(HarnessesReader);

void ContentHash(benchmark::State& state) {
  RecordReader reader;
  pipeline::Payment payment;
  reader.Read(RawRecords()[0].key, RawRecords()[0].value, &payment);
  for (auto _ : state) benchmark::DoNotOptimize(CanonicalHash(payment));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ContentHash);

}  // namespace
}  // namespace harness
