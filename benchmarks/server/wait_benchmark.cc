// What waiting calls cost the thread that loads: batches of 256 records applied, with so many streams waiting that are
// resumed ahead of the replica, or new ones that wait for the backlog. Nothing is owed to any of them meanwhile.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "server/replica.h"

namespace pipeline {
namespace {

constexpr int32_t kPartitions = 12;
constexpr int64_t kBatch = 256;
constexpr int64_t kBacklog = int64_t{1} << 40;

struct CountingWaiter : Waiter {
  void Wake() override { ++wakes; }
  int64_t wakes = 0;
};

void LoadBatches(benchmark::State& state, const std::vector<std::shared_ptr<CountingWaiter>>& waiters,
                 Replica* replica) {
  int64_t offset = 0;
  for (auto _ : state) {
    ++offset;
    replica->Update([&](ReplicaState& log) {
      for (int64_t i = 0; i < kBatch; ++i) log.Advance(static_cast<int32_t>(i % kPartitions), offset * kBatch);
    });
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
  for (const auto& waiter : waiters) {
    if (waiter->wakes != 0) state.SkipWithError("woken for nothing");
    replica->Forget(waiter.get());
  }
  if (!replica->TakeWoken(0).empty()) state.SkipWithError("woken for nothing");
}

std::unique_ptr<Replica> LoadingReplica() {
  auto replica = std::make_unique<Replica>(1024LL * 1024);
  replica->Update([](ReplicaState& log) { log.Start("log", std::vector<Watermarks>(kPartitions, {0, kBacklog})); });
  return replica;
}

void BatchBesideResumedStreams(benchmark::State& state) {
  const std::unique_ptr<Replica> replica = LoadingReplica();
  std::vector<std::shared_ptr<CountingWaiter>> waiters(static_cast<size_t>(state.range(0)));
  std::vector<Position> positions;
  for (int32_t p = 0; p < kPartitions; ++p) positions.push_back({p, kBacklog});
  for (auto& waiter : waiters) {
    waiter = std::make_shared<CountingWaiter>();
    replica->Lock().WaitForPassing(waiter, positions);
  }
  LoadBatches(state, waiters, replica.get());
}
BENCHMARK(BatchBesideResumedStreams)->Arg(0)->Arg(1000);

void BatchBesideNewStreams(benchmark::State& state) {
  const std::unique_ptr<Replica> replica = LoadingReplica();
  std::vector<std::shared_ptr<CountingWaiter>> waiters(static_cast<size_t>(state.range(0)));
  for (auto& waiter : waiters) {
    waiter = std::make_shared<CountingWaiter>();
    replica->Lock().WaitForLoaded(waiter);
  }
  LoadBatches(state, waiters, replica.get());
}
BENCHMARK(BatchBesideNewStreams)->Arg(0)->Arg(1000);

}  // namespace
}  // namespace pipeline
