// The embedded producers: offers the phases' load, in an open or a closed loop, on one librdkafka producer per
// ProducerPlan, tells the Recorder of every send and outcome, and writes the sentinels at the end. The runner owns one
// and calls it from its thread; delivery reports are handled on a thread of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/settings.h"
#include "harness/observe/recorder.h"
#include "harness/plan/scenario.h"

namespace harness {

struct LoadOptions {
  pipeline::KafkaSettings kafka;
  int partitions = 0;
  std::string run_id;
  uint64_t seed = 1;
  bool mock = true;  // lz4 and linger for the mock's limits
};

// What went other than planned, so that nothing is dropped or tried again unseen.
struct LoadCounts {
  int64_t unsent = 0;          // planned, but never handed over: no room until long after the phase's end, or stopped
  int64_t full_retries = 0;    // hand-overs that found no room and were tried again, their planned time kept
  int64_t rebuilds = 0;        // producers replaced after a fatal error of librdkafka
  int64_t reports_lost = 0;    // records whose delivery report librdkafka never gave (unknown)
  int64_t sentinel_tries = 0;  // sentinels sent, those that had to be sent again included
};

class LoadGenerator {
 public:
  // `plans`: the embedded ones of the scenario. Registers its producers at the recorder (AddProducer), one more for the
  // sentinels. Throws std::runtime_error when a producer can't be made.
  LoadGenerator(LoadOptions options, const std::vector<ProducerPlan>& plans, Recorder* recorder);
  ~LoadGenerator();

  // Makes the first produce's one-off waits happen before the load: metadata of the topic. Throws std::runtime_error.
  void WarmUp();
  // Offers one phase. With a rate: planned send times from `begin_ns` on, never slipping, returns at begin + duration
  // also when there is no load (later while sends are late: all that is planned is offered, for at most 30 s more).
  // With a count: as fast as it goes, returns when all are acknowledged or failed. As a closed loop: each send when
  // there are fewer in flight than the plan says, over all producers, until the count or the duration is over. `stop()`
  // true ends it early. Returns the number of sends planned.
  int64_t RunPhase(uint8_t phase_index, const PhasePlan& phase, int64_t begin_ns, const std::function<bool()>& stop);
  // Waits for every outcome; what is still open at the deadline is purged and becomes unknown. False then.
  bool Flush(int64_t deadline_ns);
  // For each partition one record per distinct filter, matching it, to that partition explicitly, marked in `rec`.
  // Retries until acknowledged; false when the deadline passes.
  bool ProduceSentinels(const std::vector<pipeline::Filter>& filters, int64_t deadline_ns);

  // Thread-safe.
  LoadCounts counts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace harness
