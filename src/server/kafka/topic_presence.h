// Whether the topic is there, from what Kafka has answered over some time: one answer without it means little (a broker
// that has just started, or is behind, does not know it for seconds). Pure: time comes in as an argument. Owned and
// called by TopicWatch's thread.
#pragma once

#include <cstdint>

namespace pipeline {

// For how long, and how often, Kafka must have answered without the topic (or with fewer partitions than it had), and
// never with it, until it counts as gone.
inline constexpr int64_t kTopicGoneNs = 10'000'000'000;
inline constexpr int kTopicGoneAnswers = 5;

class TopicPresence {
 public:
  enum class Finding : uint8_t {
    kPresent,
    kUnsure,  // it is missing in the answers; ask again
    kGone,
    kBack,  // present again, after kUnsure or kGone: it may be another one
  };

  // An answer: how many partitions the topic has, 0: it is not there; and how many it is known to have had.
  Finding OnAnswer(int32_t partitions, int32_t known, int64_t now_ns) {
    if (partitions > 0 && partitions >= known) {
      const Finding finding = missing_answers_ > 0 ? Finding::kBack : Finding::kPresent;
      missing_answers_ = 0;
      return finding;
    }
    if (missing_answers_ == 0) missing_since_ns_ = now_ns;
    ++missing_answers_;
    const bool gone = missing_answers_ >= kTopicGoneAnswers && now_ns - missing_since_ns_ >= kTopicGoneNs;
    return gone ? Finding::kGone : Finding::kUnsure;
  }

 private:
  int missing_answers_ = 0;  // since the last one that had it
  int64_t missing_since_ns_ = 0;
};

}  // namespace pipeline
