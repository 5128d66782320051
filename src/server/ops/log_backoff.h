// How often a line may repeat itself: the first time at once, then after a pause that doubles each time, and at once
// again when it has been quiet for long. Pure: time comes in as an argument. Owned by whoever logs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace pipeline {

inline constexpr int64_t kLogPauseNsMin = 1'000'000'000;
inline constexpr int64_t kLogPauseNsMax = 60'000'000'000;

class LogBackoff {
 public:
  // It has happened: may it be told? How often it was not told since it was told last; nullopt: not now.
  std::optional<int64_t> Tell(int64_t now_ns) {
    const int64_t quiet_ns = now_ns - std::exchange(happened_ns_, now_ns);
    if (quiet_ns >= kLogPauseNsMax) pause_ns_ = 0;
    if (pause_ns_ > 0 && now_ns - told_ns_ < pause_ns_) {
      ++untold_;
      return std::nullopt;
    }
    told_ns_ = now_ns;
    pause_ns_ = std::clamp(pause_ns_ * 2, kLogPauseNsMin, kLogPauseNsMax);
    return std::exchange(untold_, 0);
  }

 private:
  int64_t happened_ns_ = 0;
  int64_t told_ns_ = 0;
  int64_t pause_ns_ = 0;  // 0: it was never told, or long ago
  int64_t untold_ = 0;
};

}  // namespace pipeline
