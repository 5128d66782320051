// A set of small integers that finds its next member in a few steps however many are absent between: one bit each, and
// levels of one bit per 64 above it. Used by the payment store, one per kind of payment. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace pipeline {

class OrderedBitmap {
 public:
  void Insert(uint64_t value);
  void Erase(uint64_t value);
  // The least member at or above `value`.
  std::optional<uint64_t> Next(uint64_t value) const;

 private:
  static constexpr int kBits = 64;
  bool HasWord(size_t level, uint64_t word) const { return word < levels_[level].size(); }

  std::vector<std::vector<uint64_t>> levels_ = {{}};  // [0] the members; a bit of [n + 1]: word of [n] is not 0
};

}  // namespace pipeline
