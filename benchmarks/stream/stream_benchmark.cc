// What the server does with one record, step by step, and with one request for a page: decode, encode, fold into the
// store, append to the window, read from it, list. Each item is a record, an event or a page. ./run.sh bench runs it;
// docs/performance.md says what came of it.
#include <benchmark/benchmark.h>
#include <simdjson.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/crc32c.h"
#include "payment/codec.h"
#include "payment/record_decoder.h"
#include "producer/payment_maker.h"
#include "stream/replica_state.h"
#include "stream/stream_cursor.h"
#include "tests/payment/to_proto.h"

namespace pipeline {
namespace {

constexpr int32_t kPartitions = 64;
constexpr int64_t kRecords = 20'000;
constexpr int64_t kPayments = 1'000'000;

struct RawRecord {
  std::string key;
  std::string value;
};

// The payments of the pipeline's own producer, one record each unless told otherwise.
std::vector<RawRecord> RawRecords(int64_t count, int records_per_payment_max = 1) {
  PaymentMaker maker({1, "bench.feed", 1, 1, records_per_payment_max});
  std::vector<RawRecord> records(static_cast<size_t>(count));
  for (RawRecord& record : records) record.key = maker.Make(1'700'000'000, &record.value).key;
  return records;
}

LogRecord MakeRecord(const RawRecord& raw, int64_t index, RecordDecoder* decoder) {
  Payment payment;
  decoder->Decode(raw.key, raw.value, &payment);
  std::string serialized;
  AppendSerialized(payment, 1'700'000'000, &serialized);
  LogRecord record;
  record.partition = static_cast<int32_t>(index % kPartitions);
  record.offset = index / kPartitions;
  record.record_crc32c = RecordCrc32c(raw.key, raw.value);
  record.provider = payment.provider;
  record.status = payment.status;
  record.created_at_s = payment.created_at_s;
  record.id = payment.id;
  record.frame = MakeEventFrame(serialized, record.partition, record.offset, record.record_crc32c);
  return record;
}

std::vector<LogRecord> LogRecords(int64_t count, int records_per_payment_max = 1) {
  RecordDecoder decoder;
  std::vector<LogRecord> records;
  records.reserve(static_cast<size_t>(count));
  int64_t index = 0;
  for (const RawRecord& raw : RawRecords(count, records_per_payment_max)) {
    records.push_back(MakeRecord(raw, index++, &decoder));
  }
  return records;
}

WindowEntry EntryOf(const LogRecord& record) {
  return {record.frame, record.offset, record.partition, record.record_crc32c, record.provider, record.status};
}

void Decode(benchmark::State& state) {
  const std::vector<RawRecord> records = RawRecords(kRecords);
  RecordDecoder decoder;
  Payment payment;
  for (auto _ : state) {
    for (const RawRecord& record : records) {
      if (decoder.Decode(record.key, record.value, &payment) != RejectReason::kNone) state.SkipWithError("rejected");
    }
  }
  state.SetItemsProcessed(state.iterations() * kRecords);
}
BENCHMARK(Decode);

// Its ceiling: simdjson's tree of the same bytes, and the id looked up in it.
void DecodeCeiling(benchmark::State& state) {
  const std::vector<RawRecord> records = RawRecords(kRecords);
  simdjson::dom::parser parser;
  for (auto _ : state) {
    for (const RawRecord& record : records) {
      std::string_view id;
      if (parser.parse(record.value)["id"].get(id) != simdjson::SUCCESS) state.SkipWithError("no id");
      benchmark::DoNotOptimize(id);
    }
  }
  state.SetItemsProcessed(state.iterations() * kRecords);
}
BENCHMARK(DecodeCeiling);

// The serialised payment and its frame, which is all that is ever made for subscribers.
void Encode(benchmark::State& state) {
  std::vector<Payment> payments(kRecords);
  RecordDecoder decoder;
  const std::vector<RawRecord> records = RawRecords(kRecords);
  for (size_t i = 0; i < records.size(); ++i) decoder.Decode(records[i].key, records[i].value, &payments[i]);
  std::string serialized;
  int64_t offset = 0;
  for (auto _ : state) {
    for (const Payment& payment : payments) {
      serialized.clear();
      AppendSerialized(payment, 1'700'000'000, &serialized);
      benchmark::DoNotOptimize(MakeEventFrame(serialized, 1, ++offset, 0x12345678));
    }
  }
  state.SetItemsProcessed(state.iterations() * kRecords);
}
BENCHMARK(Encode);

// Its ceiling: protobuf's own encoder on a message that is there already.
void EncodeCeiling(benchmark::State& state) {
  RecordDecoder decoder;
  Payment payment;
  std::vector<::payment::PaymentEvent> events(kRecords);
  size_t index = 0;
  for (const RawRecord& record : RawRecords(kRecords)) {
    decoder.Decode(record.key, record.value, &payment);
    ToProto(payment, 1'700'000'000, events[index].mutable_payment());
    events[index].set_event_type("new");
    events[index].set_partition(1);
    events[index].set_offset(static_cast<int64_t>(index));
    events[index++].set_record_crc32c(0x12345678);
  }
  for (auto _ : state) {
    for (const ::payment::PaymentEvent& event : events) benchmark::DoNotOptimize(event.SerializeAsString());
  }
  state.SetItemsProcessed(state.iterations() * kRecords);
}
BENCHMARK(EncodeCeiling);

// Into an empty store; the range is the most records that a payment has.
void Fold(benchmark::State& state) {
  const std::vector<LogRecord> records = LogRecords(kRecords * 10, static_cast<int>(state.range(0)));
  for (auto _ : state) {
    state.PauseTiming();
    auto store = std::make_unique<PaymentStore>();
    store->Start(kPartitions);
    std::vector<LogRecord> copies = records;
    state.ResumeTiming();
    for (LogRecord& record : copies) store->Apply(std::move(record));
    state.PauseTiming();
    store.reset();
    copies.clear();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * kRecords * 10);
}
BENCHMARK(Fold)->Arg(1)->Arg(3)->Unit(benchmark::kMillisecond);

// To a window that is full: each entry pushes one out.
void WindowAppend(benchmark::State& state) {
  const std::vector<LogRecord> records = LogRecords(kRecords);
  LogWindow window(1024LL * 1024);
  window.Start(std::vector<int64_t>(kPartitions, -1));
  int64_t offset = 0;
  for (auto _ : state) {
    for (const LogRecord& record : records) {
      WindowEntry entry = EntryOf(record);
      entry.offset = ++offset;
      window.Append(std::move(entry));
    }
  }
  state.SetItemsProcessed(state.iterations() * kRecords);
}
BENCHMARK(WindowAppend);

// As a stream does: batches of shared events, with a filter of which a third matches when the range is 1.
void WindowRead(benchmark::State& state) {
  ReplicaState replica(int64_t{1} << 30);
  replica.Start("log", std::vector<Watermarks>(kPartitions));
  const Filter filter{state.range(0) == 1 ? Provider::kStripe : Provider::kUnknown, PaymentStatus::kUnknown};
  const std::vector<PartitionStart> starts = StreamCursor::SnapshotStarts(replica);
  for (LogRecord& record : LogRecords(kRecords)) replica.Apply(std::move(record));
  std::vector<StreamEvent> events;
  int64_t read = 0;
  for (auto _ : state) {
    StreamCursor cursor(filter, starts, replica);
    while (cursor.Pull(replica, PullLimits(), &events) != StreamCursor::Outcome::kIdle) {
      read += static_cast<int64_t>(events.size());
      events.clear();
    }
  }
  if (read == 0) state.SkipWithError("nothing read");
  state.SetItemsProcessed(read);
}
BENCHMARK(WindowRead)->Arg(0)->Arg(1);

// Of this thread: the machine's other work is no pause of ours.
double ThreadCpuMs() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

// 5,000,000 payments of one partition, each with two records, the second of which supersedes the first: what one batch
// of 256 records, applied under one hold of the replica's mutex, costs at most. That is how long everybody else waits.
void LongestPause(benchmark::State& state) {
  constexpr int64_t kBatch = 256;
  const LogRecord shared = LogRecords(1)[0];
  double longest_ms = 0;
  for (auto _ : state) {
    auto replica = std::make_unique<ReplicaState>(1024LL * 1024);
    replica->Start("log", {{0, 0}});
    std::vector<LogRecord> batch;
    for (int64_t offset = 0; offset < 2 * state.range(0);) {
      batch.clear();
      for (int64_t i = 0; i < kBatch; ++i, ++offset) {
        LogRecord& record = batch.emplace_back(shared);
        record.partition = 0;
        record.offset = offset;
        record.id = "pay_" + std::to_string(offset % state.range(0));
        record.status = offset < state.range(0) ? PaymentStatus::kPending : PaymentStatus::kCompleted;
      }
      const double begin_ms = ThreadCpuMs();
      for (LogRecord& record : batch) replica->Apply(std::move(record));
      longest_ms = std::max(longest_ms, ThreadCpuMs() - begin_ms);
    }
    state.PauseTiming();
    replica.reset();
    state.ResumeTiming();
  }
  state.counters["longest_ms"] = longest_ms;
  state.SetItemsProcessed(state.iterations() * 2 * state.range(0));
}
BENCHMARK(LongestPause)->Arg(5'000'000)->Unit(benchmark::kSecond)->Iterations(1);

// The same payments when the topic has let go of all of them: what one hold of the mutex takes out costs at most. The
// first record of each goes, then the second.
void LongestTrim(benchmark::State& state) {
  constexpr int64_t kSteps = 1024;
  const LogRecord shared = LogRecords(1)[0];
  const int64_t payments = state.range(0);
  double longest_ms = 0;
  int64_t holds = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto replica = std::make_unique<ReplicaState>(1024LL * 1024);
    replica->Start("log", {{0, 0}});
    for (int64_t offset = 0; offset < 2 * payments; ++offset) {
      LogRecord record = shared;
      record.partition = 0;
      record.offset = offset;
      record.id = "pay_" + std::to_string(offset % payments);
      record.status = offset < payments ? PaymentStatus::kPending : PaymentStatus::kCompleted;
      replica->Apply(std::move(record));
    }
    state.ResumeTiming();
    for (const int64_t low : {payments, 2 * payments}) {
      replica->SetLow(0, low);
      for (bool done = false; !done; ++holds) {
        const double begin_ms = ThreadCpuMs();
        done = replica->Trim(kSteps);
        longest_ms = std::max(longest_ms, ThreadCpuMs() - begin_ms);
      }
    }
    if (replica->store().size() != 0) state.SkipWithError("not everything has left");
  }
  state.counters["longest_ms"] = longest_ms;
  state.counters["holds"] = static_cast<double>(holds);
  state.SetItemsProcessed(state.iterations() * 2 * payments);
}
BENCHMARK(LongestTrim)->Arg(5'000'000)->Unit(benchmark::kSecond)->Iterations(1);

const PaymentStore& BigStore() {
  static const std::unique_ptr<PaymentStore> store = [] {
    auto made = std::make_unique<PaymentStore>();
    made->Start(kPartitions);
    RecordDecoder decoder;
    PaymentMaker maker({1, "bench.feed", 1, 1, 1});
    RawRecord raw;
    for (int64_t i = 0; i < kPayments; ++i) {
      raw.value.clear();
      raw.key = maker.Make(1'700'000'000, &raw.value).key;
      made->Apply(MakeRecord(raw, i, &decoder));
    }
    return made;
  }();
  return *store;
}

// A page of 100 completed Stripe payments of 1,000,000, with so many pages before it (0: the first).
void ListPageOf(benchmark::State& state) {
  const PaymentStore& store = BigStore();
  const Filter filter{Provider::kStripe, PaymentStatus::kCompleted};
  std::optional<ListPlace> after;
  for (int64_t page = 0; page < state.range(0); ++page) after = store.List(filter, after, 100, 1 << 20).next;
  for (auto _ : state) {
    ListPage page = store.List(filter, after, 100, 1 << 20);
    if (page.payments.size() != 100) state.SkipWithError("not a whole page");
    benchmark::DoNotOptimize(page);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ListPageOf)->Arg(0)->Arg(500)->Arg(1500);

}  // namespace
}  // namespace pipeline
