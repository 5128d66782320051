// Which records were seen, one bit each, in blocks that are made where numbers occur: offsets of a partition, or
// sequence numbers of a producer. Called by the HistoryBuilder. Pure; not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

namespace harness {

class DistinctSet {
 public:
  // 512 bytes each: 32 MiB of bits, enough for 268 million neighbouring numbers.
  static constexpr size_t kBlocksMax = size_t{1} << 16;

  enum class Result : uint8_t { kNew, kSeen, kFull };
  // kFull: not kept, because numbers are spread over more than kBlocksMax blocks.
  Result Insert(uint32_t space, uint64_t number) {
    const Key key{space, number / kBlockBits};
    auto found = blocks_.find(key);
    if (found == blocks_.end()) {
      if (blocks_.size() >= kBlocksMax) return Result::kFull;
      found = blocks_.emplace(key, std::make_unique<Block>()).first;
    }
    uint64_t& word = (*found->second)[number % kBlockBits / 64];
    const uint64_t bit = uint64_t{1} << (number % 64);
    if ((word & bit) != 0) return Result::kSeen;
    word |= bit;
    return Result::kNew;
  }

 private:
  static constexpr uint64_t kBlockBits = 4096;
  using Block = std::array<uint64_t, kBlockBits / 64>;
  struct Key {
    uint32_t space = 0;
    uint64_t block = 0;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const {
      uint64_t mixed = (key.block ^ (uint64_t{key.space} << 40)) * 0x9E37'79B9'7F4A'7C15;
      return mixed ^ (mixed >> 29);
    }
  };
  std::unordered_map<Key, std::unique_ptr<Block>, KeyHash> blocks_;
};

}  // namespace harness
