#include "harness/scenario/overrides.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/scenario/schema.h"

namespace harness {
namespace {

std::vector<std::string> Keys(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& member : object.items()) keys.push_back(member.key());
  return keys;
}

// The index that a token means in an array of `size`; `size` itself for "-".
std::optional<size_t> Index(const std::string& token, size_t size) {
  if (token == "-") return size;
  size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc{} || end != token.data() + token.size() || index >= size) return std::nullopt;
  return index;
}

std::runtime_error NoIndex(const std::string& pointer, const std::string& token, size_t size) {
  return std::runtime_error("the list at " + Quoted(pointer) + " has no item " + Quoted(token) + "; allowed: " +
                            (size == 0 ? "" : "0 to " + std::to_string(size - 1) + " or ") + "\"-\" to append");
}

// The container that holds what `tokens` name. Throws std::runtime_error with a sentence.
Json* FindParent(Json* root, const std::vector<std::string>& tokens) {
  Json* at = root;
  std::string pointer;
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    const std::string& token = tokens[i];
    if (at->is_array()) {
      const auto index = Index(token, at->size());
      if (!index || *index == at->size()) throw NoIndex(pointer, token, at->size());
      at = &(*at)[*index];
    } else if (at->is_object() && at->contains(token)) {
      at = &(*at)[token];
    } else if (at->is_object()) {
      throw std::runtime_error("there is no " + Quoted(token) + " in " + Quoted(pointer) +
                               DidYouMean(token, Keys(*at)) + "; it has " + QuotedList(Keys(*at)));
    } else {
      throw std::runtime_error(Quoted(pointer) + " is " + Shown(*at) + ", which holds nothing");
    }
    pointer = Below(pointer, token);
  }
  return at;
}

// "010" is 10, as everywhere else; JSON itself allows no leading zeros.
std::string WithoutZeros(std::string text) {
  const size_t begin = text.starts_with('-') ? 1 : 0;
  if (text.size() <= begin || text.find_first_not_of("0123456789", begin) != std::string::npos) return text;
  const size_t last = text.size() - 1;  // of nothing but zeros one stays
  text.erase(begin, std::min(text.find_first_not_of('0', begin), last) - begin);
  return text;
}

// JSON when it is JSON, text otherwise; then as the schema wants it.
Json ReadValue(const std::string& text, const std::string& pointer) {
  Json value = text;
  if (text.size() <= kScenarioBytesMax && Json::accept(text)) {
    JsonParse parse = ParseJson("", text);
    if (!parse.errors.empty()) throw std::runtime_error(parse.errors.front().message);
    value = std::move(parse.document.root);
  }
  const WantedType wanted = SchemaTypeAt(pointer);
  if (wanted.text && !wanted.number && !value.is_string() && !value.is_structured()) return text;
  if (wanted.number && !wanted.text && value.is_string()) {
    Json number = Json::parse(WithoutZeros(value.get<std::string>()), nullptr, /*allow_exceptions=*/false);
    if (number.is_number()) return number;
  }
  return value;
}

// Throws std::runtime_error with a sentence.
void CheckText(const std::string& setting, const std::string& text) {
  if (text.size() > kJsonTextBytesMax && !Json::accept(text)) {
    throw std::runtime_error("a text of " + std::to_string(text.size()) + " bytes; at most " +
                             std::to_string(kJsonTextBytesMax) + " are allowed");
  }
  try {
    (void)Json(setting).dump();
  } catch (const Json::exception&) {
    throw std::runtime_error("it is not UTF-8");
  }
}

// Returns the pointer of what was set; throws std::runtime_error or std::invalid_argument with a sentence.
std::string Apply(const std::string& setting, Json* root) {
  const size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw std::runtime_error("allowed: POINTER=VALUE, for instance \"/phases/1/rate=2000/s\"");
  }
  std::string pointer = setting.substr(0, equals);
  const std::string text = setting.substr(equals + 1);
  CheckText(setting, text);
  const std::vector<std::string> tokens = PointerTokens(pointer);
  Json* parent = FindParent(root, tokens);
  const std::string& last = tokens.back();
  if (parent->is_object()) {
    (*parent)[last] = ReadValue(text, pointer);
  } else if (parent->is_array()) {
    const std::string above = pointer.substr(0, pointer.rfind('/'));
    const auto index = Index(last, parent->size());
    if (!index) throw NoIndex(above, last, parent->size());
    pointer = Below(above, *index);
    if (*index == parent->size()) parent->push_back(nullptr);
    (*parent)[*index] = ReadValue(text, pointer);
  } else {
    throw std::runtime_error("what is above it is " + Shown(*parent) + ", which holds nothing");
  }
  return pointer;
}

// Returns its pointer; throws std::runtime_error with a sentence.
std::string AddThreshold(const std::string& text, Json* root) {
  CheckText(text, text);
  if (!root->is_object()) throw std::runtime_error("the scenario is " + Shown(*root) + ", which holds nothing");
  Json& expect = (*root)["expect"];
  if (!expect.is_null() && !expect.is_object()) throw std::runtime_error("\"/expect\" is " + Shown(expect));
  Json& thresholds = expect["thresholds"];
  if (!thresholds.is_null() && !thresholds.is_array()) {
    throw std::runtime_error("\"/expect/thresholds\" is " + Shown(thresholds));
  }
  thresholds.push_back(text);
  return Below("/expect/thresholds", thresholds.size() - 1);
}

}  // namespace

void ApplyOverrides(const ScenarioOverrides& overrides, Json* root, ErrorList* errors) {
  for (const std::string& setting : overrides.set) {
    const std::string name = "--set " + setting;
    try {
      errors->SetOverride(Apply(setting, root), name);
    } catch (const std::exception& error) {
      errors->InOverride(name, error.what());
    }
  }
  for (const std::string& text : overrides.thresholds) {
    const std::string name = "--threshold " + text;
    try {
      errors->SetOverride(AddThreshold(text, root), name);
    } catch (const std::exception& error) {
      errors->InOverride(name, error.what());
    }
  }
  if (overrides.seed && root->is_object()) {
    (*root)["seed"] = *overrides.seed;
    errors->SetOverride("/seed", "--seed " + std::to_string(*overrides.seed));
  }
}

}  // namespace harness
