// The first argument of the programs with a seeded bug, BUG or BUG:SEED. Called by their main functions. Pure.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>

struct BugArgument {
  explicit BugArgument(const std::string& text) : name(text.substr(0, text.find(':'))) {
    if (name.size() < text.size()) seed = std::strtoull(text.c_str() + name.size() + 1, nullptr, 10);
  }
  // Which record the bug strikes, drawn from the seed out of `count` from `low` on; without a seed `otherwise`.
  int64_t Victim(int64_t low, uint64_t count, int64_t otherwise) const {
    return seed ? low + static_cast<int64_t>(std::mt19937_64(*seed)() % count) : otherwise;
  }

  std::string name;
  std::optional<uint64_t> seed;
};
