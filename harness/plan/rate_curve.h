// A rate over the time of a phase, in pieces that are each a straight line: constant, ramp, steps and spike are all of
// that form. Its integral, the number of records up to a time, is what a schedule and the plans of memory and retention
// are made from. Used by the load's Schedule, the scenario's checks and the runner's plans. Pure.
#pragma once

#include <cstdint>
#include <vector>

namespace harness {

struct RatePiece {
  int64_t duration_ns = 0;
  double from_per_s = 0;  // at its beginning, not negative
  double to_per_s = 0;    // at its end, not negative
};

class RateCurve {
 public:
  RateCurve() = default;  // no time, no records
  // Pieces without time count as absent.
  explicit RateCurve(const std::vector<RatePiece>& pieces);

  double duration_s() const { return duration_s_; }
  // The integral over the whole time.
  double records() const { return records_; }
  // The integral up to `at_s` after the beginning; held within [0, duration].
  double RecordsUntil(double at_s) const;
  // The seconds after the beginning at which the integral comes to `records`, which is not negative; at or above
  // records(): the duration. Where nothing is offered for a while it is the end of that while.
  double SecondsAt(double records) const;
  double peak_per_s() const { return peak_per_s_; }

 private:
  // A straight line, and what stands before it.
  struct Piece {
    double begin_s = 0;
    double end_s = 0;
    double from_per_s = 0;
    double slope_per_s2 = 0;
    double records_before = 0;
    double records_after = 0;
    double RecordsWithin(double after_s) const { return after_s * (from_per_s + 0.5 * slope_per_s2 * after_s); }
  };

  std::vector<Piece> pieces_;
  double duration_s_ = 0;
  double records_ = 0;
  double peak_per_s_ = 0;
};

}  // namespace harness
