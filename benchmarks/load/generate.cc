// The harness's own generator as a run uses it: a Recorder with a journal, one embedded producer, a phase as fast as it
// goes or at a rate; nobody reads the topic. benchmarks/pipeline-speed holds it against bare-producer.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "benchmarks/bare/shared/bench.h"
#include "common/clock.h"
#include "harness/load/load_generator.h"

namespace {

struct Options {
  pipeline::KafkaSettings kafka;
  int64_t records = 0;
  int64_t rate_per_s = 0;
  int partitions = 64;
  std::string journal;
};

// Of the sends: handed over later than this after their plan.
constexpr int64_t kLateNs = 100'000'000;

void Run(const Options& options) {
  harness::Recorder recorder("bench-1-1", options.journal);
  recorder.SetPartitions(std::vector<int64_t>(static_cast<size_t>(options.partitions)), false);
  harness::ProducerPlan plan;
  plan.name = "load";
  plan.records_per_payment_min = plan.records_per_payment_max = 1;
  harness::LoadOptions load;
  load.kafka = options.kafka;
  load.partitions = options.partitions;
  load.run_id = "bench-1-1";
  harness::LoadGenerator generator(load, {plan}, &recorder);
  recorder.AddPhase({.name = "load"});
  generator.WarmUp();

  harness::PhasePlan phase;
  phase.name = "load";
  phase.rate_max = options.rate_per_s == 0;
  if (phase.rate_max) {
    phase.count = options.records;
  } else {
    phase.rate_per_s = static_cast<double>(options.rate_per_s);
    phase.duration_ns = static_cast<int64_t>(static_cast<double>(options.records) / phase.rate_per_s * 1e9);
  }
  const auto never = [] { return false; };
  const int64_t cpu_begin_ns = bench::CpuNs();
  const int64_t begin_ns = pipeline::MonotonicNs();
  const int64_t sent = generator.RunPhase(0, phase, begin_ns, never);
  if (!generator.Flush(begin_ns + 120'000'000'000)) throw std::runtime_error("not all records were acknowledged");
  const int64_t end_ns = pipeline::MonotonicNs();
  const int64_t cpu_ns = bench::CpuNs() - cpu_begin_ns;
  int64_t late = 0;
  recorder.Read([&](const harness::History& history) {
    const auto& sends = history.producers[0].sends;
    late = std::count_if(sends.begin(), sends.end(), [](const harness::Send& send) {
      return send.sent_ns - send.planned_ns > kLateNs || send.outcome != harness::Outcome::kOk;
    });
  });
  bench::Say(
      fmt::format(R"({{"wall_ns": {}, "cpu_ns": {}, "sent": {}, "late": {}}})", end_ns - begin_ns, cpu_ns, sent, late));
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return bench::Main(
      argc, argv, "Offers payments as the harness does, with a journal.",
      [&](CLI::App* app) {
        pipeline::AddKafkaOptions(app, &options.kafka);
        app->add_option("--records", options.records, "Records to offer")->required();
        app->add_option("--rate", options.rate_per_s, "Records a second; 0: as fast as it goes");
        app->add_option("--partitions", options.partitions, "Of the topic");
        app->add_option("--journal", options.journal, "Folder of the journal; empty: none");
      },
      [&] { Run(options); });
}
