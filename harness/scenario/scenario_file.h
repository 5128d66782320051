// From a scenario file to a Scenario: parses, applies overrides, checks against the JSON Schema, then checks what a
// schema can't say (names, targets, times, metrics). Called by `harness run`, `validate` and `list` before anything
// starts. Touches no global state; callable from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/plan/scenario.h"
#include "harness/scenario/scenario_error.h"

namespace harness {

// Largest scenario file read, in bytes.
inline constexpr size_t kScenarioBytesMax = size_t{4} << 20;

struct ScenarioOverrides {
  // `--set`: "POINTER=VALUE", for instance "/phases/1/rate=2000/s". VALUE is JSON when it parses as JSON, text
  // otherwise; where the schema wants text, the value is taken as text. A last token that does not exist is added to
  // its object, "-" appends to an array.
  std::vector<std::string> set;
  std::optional<uint64_t> seed;              // `--seed`: replaces the file's
  std::vector<std::string> thresholds = {};  // `--threshold`: behind the file's own
};

using ScenarioResult = std::variant<Scenario, std::vector<ScenarioError>>;

// Never throws for what the file or the overrides hold; at most kScenarioErrorsMax errors, in the file's order.
ScenarioResult LoadScenario(const std::string& path, const ScenarioOverrides& overrides = {});

// The same from text; `file` is the name that errors carry.
ScenarioResult ParseScenario(const std::string& file, std::string_view text, const ScenarioOverrides& overrides = {});

}  // namespace harness
