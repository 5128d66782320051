#include "harness/plan/rate_curve.h"

#include <algorithm>
#include <cmath>

namespace harness {

RateCurve::RateCurve(const std::vector<RatePiece>& pieces) {
  pieces_.reserve(pieces.size());
  for (const RatePiece& rate : pieces) {
    if (rate.duration_ns <= 0) continue;
    const double length_s = static_cast<double>(rate.duration_ns) / 1e9;
    Piece piece;
    piece.begin_s = duration_s_;
    piece.end_s = duration_s_ + length_s;
    piece.from_per_s = rate.from_per_s;
    piece.slope_per_s2 = (rate.to_per_s - rate.from_per_s) / length_s;
    piece.records_before = records_;
    piece.records_after = records_ + 0.5 * (rate.from_per_s + rate.to_per_s) * length_s;
    duration_s_ = piece.end_s;
    records_ = piece.records_after;
    peak_per_s_ = std::max({peak_per_s_, rate.from_per_s, rate.to_per_s});
    pieces_.push_back(piece);
  }
}

double RateCurve::RecordsUntil(double at_s) const {
  for (const Piece& piece : pieces_) {
    if (at_s < piece.end_s) return piece.records_before + piece.RecordsWithin(std::max(0.0, at_s - piece.begin_s));
  }
  return records_;
}

double RateCurve::SecondsAt(double records) const {
  const auto piece = std::upper_bound(pieces_.begin(), pieces_.end(), records,
                                      [](double wanted, const Piece& at) { return wanted < at.records_after; });
  if (piece == pieces_.end()) return duration_s_;
  const double wanted = records - piece->records_before;
  if (piece->slope_per_s2 == 0) return piece->begin_s + wanted / piece->from_per_s;
  // The root of slope / 2 · t² + from · t = wanted, in the form that loses no digits where the slope is small.
  const double root =
      std::sqrt(std::max(0.0, piece->from_per_s * piece->from_per_s + 2 * piece->slope_per_s2 * wanted));
  const double divisor = piece->from_per_s + root;
  const double after_s = divisor > 0 ? 2 * wanted / divisor : 0;
  return std::min(piece->end_s, piece->begin_s + after_s);
}

}  // namespace harness
