// A histogram of times with the memory of a few dozen kilobytes and three significant digits, after HdrHistogram (Gil
// Tene, public domain; "HdrHistogram_c", hdr_histogram.c: counts_index_for). Filled by metrics.cc, read by thresholds
// and by the report. Pure. Not thread-safe.
//
// Layout, in nanoseconds. Values below 2048 have a bucket each. Above, each power of two is cut into 1024 equal
// buckets, so a bucket is never wider than 1/1024 of its values: three digits from 1 us (in truth from 1 ns) to 1 h.
// Negative values (a clock read out of order, an acknowledgement after the delivery) have a mirrored half of their own;
// what lies beyond 1 h, either side, is counted apart. What never came is a latency without end: greater than any
// other, and counted as such in every quantile. Nothing is ever dropped.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace harness {

class LatencyHistogram {
 public:
  static constexpr int64_t kHighest = 3'600'000'000'000;  // ns
  static constexpr int64_t kWithoutEnd = INT64_MAX;       // what AtQuantile and Max say where nothing ever came

  void Record(int64_t value_ns) { Record(value_ns, 1); }
  void Record(int64_t value_ns, int64_t times);
  void RecordWithoutEnd(int64_t times = 1);
  void Merge(const LatencyHistogram& other);

  // All values, negative ones, those beyond the range and those without end included.
  int64_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  int64_t negative_count() const { return negative_count_; }
  int64_t overflow_count() const { return overflow_count_; }  // beyond 1 h, either side
  int64_t without_end_count() const { return without_end_count_; }

  // The value at quantile q in (0, 1]: the least recorded value v such that at least ceil(q * count) values are <= v
  // ("nearest rank"), as the greatest value of its bucket, but never above the greatest recorded value; for a rank
  // beyond the range the exact maximum (minimum), for one of those without end kWithoutEnd. nullopt when nothing is
  // recorded: an empty histogram has no percentiles.
  std::optional<int64_t> AtQuantile(double q) const;
  std::optional<int64_t> Min() const;        // exact
  std::optional<int64_t> Max() const;        // exact
  std::optional<int64_t> MaxFinite() const;  // exact; nullopt: none came
  std::optional<double> Mean() const;        // exact, of those that came

  // Ascending, without empty buckets: the greatest value of a bucket (or the exact minimum or maximum, for what is
  // beyond the range) and its count. Those without end come last, as kWithoutEnd.
  void ForEachBucket(const std::function<void(int64_t value_ns, int64_t count)>& visit) const;

  // The layout, which is HdrHistogram's: the bucket of a magnitude up to kHighest, and the least and the greatest
  // magnitude of a bucket.
  static size_t IndexOf(int64_t magnitude);
  static int64_t LowestOf(size_t index);
  static int64_t HighestOf(size_t index);
  static constexpr int kBuckets = 32;  // as HdrHistogram counts them, up to kHighest
  static constexpr int kSubBuckets = 2048;

 private:
  static constexpr int kBlockBits = 10;
  static constexpr size_t kBlockSize = size_t{1} << kBlockBits;
  static constexpr size_t kBlocks = 33;  // 2048 values of 1 ns, then one block for each power of two up to 2^42

  // One side of zero, by magnitude. A block is allocated at its first value.
  struct Side {
    std::array<std::vector<int64_t>, kBlocks> blocks;
    int64_t overflow = 0;
  };
  static void Add(Side* side, int64_t magnitude, int64_t times);
  static void Merge(Side* side, const Side& other);

  Side positive_;  // 0 included
  Side negative_;
  int64_t count_ = 0;
  int64_t negative_count_ = 0;
  int64_t overflow_count_ = 0;
  int64_t without_end_count_ = 0;
  int64_t min_ns_ = 0;
  int64_t max_ns_ = 0;
  double sum_ns_ = 0;
};

}  // namespace harness
