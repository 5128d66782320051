// When the sends of a phase are due: absolute times from the phase's begin on, fixed by the rate over time, arrival and
// seed alone, so that a late send never moves the next one. Used by the load generator from the runner's thread. Pure.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <random>

#include "harness/plan/rate_curve.h"
#include "harness/plan/scenario.h"

namespace harness {

class Schedule {
 public:
  // Uniform: the i-th send (from 0) is when the rate's integral comes to i, so that there are as many as the integral,
  // rounded up. Poisson, at a rate that changes too: at the integral's inverse of the sums of exponential gaps of mean
  // 1 from the seed (time-rescaling), as many as fall into the phase.
  Schedule(int64_t begin_ns, RateCurve rate, Arrival arrival, uint64_t seed);

  // The next planned time, in [begin, begin + duration), not below the one before; nullopt when there is none left.
  std::optional<int64_t> Peek() const { return next_ns_; }
  void Pop();

 private:
  void Plan();

  int64_t begin_ns_;
  RateCurve rate_;
  Arrival arrival_;
  std::mt19937_64 random_;
  int64_t index_ = 0;   // uniform: of the next send
  double records_ = 0;  // of the rate's integral, at the next send
  std::optional<int64_t> next_ns_;
};

}  // namespace harness
