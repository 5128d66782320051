// The search for the highest rate that holds: doubling until one does not, halving what is between, and repeated tries
// at the edge, for a run near it holds by luck. Called by `harness find-max`, which makes a run of each try. Pure: what
// a try says comes in as a function.
//
// Rates stand on a grid, each one resolution above the one below. A rate is shown to hold when so many of `repeat`
// tries hold that a rate which holds no more often than every second time would do it with a probability of at most 1 -
// `confidence` (binomial, one-sided). It is refuted as soon as that can't be reached any more.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace harness {

enum class RateOutcome : uint8_t {
  kHolds,
  kFails,
  kHarnessLimit,  // the load fell behind its plan: nothing is known of the system at that rate
  kStopped,       // somebody wants no more, or a try could not be made
};

struct RateSearchOptions {
  double from_per_s = 1000;  // tried first
  double to_per_s = 1e6;     // no rate above it is tried
  double resolution = 0.05;  // above 0
  int repeat = 4;            // at least TriesNeeded(confidence)
  double confidence = 0.9;   // 0.5 to below 1
};
inline constexpr double kRatePerSMin = 1;  // no rate below it is tried

struct RateTally {
  int held = 0;
  int failed = 0;
  int harness_limit = 0;
  int tries() const { return held + failed + harness_limit; }
};

enum class SearchEnd : uint8_t {
  kFound,
  kNoneHolds,     // not the least rate either
  kHarnessLimit,  // likewise, and it is the harness that can't offer it
  kStopped,       // the rates are what is known so far
};

struct RateSearchResult {
  SearchEnd end = SearchEnd::kStopped;
  double rate_per_s = 0;   // the highest that holds; 0: none
  bool shown = false;      // with the confidence asked for; false only when stopped
  RateTally tally;         // of its tries
  double above_per_s = 0;  // the lowest above it that does not; 0: `to` was reached, or nothing above was tried
  RateTally above;
  bool harness_is_limit = false;  // it was never the system that failed above
  int tries = 0;
};

// `try_rate` is called with rates of the grid, from this thread, until it says kStopped.
RateSearchResult FindHighestRate(const RateSearchOptions& options, const std::function<RateOutcome(double)>& try_rate);

// How many of `tries` must hold to show it; 0: so few can't.
int HoldsNeeded(int tries, double confidence);
// The least number of tries with which it can be shown: 4 at 90 %.
int TriesNeeded(double confidence);

}  // namespace harness
