// Any bytes as a line of a log: a state, no crash; and any object that can be sealed is sealed, and not when a byte of
// it is missing.
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include "common/line_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const pipeline::LineState state = pipeline::CheckLine(text);
  if (state != pipeline::LineState::kBroken && text.find('{') == std::string_view::npos) std::abort();
  try {
    std::string line = pipeline::SealLine(text);
    line.pop_back();
    if (pipeline::CheckLine(line) != pipeline::LineState::kSealed) std::abort();
    line.erase(line.size() / 2, 1);
    if (pipeline::CheckLine(line) == pipeline::LineState::kSealed) std::abort();
  } catch (const std::invalid_argument&) {
    // not one object on one line
  }
  return 0;
}
