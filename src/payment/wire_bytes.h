// Protobuf's wire format, as far as messages are put together by hand here (codec, event_frame, batch_encoder). Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace pipeline {

enum class WireType : uint8_t { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };

// What a field begins with. `field_number`: 1 to 15, from the generated code.
constexpr char FieldTag(int field_number, WireType type) {
  return static_cast<char>(field_number << 3 | static_cast<int>(type));
}

// A base 128 varint (protobuf.dev, "Encoding"): 1 to 10 bytes.
inline constexpr size_t kVarintBytesMax = 10;
// Returns the place behind it.
inline char* PutVarint(uint64_t value, char* at) {
  for (; value >= 0x80; value >>= 7) *at++ = static_cast<char>(value | 0x80);
  *at++ = static_cast<char>(value);
  return at;
}
inline void AppendVarint(uint64_t value, std::string* out) {
  std::array<char, kVarintBytesMax> bytes;
  out->append(bytes.data(), PutVarint(value, bytes.data()));
}

}  // namespace pipeline
