#include "stream/ordered_bitmap.h"

#include <bit>

namespace pipeline {

void OrderedBitmap::Insert(uint64_t value) {
  for (size_t level = 0;; ++level) {
    const uint64_t word = value / kBits;
    if (level == levels_.size()) {
      // The level below has just outgrown one word: what it held is the new level's first bit.
      levels_.push_back({levels_[level - 1][0] != 0 ? uint64_t{1} : uint64_t{0}});
    }
    std::vector<uint64_t>& words = levels_[level];
    if (!HasWord(level, word)) words.resize(word + 1, 0);
    words[word] |= uint64_t{1} << (value % kBits);
    if (words.size() == 1 && level + 1 == levels_.size()) return;
    value = word;
  }
}

void OrderedBitmap::Erase(uint64_t value) {
  for (size_t level = 0; level < levels_.size(); ++level) {
    const uint64_t word = value / kBits;
    if (!HasWord(level, word)) return;
    levels_[level][word] &= ~(uint64_t{1} << (value % kBits));
    if (levels_[level][word] != 0) return;
    value = word;
  }
}

std::optional<uint64_t> OrderedBitmap::Next(uint64_t value) const {
  size_t level = 0;
  for (;;) {  // up, until a word has a bit at or behind the wanted place
    if (level == levels_.size()) return std::nullopt;
    const uint64_t word = value / kBits;
    if (!HasWord(level, word)) return std::nullopt;
    const uint64_t rest = levels_[level][word] >> (value % kBits);
    if (rest != 0) {
      value += static_cast<uint64_t>(std::countr_zero(rest));
      break;
    }
    value = word + 1;
    ++level;
  }
  for (; level > 0; --level) {  // down to the member
    value = value * kBits + static_cast<uint64_t>(std::countr_zero(levels_[level - 1][value]));
  }
  return value;
}

}  // namespace pipeline
