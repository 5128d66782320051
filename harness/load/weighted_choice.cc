#include "harness/load/weighted_choice.h"

#include <cmath>
#include <numeric>

namespace harness {

std::vector<double> KeyShares(const KeyPlan& plan) {
  if (plan.choice == KeyChoice::kNew) return {};
  std::vector<double> shares(static_cast<size_t>(plan.count), 1);
  switch (plan.choice) {
    case KeyChoice::kZipf:
      // The r-th most frequent in proportion to r to the power of minus the exponent.
      for (size_t i = 0; i < shares.size(); ++i) shares[i] = std::pow(static_cast<double>(i + 1), -plan.exponent);
      break;
    case KeyChoice::kHot:
      if (shares.size() > 1) {
        shares.assign(shares.size(), (1 - plan.share) / static_cast<double>(shares.size() - 1));
        shares[0] = plan.share;
      }
      break;
    case KeyChoice::kNew:
    case KeyChoice::kUniform:
      break;
  }
  const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share /= total;
  return shares;
}

// The alias method in Vose's form (M. D. Vose, A Linear Algorithm for Generating Random Numbers with a Given
// Distribution, IEEE Transactions on Software Engineering 17(9), 1991): as many columns of equal width as there are
// things to choose from, each filled by at most two of them.
WeightedChoice::WeightedChoice(const std::vector<double>& weights, uint64_t seed)
    : columns_(weights.size()), random_(seed) {
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<double> scaled(weights.size());
  std::vector<uint32_t> small, large;
  for (uint32_t i = 0; i < weights.size(); ++i) {
    scaled[i] = weights[i] * static_cast<double>(weights.size()) / total;
    (scaled[i] < 1 ? small : large).push_back(i);
  }
  while (!small.empty() && !large.empty()) {
    const uint32_t less = small.back();
    const uint32_t more = large.back();
    small.pop_back();
    columns_[less] = {scaled[less], more};
    scaled[more] -= 1 - scaled[less];
    if (scaled[more] < 1) {
      large.pop_back();
      small.push_back(more);
    }
  }
  // What is left fills its column, but for what rounding took.
  for (const uint32_t i : small) columns_[i] = {1, i};
  for (const uint32_t i : large) columns_[i] = {1, i};
}

size_t WeightedChoice::Next() {
  const double at = static_cast<double>(random_() >> 11) * 0x1p-53 * static_cast<double>(columns_.size());
  const auto column = static_cast<size_t>(at);
  return at - static_cast<double>(column) < columns_[column].share ? column : columns_[column].other;
}

}  // namespace harness
