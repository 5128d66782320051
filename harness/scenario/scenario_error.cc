#include "harness/scenario/scenario_error.h"

#include <algorithm>

namespace harness {

std::string ScenarioError::Text() const {
  std::string text = file;
  if (line > 0) text += ":" + std::to_string(line) + ":" + std::to_string(column);
  if (!pointer.empty()) text += ": " + pointer;
  text += ": " + message;
  // Keys and values of a hostile file may hold anything; the terminal gets no control characters.
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return text;
}

}  // namespace harness
