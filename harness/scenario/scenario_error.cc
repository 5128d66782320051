#include "harness/scenario/scenario_error.h"

namespace harness {

std::string ScenarioError::Text() const {
  std::string text = file;
  if (line > 0) text += ":" + std::to_string(line) + ":" + std::to_string(column);
  if (!pointer.empty()) text += ": " + pointer;
  return text + ": " + message;
}

}  // namespace harness
