// When the sends of a phase are due: absolute times from the phase's begin on, fixed by rate, arrival and seed alone,
// so that a late send never moves the next one. Used by the load generator from the runner's thread. Pure. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <random>

#include "harness/plan/scenario.h"

namespace harness {

class Schedule {
 public:
  // `rate_per_s` 0 or a `duration_ns` of 0: no sends. Uniform: ceil(rate × duration) sends, the i-th at begin + i /
  // rate. Poisson: exponential gaps of mean 1 / rate from the seed, as many as fall into the phase.
  Schedule(int64_t begin_ns, int64_t duration_ns, double rate_per_s, Arrival arrival, uint64_t seed);

  // The next planned time, in [begin, begin + duration), not below the one before; nullopt when there is none left.
  std::optional<int64_t> Peek() const { return next_ns_; }
  void Pop();

 private:
  std::optional<int64_t> At(double after_s) const;

  int64_t begin_ns_;
  int64_t duration_ns_;
  double rate_per_s_;
  Arrival arrival_;
  std::mt19937_64 random_;
  int64_t index_ = 0;   // uniform
  double after_s_ = 0;  // Poisson
  std::optional<int64_t> next_ns_;
};

}  // namespace harness
