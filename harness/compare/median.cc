#include "harness/compare/median.h"

#include <algorithm>
#include <cstddef>

#include "harness/compare/binomial.h"

namespace harness {
namespace {

double MiddleOf(const std::vector<double>& sorted) {
  const size_t half = sorted.size() / 2;
  if (sorted.size() % 2 == 1 || sorted[half - 1] == sorted[half]) return sorted[half];
  return sorted[half - 1] / 2 + sorted[half] / 2;
}

}  // namespace

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return MiddleOf(values);
}

MedianInterval MedianWithInterval(std::vector<double> values, double confidence) {
  std::sort(values.begin(), values.end());
  MedianInterval interval{MiddleOf(values), values.front(), values.back(), false};
  const int count = static_cast<int>(values.size());
  for (int rank = 1; rank <= (count + 1) / 2; ++rank) {
    // P(X < rank), of either side by symmetry.
    const double outside = BinomialAtLeast(count - rank + 1, count, 0.5);
    if (1 - 2 * outside < confidence) break;
    interval.low = values[static_cast<size_t>(rank - 1)];
    interval.high = values[static_cast<size_t>(count - rank)];
    interval.reached = true;
  }
  return interval;
}

}  // namespace harness
