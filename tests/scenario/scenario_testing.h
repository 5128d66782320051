// What the tests of the scenario parser share: a small valid scenario to spoil, and short ways to a plan or to errors.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "harness/scenario/scenario_file.h"

namespace harness {

// One element a line, so that a mistake has a line of its own to be found in.
inline constexpr char kBase[] = R"({
  "name": "base",
  "servers": [{"name": "server-1"}],
  "clients": [{"name": "fast"}, {"name": "subs", "kind": "embedded", "count": 2}],
  "producers": [{"name": "load"}],
  "phases": [{"name": "steady", "duration": "2s", "rate": "500/s"}],
  "faults": [{"type": "process.kill", "target": "server-1", "at": "steady+1s"}],
  "drain": {"timeout": "5s"},
  "expect": {"thresholds": ["client.reconnects == 0"]}
})";

inline std::string Shipped(const std::string& name) { return std::string(PIPELINE_SOURCE_DIR) + "/scenarios/" + name; }

inline std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << path;
  return text.str();
}

inline std::string Texts(const std::vector<ScenarioError>& errors) {
  std::string all;
  for (const ScenarioError& error : errors) all += error.Text() + "\n";
  return all;
}

inline Scenario MustLoad(const ScenarioResult& result) {
  if (const auto* errors = std::get_if<std::vector<ScenarioError>>(&result)) {
    ADD_FAILURE() << Texts(*errors);
    return {};
  }
  return std::get<Scenario>(result);
}

// The errors' texts; a failure when there are none.
inline std::vector<std::string> Errors(const ScenarioResult& result) {
  const auto* errors = std::get_if<std::vector<ScenarioError>>(&result);
  if (errors == nullptr || errors->empty()) {
    ADD_FAILURE() << "no error";
    return {};
  }
  std::vector<std::string> texts;
  for (const ScenarioError& error : *errors) texts.push_back(error.Text());
  return texts;
}

inline std::string Replaced(std::string text, const std::string& what, const std::string& with) {
  const size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

}  // namespace harness
