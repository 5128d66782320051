#include "stream/winner_list.h"

#include <iterator>

namespace pipeline {
namespace {

// Below so many superseded ones a block is not worth a walk.
constexpr size_t kCompactionMin = 64;

}  // namespace

size_t WinnerList::BlockOf(int64_t offset) const {
  const auto found = std::lower_bound(blocks_.begin(), blocks_.end(), offset, [](const Block& block, int64_t wanted) {
    return block.winners.back().offset < wanted;
  });
  return static_cast<size_t>(found - blocks_.begin());
}

void WinnerList::Append(int64_t offset, StoredPayment* payment) {
  if (blocks_.empty() || blocks_.back().winners.size() >= kBlockMax) blocks_.emplace_back();
  blocks_.back().winners.push_back({offset, payment});
}

void WinnerList::Supersede(int64_t offset) {
  const size_t number = BlockOf(offset);
  Block& block = blocks_[number];
  const auto found = std::lower_bound(block.winners.begin(), block.winners.end(), offset,
                                      [](const Winner& winner, int64_t wanted) { return winner.offset < wanted; });
  found->payment = nullptr;
  ++block.superseded;
  if (block.superseded >= kCompactionMin && block.superseded * 2 >= block.winners.size()) Compact(number);
}

void WinnerList::Compact(size_t number) {
  Block& block = blocks_[number];
  std::erase_if(block.winners, [](const Winner& winner) { return winner.payment == nullptr; });
  block.superseded = 0;
  if (number > 0 && blocks_[number - 1].winners.size() + block.winners.size() <= kBlockMax / 2) {
    Block& before = blocks_[number - 1];
    std::move(block.winners.begin(), block.winners.end(), std::back_inserter(before.winners));
    block.winners.clear();
  }
  if (block.winners.empty()) blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(number));
}

size_t WinnerList::kept() const {
  size_t kept = 0;
  for (const Block& block : blocks_) kept += block.winners.size();
  return kept;
}

}  // namespace pipeline
