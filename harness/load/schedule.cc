#include "harness/load/schedule.h"

#include <cmath>

namespace harness {
namespace {

// Exponential with mean 1, by inversion (Devroye, Non-Uniform Random Variate Generation, II.2): -ln(1 - u), u in [0,
// 1).
double Exponential(std::mt19937_64* random) {
  const double u = static_cast<double>((*random)() >> 11) * 0x1p-53;
  return -std::log1p(-u);
}

}  // namespace

Schedule::Schedule(int64_t begin_ns, int64_t duration_ns, double rate_per_s, Arrival arrival, uint64_t seed)
    : begin_ns_(begin_ns), duration_ns_(duration_ns), rate_per_s_(rate_per_s), arrival_(arrival), random_(seed) {
  if (!(rate_per_s_ > 0) || duration_ns_ <= 0) return;
  if (arrival_ == Arrival::kPoisson) after_s_ = Exponential(&random_) / rate_per_s_;
  next_ns_ = At(after_s_);
}

std::optional<int64_t> Schedule::At(double after_s) const {
  const double after_ns = after_s * 1e9;
  if (after_ns >= static_cast<double>(duration_ns_)) return std::nullopt;
  return begin_ns_ + static_cast<int64_t>(after_ns);
}

void Schedule::Pop() {
  if (!next_ns_) return;
  if (arrival_ == Arrival::kPoisson) {
    after_s_ += Exponential(&random_) / rate_per_s_;
    next_ns_ = At(after_s_);
  } else {
    // From the index, not from the time before: no error adds up.
    next_ns_ = At(static_cast<double>(++index_) / rate_per_s_);
  }
}

}  // namespace harness
