#include "harness/compare/rate_search.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "harness/compare/binomial.h"

namespace harness {
namespace {

constexpr double kChance = 0.5;  // a rate that holds no more often than this does not hold

// Places on the grid of rates: `from` is 0.
class RateSearch {
 public:
  RateSearch(const RateSearchOptions& options, const std::function<RateOutcome(double)>& try_rate)
      : options_(options), try_rate_(try_rate), holds_needed_(HoldsNeeded(options.repeat, options.confidence)) {
    const double step = std::log1p(options.resolution);
    constexpr double kRounding = 1e-9;
    most_ =
        std::max(0, static_cast<int>(std::floor(std::log(options.to_per_s / options.from_per_s) / step + kRounding)));
    least_ = std::min(0, static_cast<int>(std::ceil(std::log(kRatePerSMin / options.from_per_s) / step - kRounding)));
    doubling_ = std::max(1, static_cast<int>(std::lround(std::log(2) / step)));
  }

  RateSearchResult Run() {
    if (holds_needed_ > 0) {
      Bracket();
      Halve();
      Settle();
    }
    return Result();
  }

 private:
  double RateAt(int place) const { return options_.from_per_s * std::pow(1 + options_.resolution, place); }

  // One more try; true: it held.
  bool Try(int place) {
    if (stopped_) return false;
    const RateOutcome outcome = try_rate_(RateAt(place));
    if (outcome == RateOutcome::kStopped) {
      stopped_ = true;
      return false;
    }
    RateTally& tally = tallies_[place];
    ++tries_;
    if (outcome == RateOutcome::kHolds) ++tally.held;
    if (outcome == RateOutcome::kFails) ++tally.failed;
    if (outcome == RateOutcome::kHarnessLimit) ++tally.harness_limit;
    return outcome == RateOutcome::kHolds;
  }

  bool Shown(int place) { return tallies_[place].held >= holds_needed_; }
  bool Refuted(int place) {
    const RateTally& tally = tallies_[place];
    return tally.failed + tally.harness_limit > options_.repeat - holds_needed_;
  }
  // Tries until one of the two is so; true: shown.
  bool Decide(int place) {
    while (!stopped_ && !Shown(place) && !Refuted(place)) Try(place);
    return Shown(place);
  }

  // One try of a rate between low_ and high_, which becomes one of them.
  void TryAndMove(int place) {
    const bool held = Try(place);
    if (!stopped_) (held ? low_ : high_) = place;
  }

  // Moves low_ to a rate that held once, high_ to one that did not.
  void Bracket() {
    int place = 0;
    TryAndMove(place);
    while (!stopped_ && !high_ && place < most_) TryAndMove(place = std::min(most_, place + doubling_));
    while (!stopped_ && !low_ && place > least_) TryAndMove(place = std::max(least_, place - doubling_));
  }

  void Halve() {
    while (!stopped_ && low_ && high_ && *high_ - *low_ > 1) TryAndMove(*low_ + (*high_ - *low_) / 2);
  }

  // Until low_ is shown, high_ is refuted, and nothing is between. Every round decides a place or narrows the gap.
  void Settle() {
    int jump = 1;
    while (!stopped_ && low_) {
      if (!Decide(*low_)) {
        if (stopped_) return;
        high_ = low_;
        if (*low_ == least_) {
          low_.reset();
        } else {
          low_ = std::max(least_, *low_ - jump);
        }
        jump *= 2;
      } else if (high_ && Decide(*high_)) {
        low_ = high_;
        if (*high_ == most_) {
          high_.reset();
        } else {
          high_ = *high_ + 1;
        }
      } else if (!stopped_ && high_ && *high_ - *low_ > 1) {
        const int middle = *low_ + (*high_ - *low_) / 2;
        const bool shown = Decide(middle);
        if (!stopped_) (shown ? low_ : high_) = middle;
      } else {
        return;
      }
    }
  }

  RateSearchResult Result() {
    RateSearchResult result;
    result.tries = tries_;
    if (low_) {
      result.rate_per_s = RateAt(*low_);
      result.tally = tallies_[*low_];
      result.shown = Shown(*low_);
    }
    if (high_) {
      result.above_per_s = RateAt(*high_);
      result.above = tallies_[*high_];
      result.harness_is_limit = result.above.harness_limit > 0 && result.above.failed == 0;
    }
    result.end = stopped_ || holds_needed_ == 0 ? SearchEnd::kStopped
                 : low_                         ? SearchEnd::kFound
                 : result.harness_is_limit      ? SearchEnd::kHarnessLimit
                                                : SearchEnd::kNoneHolds;
    return result;
  }

  const RateSearchOptions options_;
  const std::function<RateOutcome(double)>& try_rate_;
  const int holds_needed_;
  int least_ = 0;
  int most_ = 0;
  int doubling_ = 1;
  std::map<int, RateTally> tallies_;
  std::optional<int> low_;
  std::optional<int> high_;
  int tries_ = 0;
  bool stopped_ = false;
};

}  // namespace

int HoldsNeeded(int tries, double confidence) {
  for (int held = 1; held <= tries; ++held) {
    if (BinomialAtLeast(held, tries, kChance) <= 1 - confidence) return held;
  }
  return 0;
}

int TriesNeeded(double confidence) {
  int tries = 1;
  while (HoldsNeeded(tries, confidence) == 0) ++tries;
  return tries;
}

RateSearchResult FindHighestRate(const RateSearchOptions& options, const std::function<RateOutcome(double)>& try_rate) {
  return RateSearch(options, try_rate).Run();
}

}  // namespace harness
