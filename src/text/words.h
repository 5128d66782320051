// Splits and strips text. Abseil does both for a string_view of its own, which on Debian 12 is not the standard's.
// Called by what reads settings, flags, records and scenarios. Pure, thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace pipeline {

// `text` without what of `space` it begins and ends with.
inline std::string_view Stripped(std::string_view text, std::string_view space = " \t") {
  text.remove_prefix(std::min(text.find_first_not_of(space), text.size()));
  return text.substr(0, text.find_last_not_of(space) + 1);  // npos + 1 is 0
}

// The pieces between separators, one more than there are of these; they may be empty.
inline std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const size_t end = text.find(separator);
    pieces.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

}  // namespace pipeline
