// Whatever an existing acknowledgement log holds, finding its last sequence does not crash, and a sequence that is
// found stands in the text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "producer/ack_log.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const uint64_t last = pipeline::LastSequence(text);
  if (last != 0 && text.find(std::to_string(last)) == std::string_view::npos) std::abort();
  return 0;
}
