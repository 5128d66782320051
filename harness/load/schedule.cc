#include "harness/load/schedule.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace harness {
namespace {

// Exponential with mean 1, by inversion (Devroye, Non-Uniform Random Variate Generation, II.2): -ln(1 - u), u in [0,
// 1).
double Exponential(std::mt19937_64* random) {
  const double u = static_cast<double>((*random)() >> 11) * 0x1p-53;
  return -std::log1p(-u);
}

}  // namespace

// A Poisson process of a changing rate is one of rate 1 whose times went through the inverse of the integrated rate
// (Devroye, VI.1.3; Çinlar, Introduction to Stochastic Processes, 4.7).
Schedule::Schedule(int64_t begin_ns, RateCurve rate, Arrival arrival, uint64_t seed)
    : begin_ns_(begin_ns), rate_(std::move(rate)), arrival_(arrival), random_(seed) {
  if (arrival_ == Arrival::kPoisson) records_ = Exponential(&random_);
  Plan();
}

void Schedule::Plan() {
  const double after_s = rate_.SecondsAt(records_);
  if (records_ >= rate_.records() || after_s >= rate_.duration_s()) {
    next_ns_.reset();
    return;
  }
  const int64_t due_ns = begin_ns_ + static_cast<int64_t>(after_s * 1e9);
  next_ns_ = std::max(due_ns, next_ns_.value_or(due_ns));
}

void Schedule::Pop() {
  if (!next_ns_) return;
  if (arrival_ == Arrival::kPoisson) {
    records_ += Exponential(&random_);
  } else {
    // From the index, not from the time before: no error adds up.
    records_ = static_cast<double>(++index_);
  }
  Plan();
}

}  // namespace harness
