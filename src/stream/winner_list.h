// The winning records of one partition in ascending order of their offsets, kept in blocks: dropping what was
// superseded costs a block at most, however many there are. Owned by the payment store. Pure; not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pipeline {

struct StoredPayment;

class WinnerList {
 public:
  struct Winner {
    int64_t offset = 0;
    StoredPayment* payment = nullptr;  // null: superseded
  };

  // Above all that were appended before.
  void Append(int64_t offset, StoredPayment* payment);
  // The winner at `offset`, which is there, is none any more.
  void Supersede(int64_t offset);

  // Calls visit(payment) for winners with after < offset <= until, ascending, until it returns false.
  template <typename Visitor>
  void ForEach(int64_t after, int64_t until, const Visitor& visit) const {
    for (size_t block = BlockOf(after + 1); block < blocks_.size(); ++block) {
      const std::vector<Winner>& winners = blocks_[block].winners;
      auto winner = std::upper_bound(winners.begin(), winners.end(), after,
                                     [](int64_t offset, const Winner& w) { return offset < w.offset; });
      for (; winner != winners.end(); ++winner) {
        if (winner->offset > until) return;
        if (winner->payment != nullptr && !visit(*winner->payment)) return;
      }
    }
  }

  // Places kept, of winners and of what was superseded; for tests.
  size_t kept() const;

  static constexpr size_t kBlockMax = 4096;

 private:
  struct Block {
    std::vector<Winner> winners;  // not empty
    size_t superseded = 0;        // of them
  };
  // The first block that ends at or behind `offset`; the number of blocks when there is none.
  size_t BlockOf(int64_t offset) const;
  // Drops what was superseded of a block, and joins it to the one before when both are small.
  void Compact(size_t block);

  std::vector<Block> blocks_;
};

}  // namespace pipeline
