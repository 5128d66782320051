// Collects what is wrong with one scenario document and gives each error its place: the line in the file, or the
// override that put the value there. Used by the parser of scenario files only. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/scenario/json_document.h"
#include "harness/scenario/scenario_error.h"

namespace harness {

class ErrorList {
 public:
  // `places` must outlive this.
  ErrorList(std::string file, const TextPlaces* places) : file_(std::move(file)), places_(places) {}

  // From now on errors at or below `pointer` name this override ("--set /seed=x") in place of a line.
  void SetOverride(std::string pointer, std::string text);

  void AtValue(std::string_view pointer, std::string message);
  void AtKey(std::string_view pointer, std::string message);
  // Of an override as such, in place of the file.
  void InOverride(const std::string& text, std::string message);

  // One that has its place already.
  void Append(ScenarioError error);

  bool empty() const { return errors_.empty(); }
  size_t size() const { return errors_.size() + dropped_; }
  // In the file's order, at most kScenarioErrorsMax of them, the last one then saying how many more there are.
  std::vector<ScenarioError> Take();

 private:
  void Add(std::string_view pointer, TextPlace place, std::string message);

  std::string file_;
  const TextPlaces* places_;
  std::vector<std::pair<std::string, std::string>> overrides_;
  std::vector<ScenarioError> errors_;
  size_t dropped_ = 0;
};

// "a", "b" or "c"
std::string QuotedList(const std::vector<std::string>& words);

// `, did you mean "rate"?` when a word of `known` is close to `word`, otherwise "".
std::string DidYouMean(std::string_view word, const std::vector<std::string>& known);

// A value as an error shows it: `"500"`, `the number 5`, `a list`.
std::string Shown(const Json& value);
// Text in quotation marks, shortened.
std::string Quoted(std::string_view text);

}  // namespace harness
