#include "harness/measure/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace harness {

// HdrHistogram with lowest discernible value 1, 3 significant digits: sub-bucket count 2048, half of it 1024. The
// bucket of a value is the number of bits beyond 11, and within it the top 11 bits say where (the highest is always 1).
size_t LatencyHistogram::IndexOf(int64_t magnitude) {
  const auto value = static_cast<uint64_t>(magnitude);
  const int bucket = std::max(0, static_cast<int>(std::bit_width(value)) - (kBlockBits + 1));
  return (static_cast<size_t>(bucket) << kBlockBits) + static_cast<size_t>(value >> bucket);
}

int64_t LatencyHistogram::LowestOf(size_t index) {
  if (index < 2 * kBlockSize) return static_cast<int64_t>(index);
  const size_t bucket = (index >> kBlockBits) - 1;
  return static_cast<int64_t>((index - (bucket << kBlockBits)) << bucket);
}

int64_t LatencyHistogram::HighestOf(size_t index) { return LowestOf(index + 1) - 1; }

void LatencyHistogram::Add(Side* side, int64_t magnitude, int64_t times) {
  const size_t index = IndexOf(magnitude);
  auto& block = side->blocks.at(index >> kBlockBits);
  if (block.empty()) block.resize(kBlockSize);
  block[index & (kBlockSize - 1)] += times;
}

void LatencyHistogram::Record(int64_t value_ns, int64_t times) {
  if (times <= 0) return;
  const bool first = count_ == without_end_count_;
  min_ns_ = first ? value_ns : std::min(min_ns_, value_ns);
  max_ns_ = first ? value_ns : std::max(max_ns_, value_ns);
  count_ += times;
  sum_ns_ += static_cast<double>(value_ns) * static_cast<double>(times);
  const bool negative = value_ns < 0;
  if (negative) negative_count_ += times;
  Side* side = negative ? &negative_ : &positive_;
  if (value_ns > kHighest || value_ns < -kHighest) {
    side->overflow += times;
    overflow_count_ += times;
  } else {
    Add(side, negative ? -value_ns : value_ns, times);
  }
}

void LatencyHistogram::RecordWithoutEnd(int64_t times) {
  if (times <= 0) return;
  count_ += times;
  without_end_count_ += times;
}

void LatencyHistogram::Merge(Side* side, const Side& other) {
  for (size_t i = 0; i < kBlocks; ++i) {
    if (other.blocks[i].empty()) continue;
    if (side->blocks[i].empty()) side->blocks[i].resize(kBlockSize);
    for (size_t j = 0; j < kBlockSize; ++j) side->blocks[i][j] += other.blocks[i][j];
  }
  side->overflow += other.overflow;
}

void LatencyHistogram::Merge(const LatencyHistogram& other) {
  if (other.MaxFinite()) {
    const bool first = !MaxFinite();
    min_ns_ = first ? other.min_ns_ : std::min(min_ns_, other.min_ns_);
    max_ns_ = first ? other.max_ns_ : std::max(max_ns_, other.max_ns_);
  }
  Merge(&positive_, other.positive_);
  Merge(&negative_, other.negative_);
  count_ += other.count_;
  negative_count_ += other.negative_count_;
  overflow_count_ += other.overflow_count_;
  without_end_count_ += other.without_end_count_;
  sum_ns_ += other.sum_ns_;
}

void LatencyHistogram::ForEachBucket(const std::function<void(int64_t value_ns, int64_t count)>& visit) const {
  if (negative_.overflow > 0) visit(min_ns_, negative_.overflow);
  for (size_t i = kBlocks; i-- > 0;) {
    const auto& block = negative_.blocks[i];
    for (size_t j = block.size(); j-- > 0;) {
      if (block[j] > 0) visit(std::min(max_ns_, -LowestOf((i << kBlockBits) + j)), block[j]);
    }
  }
  for (size_t i = 0; i < kBlocks; ++i) {
    const auto& block = positive_.blocks[i];
    for (size_t j = 0; j < block.size(); ++j) {
      if (block[j] > 0) visit(std::min(max_ns_, HighestOf((i << kBlockBits) + j)), block[j]);
    }
  }
  if (positive_.overflow > 0) visit(max_ns_, positive_.overflow);
  if (without_end_count_ > 0) visit(kWithoutEnd, without_end_count_);
}

std::optional<int64_t> LatencyHistogram::AtQuantile(double q) const {
  if (empty()) return std::nullopt;
  const auto total = static_cast<double>(count_);
  // A product that floating point puts a hair above a whole number is that number: 0.99 * 1000 is rank 990.
  const double exact = std::clamp(q, 0.0, 1.0) * total;
  const auto rank = std::clamp(static_cast<int64_t>(std::ceil(exact - total * 1e-12)), int64_t{1}, count_);
  int64_t seen = 0;
  std::optional<int64_t> found;
  ForEachBucket([&](int64_t value_ns, int64_t times) {
    seen += times;
    if (!found && seen >= rank) found = value_ns;
  });
  return found;
}

std::optional<int64_t> LatencyHistogram::Min() const {
  if (empty()) return std::nullopt;
  return MaxFinite() ? min_ns_ : kWithoutEnd;
}

std::optional<int64_t> LatencyHistogram::Max() const {
  if (empty()) return std::nullopt;
  return without_end_count_ > 0 ? kWithoutEnd : max_ns_;
}

std::optional<int64_t> LatencyHistogram::MaxFinite() const {
  return count_ == without_end_count_ ? std::nullopt : std::optional<int64_t>(max_ns_);
}

std::optional<double> LatencyHistogram::Mean() const {
  if (!MaxFinite()) return std::nullopt;
  return sum_ns_ / static_cast<double>(count_ - without_end_count_);
}

}  // namespace harness
