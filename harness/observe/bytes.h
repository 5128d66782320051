// Little-endian bytes of plain values and strings: how journal frames are written and read. Called by
// journal_frames.cc. Pure.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace harness {

static_assert(std::endian::native == std::endian::little,
              "journals are little-endian; add byte swaps for this machine");

class ByteWriter {
 public:
  explicit ByteWriter(std::string* out) : out_(out) { out_->clear(); }
  template <typename T>
  ByteWriter& Put(T value) {
    static_assert(std::is_integral_v<T> || std::is_enum_v<T>);
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    out_->append(bytes, sizeof(T));
    return *this;
  }
  ByteWriter& PutText(std::string_view text) {
    Put(static_cast<uint32_t>(text.size()));
    out_->append(text);
    return *this;
  }

 private:
  std::string* out_;
};

// Once something did not fit, every further Get gives zero and ok() is false.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}
  template <typename T>
  T Get() {
    T value{};
    if (!Has(sizeof(T))) return value;
    if constexpr (std::is_same_v<T, bool>) {
      value = rest_.front() != 0;
    } else {
      std::memcpy(&value, rest_.data(), sizeof(T));
    }
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  // An enum whose values are 0 to `last`.
  template <typename T>
  T GetEnum(T last) {
    const auto value = Get<uint8_t>();
    if (value > static_cast<uint8_t>(last)) ok_ = false;
    return ok_ ? static_cast<T>(value) : T{};
  }
  std::string_view GetText() {
    const auto size = Get<uint32_t>();
    if (!Has(size)) return {};
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }
  // A count of entries of at least `entry_bytes_min` each, which must still be there.
  size_t GetCount(size_t entry_bytes_min) {
    const size_t count = Get<uint32_t>();
    if (count > rest_.size() / entry_bytes_min) ok_ = false;
    return ok_ ? count : 0;
  }
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && rest_.empty(); }

 private:
  bool Has(size_t bytes) {
    if (rest_.size() < bytes) ok_ = false;
    return ok_;
  }
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace harness
