// Draws one of K with given weights, in constant time whatever K is. The load's key distributions (uniform, Zipf, hot)
// are weights. Pure: the same seed draws the same. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "harness/plan/scenario.h"

namespace harness {

// The share of the records that each key of the plan gets; empty where keys are always new. They sum up to 1.
std::vector<double> KeyShares(const KeyPlan& plan);

class WeightedChoice {
 public:
  // `weights`: one or more, none negative, one above 0; they need not sum up to 1.
  WeightedChoice(const std::vector<double>& weights, uint64_t seed);
  size_t Next();

 private:
  // Column i: it is `i` up to `share` of it, else `other`.
  struct Column {
    double share = 1;
    uint32_t other = 0;
  };
  std::vector<Column> columns_;
  std::mt19937_64 random_;
};

}  // namespace harness
