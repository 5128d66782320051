// A JSON text as a tree that remembers where each value stands, so that an error found later, by a schema or by a rule
// between two values, still names a line. Used by the parser of scenario files only. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/scenario/scenario_error.h"

namespace harness {

using Json = nlohmann::ordered_json;

// Limits of a scenario file beside its size. They also bound the work of the schema's regular expressions.
inline constexpr size_t kJsonDepthMax = 64;
inline constexpr size_t kJsonValuesMax = 10'000;
inline constexpr size_t kJsonTextBytesMax = 4096;
inline constexpr size_t kJsonKeyBytesMax = 128;

// "/phases/1" + "rate" -> "/phases/1/rate", with JSON pointer's escapes.
std::string Below(std::string_view pointer, std::string_view token);
std::string Below(std::string_view pointer, size_t index);
// The tokens of a JSON pointer, unescaped. Throws std::invalid_argument with a sentence when it is not one.
std::vector<std::string> PointerTokens(std::string_view pointer);

// Where in a text.
struct TextPlace {
  int line = 0;  // from 1; 0: unknown
  int column = 0;
};

// Where each value and key of a document begins.
class TextPlaces {
 public:
  using Node = size_t;
  static constexpr Node kRoot = 0;

  Node Add(Node parent, std::string_view token, TextPlace key, TextPlace value);
  void SetRoot(TextPlace value);
  // Of the value at `pointer`, or of the nearest value above it that exists.
  TextPlace OfValue(std::string_view pointer) const;
  // Of the key whose value is at `pointer`.
  TextPlace OfKey(std::string_view pointer) const;
  // The pointer of a node.
  std::string Pointer(Node node) const;

 private:
  struct Entry {
    Node parent = kRoot;
    std::string token;
    TextPlace key;
    TextPlace value;
  };
  Node Find(std::string_view pointer) const;

  std::vector<Entry> entries_ = {Entry{}};
  std::map<std::pair<Node, std::string>, Node> children_;
};

struct JsonDocument {
  Json root;
  TextPlaces places;
};

struct JsonParse {
  JsonDocument document;
  std::vector<ScenarioError> errors;  // duplicate keys, limits, at most one syntax error
  bool whole = false;                 // the text was read to its end: later checks make sense
};
JsonParse ParseJson(const std::string& file, std::string_view text);

}  // namespace harness
