// An iterator over text that tells how far whoever reads it has come: nlohmann's parser reports what it has read as
// events that do not say where that stood. Called by the harness's readers of records and of scenarios. Pure.
#pragma once

#include <cstddef>
#include <iterator>

namespace harness {

// The copies that a parser makes share `furthest`, which points behind the last byte that any of them has left. Single
// pass.
struct ParseIterator {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* at = nullptr;
  const char** furthest = nullptr;

  reference operator*() const { return *at; }
  ParseIterator& operator++() {
    *furthest = ++at;
    return *this;
  }
  ParseIterator operator++(int) {
    ParseIterator old = *this;
    ++*this;
    return old;
  }
  bool operator==(const ParseIterator& other) const { return at == other.at; }
  bool operator!=(const ParseIterator& other) const { return at != other.at; }
};

}  // namespace harness
