#include "harness/compare/mann_whitney.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace harness {
namespace {

// Twice the middle rank of each value among all, so that tied ones have a whole number too.
struct Ranks {
  std::vector<size_t> of_a;
  std::vector<size_t> of_all;
  double ties = 0;  // the sum of t^3 - t over all groups of t equal values
};

Ranks RanksOf(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<std::pair<double, bool>> all;  // value, is of a
  for (const double value : a) all.emplace_back(value, true);
  for (const double value : b) all.emplace_back(value, false);
  std::sort(all.begin(), all.end());
  Ranks ranks;
  for (size_t begin = 0; begin < all.size();) {
    size_t end = begin;
    while (end < all.size() && all[end].first == all[begin].first) ++end;
    const auto equal = static_cast<double>(end - begin);
    ranks.ties += equal * equal * equal - equal;
    for (size_t i = begin; i < end; ++i) {
      ranks.of_all.push_back(begin + end + 1);
      if (all[i].second) ranks.of_a.push_back(begin + end + 1);
    }
    begin = end;
  }
  return ranks;
}

double UOf(const Ranks& ranks) {
  double twice_sum = 0;
  for (const size_t rank : ranks.of_a) twice_sum += static_cast<double>(rank);
  const auto count = static_cast<double>(ranks.of_a.size());
  return twice_sum / 2 - count * (count + 1) / 2;
}

// How likely each sum of ranks is when `chosen` of `ranks` are drawn: entry s is the number of ways, as a share of all.
std::vector<double> SumDistribution(const std::vector<size_t>& ranks, size_t chosen) {
  size_t sum_max = 0;
  for (const size_t rank : ranks) sum_max += rank;
  // ways[k][s]: k of the ranks so far have the sum s.
  std::vector<std::vector<double>> ways(chosen + 1, std::vector<double>(sum_max + 1, 0));
  ways[0][0] = 1;
  size_t seen = 0;
  for (const size_t rank : ranks) {
    ++seen;
    for (size_t k = std::min(seen, chosen); k > 0; --k) {
      for (size_t sum = rank; sum <= sum_max; ++sum) ways[k][sum] += ways[k - 1][sum - rank];
    }
  }
  double total = 0;
  for (const double count : ways[chosen]) total += count;
  for (double& count : ways[chosen]) count /= total;
  return std::move(ways[chosen]);
}

double ExactP(const Ranks& ranks) {
  const std::vector<double> distribution = SumDistribution(ranks.of_all, ranks.of_a.size());
  size_t observed = 0;
  for (const size_t rank : ranks.of_a) observed += rank;
  double least = 0;
  double most = 0;
  for (size_t sum = 0; sum < distribution.size(); ++sum) {
    if (sum <= observed) least += distribution[sum];
    if (sum >= observed) most += distribution[sum];
  }
  return std::min(1.0, 2 * std::min(least, most));
}

}  // namespace

RankTest MannWhitneyNormal(const std::vector<double>& a, const std::vector<double>& b) {
  const Ranks ranks = RanksOf(a, b);
  RankTest test{UOf(ranks), 1, false};
  const auto count_a = static_cast<double>(a.size());
  const auto count_b = static_cast<double>(b.size());
  const double count = count_a + count_b;
  const double mean = count_a * count_b / 2;
  const double variance = count_a * count_b / 12 * (count + 1 - ranks.ties / (count * (count - 1)));
  const double distance = std::fabs(test.u - mean) - 0.5;
  if (variance > 0 && distance > 0) test.p = std::erfc(distance / std::sqrt(2 * variance));
  return test;
}

RankTest MannWhitney(const std::vector<double>& a, const std::vector<double>& b) {
  if (std::max(a.size(), b.size()) > kExactRankTestMax) return MannWhitneyNormal(a, b);
  const Ranks ranks = RanksOf(a, b);
  return {UOf(ranks), ExactP(ranks), true};
}

double LeastRankTestP(size_t count_a, size_t count_b) {
  if (count_a == 0 || count_b == 0) return 1;
  const auto n = static_cast<double>(count_a);
  const auto m = static_cast<double>(count_b);
  return std::min(1.0, 2 * std::exp(std::lgamma(n + 1) + std::lgamma(m + 1) - std::lgamma(n + m + 1)));
}

}  // namespace harness
