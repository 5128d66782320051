#include "harness/load/value_size.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace harness {

double ValueSize::Uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

size_t ValueSize::Next() {
  if (plan_.bytes_max == 0) return 0;
  const auto min = static_cast<double>(plan_.bytes_min);
  const auto max = static_cast<double>(plan_.bytes_max);
  double bytes = max;
  if (plan_.median_bytes > 0) {
    // Box and Muller, A Note on the Generation of Random Normal Deviates (1958): one of the two.
    const double normal = std::sqrt(-2 * std::log1p(-Uniform())) * std::cos(2 * std::numbers::pi * Uniform());
    bytes = static_cast<double>(plan_.median_bytes) * std::exp(plan_.sigma * normal);
  } else if (plan_.bytes_min < plan_.bytes_max) {
    bytes = min + Uniform() * (max - min + 1);
  }
  return static_cast<size_t>(std::clamp(bytes, min, max));
}

}  // namespace harness
