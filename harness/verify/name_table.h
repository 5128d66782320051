// The texts behind id hashes: payment ids, for people. Filled by the HistoryBuilder, read by whatever writes a
// sentence. Pure; not thread-safe while it is filled.
//
// Memory: the texts one behind another, and some 26 bytes for each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace harness {

class NameTable {
 public:
  static constexpr size_t kTextBytesMax = 65'535;

  NameTable();
  ~NameTable();
  NameTable(const NameTable& other);
  NameTable& operator=(const NameTable& other);
  NameTable(NameTable&& other) noexcept;
  NameTable& operator=(NameTable&& other) noexcept;

  // False, and nothing is changed, when `id_hash` is there already. A text longer than kTextBytesMax is cut. Throws
  // std::length_error when all texts come to 4 GiB.
  bool Add(uint64_t id_hash, std::string_view text);
  // Valid until the next Add; nullopt when it is not there.
  std::optional<std::string_view> Find(uint64_t id_hash) const;
  size_t size() const;
  void Reserve(size_t names);
  void ForEach(const std::function<void(uint64_t id_hash, std::string_view text)>& visit) const;  // in no order

 private:
  struct Table;
  std::unique_ptr<Table> table_;
};

}  // namespace harness
