// The median of a few runs' values, and between which values the true one lies. Called by comparison.cc. Pure.
//
// The interval is made of order statistics, so that it supposes no distribution: [x(j), x(n+1-j)] covers the true
// median with probability 1 - 2 P(X < j), X of a binomial distribution with n tries at 1/2 (Le Boudec, Performance
// Evaluation of Computer and Communication Systems, theorem 2.1; Conover, Practical Nonparametric Statistics,
// section 3.2).
#pragma once

#include <vector>

namespace harness {

struct MedianInterval {
  double median = 0;
  double low = 0;  // the widest that there is (least and greatest value) where `reached` is false
  double high = 0;
  bool reached = false;  // it covers the true median with the confidence that was asked for
};

// The middle of `values`, or the mean of the two in the middle. At least one value, none of them NaN; infinite ones are
// allowed.
double Median(std::vector<double> values);

// The narrowest symmetric interval that has `confidence` (0 to 1): of 6 values or more at 95 %.
MedianInterval MedianWithInterval(std::vector<double> values, double confidence);

}  // namespace harness
