// Protobuf's wire format, as far as messages are put together by hand here (event_frame, batch_encoder). Pure.
#pragma once

#include <cstdint>
#include <string>

namespace pipeline {

// A base 128 varint (protobuf.dev, "Encoding"): 1 to 10 bytes.
inline void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

}  // namespace pipeline
