#include "harness/compare/binomial.h"

#include <algorithm>
#include <cmath>

namespace harness {
namespace {

double LogChoose(int n, int k) { return std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0); }

}  // namespace

double BinomialAtLeast(int successes, int tries, double probability) {
  if (successes <= 0) return 1;
  if (successes > tries || probability <= 0) return 0;
  if (probability >= 1) return 1;
  double sum = 0;
  for (int k = tries; k >= successes; --k) {  // the small terms first
    sum += std::exp(LogChoose(tries, k) + k * std::log(probability) + (tries - k) * std::log1p(-probability));
  }
  return std::clamp(sum, 0.0, 1.0);
}

}  // namespace harness
