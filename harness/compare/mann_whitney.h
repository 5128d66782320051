// The Mann-Whitney U test: whether the values of one group tend to be greater than those of another (H. B. Mann and D.
// R. Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger than the Other", Annals of
// Mathematical Statistics 18, 1947). It looks at the order of the values alone, so that it supposes no distribution and
// takes a run without end (infinity) for what it is. Called by comparison.cc. Pure.
#pragma once

#include <cstddef>
#include <vector>

namespace harness {

struct RankTest {
  double u = 0;  // pairs in which the first group's value is the greater one; equal ones count half
  double p = 1;  // two-sided: how often chance alone parts two equal groups as far as this or farther. In [0, 1]
  bool exact = true;
};

// Above so many values in a group the normal approximation takes the place of the exact distribution.
inline constexpr size_t kExactRankTestMax = 40;

// Neither group is empty, no value is NaN. Exact also with ties: all ways to deal the tied ranks out are counted
// (Streitberg and Roehmel's shift algorithm, Statistical Software Newsletter 12, 1986), for the approximation promises
// too much of a few tied values.
RankTest MannWhitney(const std::vector<double>& a, const std::vector<double>& b);

// The normal approximation with corrections for ties and continuity, for groups of any size.
RankTest MannWhitneyNormal(const std::vector<double>& a, const std::vector<double>& b);

// The least p that groups of these sizes can have: all of one above all of the other.
double LeastRankTestP(size_t count_a, size_t count_b);

}  // namespace harness
