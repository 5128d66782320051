#include "harness/load/load_generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "common/clock.h"
#include "common/mutex.h"
#include "harness/load/embedded_producer.h"
#include "harness/load/schedule.h"

namespace harness {
namespace {

using pipeline::MonotonicNs;

constexpr int64_t kSecondNs = 1'000'000'000;
// `stop` is asked at least this often.
constexpr int64_t kSliceNs = 20'000'000;
// At high rates what is due within this time is handed over together.
constexpr int64_t kWakeGapNs = 100'000;
// How long after a phase's end its late sends are still tried.
constexpr int64_t kLateNsMax = 30 * kSecondNs;
constexpr int kMetadataTimeoutMs = 10'000;
constexpr int64_t kSentinelRetryNs = 200'000'000;
// Records without an outcome: at a rate, enough for a broker that stands still for seconds; as fast as it goes, enough
// to keep it busy, for each waits in this queue after its planned time.
constexpr int64_t kInFlightMax = 500'000;
constexpr int64_t kInFlightMaxAtFullSpeed = 50'000;

// Sleeps until `until_ns` or, sooner, until `stop()`. True when the time has come.
bool SleepUntil(int64_t until_ns, const std::function<bool()>& stop) {
  for (;;) {
    if (stop()) return false;
    const int64_t now_ns = MonotonicNs();
    if (now_ns >= until_ns) return true;
    const int64_t wake_ns = std::min(until_ns, now_ns + kSliceNs);
    const timespec wake{wake_ns / kSecondNs, wake_ns % kSecondNs};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, nullptr);
  }
}

int64_t WallSeconds() { return pipeline::WallNs() / kSecondNs; }

// Streams of random numbers from here on are the phases'; those below the producers'.
constexpr uint64_t kPhaseStreams = 1'000;

}  // namespace

struct LoadGenerator::State {
  LoadOptions options;
  Recorder* recorder = nullptr;

  // Notified when records have got their outcomes.
  pipeline::Mutex settled_mutex;
  pipeline::CondVar settled;

  std::vector<std::unique_ptr<EmbeddedProducer>> producers;  // after what their threads use

  // Sequences of sentinels and what became of them: filled by the sentinel producer's delivery thread.
  pipeline::Mutex sentinel_mutex;
  std::unordered_map<uint64_t, pipeline::DeliveryOutcome> sentinel_outcomes ABSL_GUARDED_BY(sentinel_mutex);
  std::unique_ptr<EmbeddedProducer> sentinel;  // after what its thread uses

  std::atomic<int64_t> unsent{0};
  std::atomic<int64_t> sentinel_tries{0};
  size_t turn = 0;  // the producer that gets the next send

  std::unique_ptr<EmbeddedProducer> Make(const ProducerPlan& plan, uint64_t stream,
                                         pipeline::KafkaProperties properties,
                                         pipeline::RecordProducer::Sink on_reports);
  EmbeddedProducer* Next() { return producers[turn++ % producers.size()].get(); }
  void HandOverAll(const std::function<bool()>& stop) {
    for (auto& producer : producers) producer->HandOver(stop);
  }
  // False when stopped, or at `deadline_ns`, without room for one more.
  bool MakeRoom(EmbeddedProducer* producer, int64_t deadline_ns, const std::function<bool()>& stop);
  int64_t RunRate(uint8_t index, const PhasePlan& phase, int64_t begin_ns, const std::function<bool()>& stop);
  int64_t RunCount(uint8_t index, const PhasePlan& phase, const std::function<bool()>& stop);
  int64_t RunClosedLoop(uint8_t index, const PhasePlan& phase, int64_t begin_ns, const std::function<bool()>& stop);
  int64_t InFlight() const;
  void WaitForOutcomes(const std::function<bool()>& stop);
};

std::unique_ptr<EmbeddedProducer> LoadGenerator::State::Make(const ProducerPlan& plan, uint64_t stream,
                                                             pipeline::KafkaProperties properties,
                                                             pipeline::RecordProducer::Sink on_reports) {
  pipeline::RecordProducerOptions producer;
  producer.kafka = options.kafka;
  producer.properties = std::move(properties);
  // The mock keeps few bytes a partition and stores batches as they were sent.
  if (options.mock) producer.properties.emplace_back("compression.codec", "lz4");
  producer.in_flight_max = kInFlightMax;
  producer.on_settled = [this] {
    { const pipeline::MutexLock lock(&settled_mutex); }  // so that nobody is between looking and waiting
    settled.NotifyAll();
  };
  RecordSource source(plan, StreamSeed(options.seed, stream), fmt::format("{}.{}", options.run_id, plan.name));
  const uint16_t index = recorder->AddProducer(plan.name, true);
  return std::make_unique<EmbeddedProducer>(index, std::move(source), std::move(producer), recorder,
                                            std::move(on_reports));
}

LoadGenerator::LoadGenerator(LoadOptions options, const std::vector<ProducerPlan>& plans, Recorder* recorder)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.options = std::move(options);
  state.recorder = recorder;
  uint64_t stream = 0;
  for (const ProducerPlan& plan : plans) {
    const auto& kinds = plan.poison.kinds;
    const bool oversized = std::find(kinds.begin(), kinds.end(), pipeline::RejectReason::kOversized) != kinds.end();
    pipeline::KafkaProperties properties;
    // Packed, a record of 3 MiB of white space passes the limit of a broker that nobody has set up for it.
    if (oversized) properties = {{"message.max.bytes", "8000000"}, {"compression.codec", "lz4"}};
    state.producers.push_back(state.Make(plan, stream++, std::move(properties), nullptr));
  }
  ProducerPlan sentinel;
  sentinel.name = kSentinelProducer;
  // One that gets nowhere is given up soon and sent again.
  state.sentinel = state.Make(sentinel, stream, {{"message.timeout.ms", "5000"}},
                              [&state](std::span<const pipeline::DeliveryReport> reports) {
                                const pipeline::MutexLock lock(&state.sentinel_mutex);
                                for (const auto& report : reports) {
                                  state.sentinel_outcomes[report.sequence] = report.outcome;
                                }
                              });
}

LoadGenerator::~LoadGenerator() = default;

void LoadGenerator::WarmUp() {
  for (auto& producer : state_->producers) producer->producer().LearnTopic(kMetadataTimeoutMs);
  state_->sentinel->producer().LearnTopic(kMetadataTimeoutMs);
  const int partitions = state_->sentinel->producer().Partitions(kMetadataTimeoutMs);
  if (partitions != state_->options.partitions) {
    throw std::runtime_error(fmt::format("topic \"{}\" has {} partitions; the run wants {}",
                                         state_->options.kafka.topic, partitions, state_->options.partitions));
  }
}

int64_t LoadGenerator::RunPhase(uint8_t phase_index, const PhasePlan& phase, int64_t begin_ns,
                                const std::function<bool()>& stop) {
  if (!SleepUntil(begin_ns, stop)) return 0;
  const bool has_producers = !state_->producers.empty();
  if (phase.rate_max) return has_producers ? state_->RunCount(phase_index, phase, stop) : 0;
  if (phase.in_flight > 0 && has_producers) return state_->RunClosedLoop(phase_index, phase, begin_ns, stop);
  return state_->RunRate(phase_index, phase, begin_ns, stop);
}

bool LoadGenerator::State::MakeRoom(EmbeddedProducer* producer, int64_t deadline_ns,
                                    const std::function<bool()>& stop) {
  if (producer->room() > 0) return true;
  HandOverAll(stop);
  while (producer->room() <= 0) {
    const int64_t now_ns = MonotonicNs();
    if (now_ns >= deadline_ns || stop()) return false;
    producer->producer().WaitForRoom(std::min(deadline_ns, now_ns + kSliceNs));
  }
  return true;
}

int64_t LoadGenerator::State::RunRate(uint8_t index, const PhasePlan& phase, int64_t begin_ns,
                                      const std::function<bool()>& stop) {
  const int64_t end_ns = begin_ns + phase.duration_ns;
  Schedule schedule(begin_ns, producers.empty() || !HasSchedule(phase) ? RateCurve() : RateOf(phase), phase.arrival,
                    StreamSeed(options.seed, kPhaseStreams + index));
  int64_t planned = 0;
  int64_t woke_ns = 0;
  bool room = true;
  while (room && schedule.Peek()) {
    if (!SleepUntil(std::max(*schedule.Peek(), woke_ns + kWakeGapNs), stop)) return planned;
    woke_ns = MonotonicNs();
    const int64_t now_s = WallSeconds();
    for (int64_t added = 0; added < kBatchRecordsMax && schedule.Peek() && *schedule.Peek() <= woke_ns; ++added) {
      EmbeddedProducer* producer = Next();
      room = MakeRoom(producer, end_ns + kLateNsMax, stop);
      if (!room) break;
      producer->Add(*schedule.Peek(), index, phase.measure, now_s);
      schedule.Pop();
      ++planned;
    }
    HandOverAll(stop);
  }
  // Without room until here, or stopped: what was due counts as planned, and as not sent.
  for (const int64_t now_ns = MonotonicNs(); schedule.Peek() && *schedule.Peek() <= now_ns; schedule.Pop()) {
    ++planned;
    ++unsent;
  }
  SleepUntil(end_ns, stop);
  return planned;
}

int64_t LoadGenerator::State::RunCount(uint8_t index, const PhasePlan& phase, const std::function<bool()>& stop) {
  int64_t planned = 0;
  while (planned < phase.count && !stop()) {
    EmbeddedProducer* producer = Next();
    const int64_t now_s = WallSeconds();
    const int64_t room = std::min(producer->room(), kInFlightMaxAtFullSpeed - producer->producer().in_flight());
    for (int64_t left = std::min(room, phase.count - planned); left > 0; --left, ++planned) {
      producer->Add(std::nullopt, index, phase.measure, now_s);
    }
    producer->HandOver(stop);
    if (room <= 0) producer->WaitUntilBelow(kInFlightMaxAtFullSpeed / 2, MonotonicNs() + kSliceNs);
  }
  WaitForOutcomes(stop);
  return planned;
}

int64_t LoadGenerator::State::InFlight() const {
  int64_t in_flight = 0;
  for (const auto& producer : producers) in_flight += producer->in_flight();
  return in_flight;
}

// The next record goes out when one before it has its outcome: nothing is planned, and a send is as late as it is.
int64_t LoadGenerator::State::RunClosedLoop(uint8_t index, const PhasePlan& phase, int64_t begin_ns,
                                            const std::function<bool()>& stop) {
  const int64_t end_ns = phase.count > 0 ? INT64_MAX : begin_ns + phase.duration_ns;
  const int64_t records_max = phase.count > 0 ? phase.count : INT64_MAX;
  int64_t planned = 0;
  while (planned < records_max && MonotonicNs() < end_ns && !stop()) {
    const int64_t now_s = WallSeconds();
    for (int64_t room = std::min(phase.in_flight - InFlight(), records_max - planned); room > 0; --room, ++planned) {
      EmbeddedProducer* producer = Next();
      if (!MakeRoom(producer, end_ns, stop)) break;
      producer->Add(std::nullopt, index, phase.measure, now_s);
    }
    HandOverAll(stop);
    const pipeline::MutexLock lock(&settled_mutex);
    settled.WaitUntil(
        &settled_mutex,
        std::chrono::steady_clock::time_point(std::chrono::nanoseconds(std::min(end_ns, MonotonicNs() + kSliceNs))),
        [&] { return InFlight() < phase.in_flight; });
  }
  if (phase.count > 0) WaitForOutcomes(stop);
  return planned;
}

void LoadGenerator::State::WaitForOutcomes(const std::function<bool()>& stop) {
  for (auto& producer : producers) {
    while (!producer->WaitUntilBelow(1, MonotonicNs() + kSliceNs)) {
      if (stop()) return;
    }
  }
}

bool LoadGenerator::Flush(int64_t deadline_ns) {
  bool settled = true;
  for (auto& producer : state_->producers) {
    if (producer->WaitUntilBelow(1, deadline_ns)) continue;
    settled = false;
    producer->Purge();
  }
  for (auto& producer : state_->producers) producer->TellLost();
  return settled;
}

bool LoadGenerator::ProduceSentinels(const std::vector<pipeline::Filter>& filters, int64_t deadline_ns) {
  struct Wanted {
    pipeline::Filter filter;
    int32_t partition;
    uint64_t sequence;
  };
  State& state = *state_;
  std::vector<Wanted> wanted;
  for (size_t i = 0; i < filters.size(); ++i) {
    if (std::find(filters.begin(), filters.begin() + static_cast<std::ptrdiff_t>(i), filters[i]) !=
        filters.begin() + static_cast<std::ptrdiff_t>(i)) {
      continue;
    }
    for (int32_t p = 0; p < state.options.partitions; ++p) wanted.push_back({filters[i], p, 0});
  }
  const auto late = [deadline_ns] { return MonotonicNs() >= deadline_ns; };
  while (!wanted.empty() && !late()) {
    const int64_t round_ns = MonotonicNs();
    for (Wanted& sentinel : wanted) {
      if (state.sentinel->room() <= 0) state.sentinel->HandOver(late);
      sentinel.sequence = state.sentinel->AddSentinel(sentinel.filter, sentinel.partition, WallSeconds());
      ++state.sentinel_tries;
    }
    state.sentinel->HandOver(late);
    if (!state.sentinel->WaitUntilBelow(1, deadline_ns)) break;
    {
      const pipeline::MutexLock lock(&state.sentinel_mutex);
      std::erase_if(wanted, [&state](const Wanted& sentinel) ABSL_EXCLUSIVE_LOCKS_REQUIRED(state.sentinel_mutex) {
        const auto found = state.sentinel_outcomes.find(sentinel.sequence);
        return found != state.sentinel_outcomes.end() && found->second == pipeline::DeliveryOutcome::kOk;
      });
      state.sentinel_outcomes.clear();
    }
    // Refused at once: not again before a while.
    if (!wanted.empty()) SleepUntil(round_ns + kSentinelRetryNs, late);
  }
  if (!wanted.empty()) state.sentinel->Purge();
  state.sentinel->TellLost();
  return wanted.empty();
}

LoadCounts LoadGenerator::counts() const {
  LoadCounts counts;
  counts.unsent = state_->unsent;
  counts.sentinel_tries = state_->sentinel_tries;
  const auto add = [&counts](EmbeddedProducer* producer) {
    counts.full_retries += producer->producer().full_retries();
    counts.rebuilds += producer->producer().rebuilds();
    counts.reports_lost += producer->producer().reports_lost();
  };
  for (const auto& producer : state_->producers) add(producer.get());
  add(state_->sentinel.get());
  return counts;
}

}  // namespace harness
