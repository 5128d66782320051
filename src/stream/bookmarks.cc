#include "stream/bookmarks.h"

#include <algorithm>

namespace pipeline {
namespace {

constexpr int64_t kNothing = -1;

}  // namespace

void ToldOffsets::OnEvent(int32_t partition, int64_t offset) {
  const auto index = static_cast<size_t>(partition);
  if (index >= told_.size()) told_.resize(index + 1, kNothing);
  told_[index] = std::max(told_[index], offset);
}

int64_t ToldOffsets::Untold(const std::vector<int64_t>& covered) const {
  int64_t untold = 0;
  for (size_t p = 0; p < covered.size(); ++p) {
    untold += std::max<int64_t>(0, covered[p] - (p < told_.size() ? told_[p] : kNothing));
  }
  return untold;
}

std::vector<Bookmark> ToldOffsets::Take(const std::vector<int64_t>& covered) {
  if (covered.size() > told_.size()) told_.resize(covered.size(), kNothing);
  std::vector<Bookmark> bookmarks;
  for (size_t p = 0; p < covered.size(); ++p) {
    if (covered[p] <= told_[p]) continue;
    told_[p] = covered[p];
    bookmarks.push_back({static_cast<int32_t>(p), covered[p]});
  }
  return bookmarks;
}

}  // namespace pipeline
