// Tails of the binomial distribution: what confidence intervals of a median and repeated tries of a rate rest on.
// Called by median.cc and rate_search.cc. Pure.
#pragma once

namespace harness {

// P(X >= successes) of `tries` independent tries, each of which succeeds with `probability` (0 to 1). In [0, 1]; 1 with
// successes <= 0, 0 with successes > tries.
double BinomialAtLeast(int successes, int tries, double probability);

}  // namespace harness
