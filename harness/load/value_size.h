// How many bytes a record's value has: fixed, uniform, or log-normal up to a limit. Used by RecordSource. Pure: the
// same seed gives the same sizes. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

#include "harness/plan/scenario.h"

namespace harness {

class ValueSize {
 public:
  ValueSize(const ValueSizePlan& plan, uint64_t seed) : plan_(plan), random_(seed) {}
  // Of the next record; 0: as it comes.
  size_t Next();

 private:
  double Uniform();  // in [0, 1)

  const ValueSizePlan plan_;
  std::mt19937_64 random_;
};

}  // namespace harness
