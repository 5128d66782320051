// The payments of one partition in ascending order of an offset that each has there (of its winning record, or of the
// record that is its place in the list), in blocks: what is put in or taken out anywhere moves one block's entries at
// most, however many there are. Each has a kind, so that a search passes whole blocks in which nothing is wanted. Owned
// by the payment store. Pure; not thread-safe.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

namespace pipeline {

struct StoredPayment;

class PaymentsByOffset {
 public:
  static constexpr int kKindCount = 20;  // kinds are 0 to 19; of a set of them, 1 << kind is one
  static constexpr uint32_t kAllKinds = (uint32_t{1} << kKindCount) - 1;
  static constexpr size_t kBlockMax = 512;

  struct Entry {
    int64_t offset = 0;
    StoredPayment* payment = nullptr;
  };

  // No other has this offset.
  void Insert(int64_t offset, StoredPayment* payment, int kind);
  // Both: one has it.
  void Erase(int64_t offset);
  void SetKind(int64_t offset, int kind);

  std::optional<Entry> First() const;
  // Of memory, for tests.
  size_t blocks() const { return parts_.size(); }

  // Calls visit(payment) for those of these kinds with after < offset <= until, ascending, until it returns false.
  template <typename Visitor>
  void ForEach(int64_t after, int64_t until, uint32_t kinds, const Visitor& visit) const {
    for (size_t number = PartBehind(after); number < parts_.size(); ++number) {
      if ((parts_[number].kinds & kinds) == 0) continue;
      const Block& block = *parts_[number].block;
      const auto* const end = block.offsets.data() + block.end;
      const auto* const first = std::upper_bound(block.offsets.data() + block.begin, end, after);
      for (auto i = static_cast<size_t>(first - block.offsets.data()); i < block.end; ++i) {
        if (block.offsets[i] > until) return;
        if ((kinds >> block.kinds[i] & 1) != 0 && !visit(*block.payments[i])) return;
      }
    }
  }

 private:
  // Entries [begin, end) are in use; room on both sides, so that the oldest leave without a move.
  struct Block {
    size_t begin = 0;
    size_t end = 0;
    std::array<int64_t, kBlockMax> offsets;
    std::array<StoredPayment*, kBlockMax> payments;
    std::array<uint8_t, kBlockMax> kinds;
    std::array<uint16_t, kKindCount> counts{};  // by kind

    size_t size() const { return end - begin; }
    size_t Find(int64_t offset) const;  // the first entry at or behind it
    void Move(size_t from_begin, size_t from_end, size_t to);
    void Put(size_t at, int64_t offset, StoredPayment* payment, int kind);
    void Take(size_t at);
  };
  struct Part {
    int64_t last = 0;    // no entry of the block is behind it, all those of later blocks are
    uint32_t kinds = 0;  // that it has
    std::unique_ptr<Block> block;
  };

  size_t PartBehind(int64_t offset) const;  // the first with anything behind it, if there is
  static void Count(Part* part, int kind, int by);
  void Split(size_t number);
  // Joins it to a neighbour when both are small.
  void Join(size_t number);
  void Append(size_t from, size_t to);

  std::deque<Part> parts_;
};

}  // namespace pipeline
