#include "harness/verify/name_table.h"

#include <absl/container/flat_hash_map.h>

#include <cstring>
#include <stdexcept>
#include <string>

namespace harness {

struct NameTable::Table {
  std::string_view At(uint32_t begin) const {
    uint16_t size = 0;
    std::memcpy(&size, texts.data() + begin, sizeof(size));
    return {texts.data() + begin + sizeof(size), size};
  }

  absl::flat_hash_map<uint64_t, uint32_t> begins;  // where in `texts`: the size in 2 bytes, then the text
  std::string texts;
};

NameTable::NameTable() : table_(std::make_unique<Table>()) {}
NameTable::~NameTable() = default;
NameTable::NameTable(const NameTable& other) : table_(std::make_unique<Table>(*other.table_)) {}
NameTable& NameTable::operator=(const NameTable& other) {
  if (this != &other) *table_ = *other.table_;
  return *this;
}
// What was moved from is empty, and can be filled again.
NameTable::NameTable(NameTable&& other) noexcept : NameTable() { table_.swap(other.table_); }
NameTable& NameTable::operator=(NameTable&& other) noexcept {
  table_.swap(other.table_);
  return *this;
}

bool NameTable::Add(uint64_t id_hash, std::string_view text) {
  text = text.substr(0, kTextBytesMax);
  if (table_->texts.size() + sizeof(uint16_t) + text.size() > UINT32_MAX) {
    throw std::length_error("the names come to more than 4 GiB");
  }
  const auto begin = static_cast<uint32_t>(table_->texts.size());
  if (!table_->begins.try_emplace(id_hash, begin).second) return false;
  const auto size = static_cast<uint16_t>(text.size());
  table_->texts.append(reinterpret_cast<const char*>(&size), sizeof(size));
  table_->texts.append(text);
  return true;
}

std::optional<std::string_view> NameTable::Find(uint64_t id_hash) const {
  const auto found = table_->begins.find(id_hash);
  if (found == table_->begins.end()) return std::nullopt;
  return table_->At(found->second);
}

size_t NameTable::size() const { return table_->begins.size(); }

void NameTable::Reserve(size_t names) { table_->begins.reserve(names); }

void NameTable::ForEach(const std::function<void(uint64_t id_hash, std::string_view text)>& visit) const {
  for (const auto& [id_hash, begin] : table_->begins) visit(id_hash, table_->At(begin));
}

}  // namespace harness
