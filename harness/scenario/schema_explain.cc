#include "harness/scenario/schema_explain.h"

#include <algorithm>
#include <map>
#include <regex>
#include <string_view>

namespace harness {
namespace {

// A node with a "$ref", or an "allOf" of one as a place for a description of its own, stands for what it refers to.
const Json& Resolve(const Json& schema, const Json& node) {
  const Json* at = &node;
  for (;;) {
    if (const auto all = at->find("allOf"); all != at->end()) {
      at = &all->front();
    } else if (const auto reference = at->find("$ref"); reference != at->end()) {
      at = &schema.at(Json::json_pointer(reference->get_ref<const std::string&>().substr(1)));
    } else {
      return *at;
    }
  }
}

bool Matches(const std::string& text, const std::string& pattern) {
  return std::regex_search(text, std::regex(pattern));
}

bool HasType(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  return false;
}

std::vector<std::string> Types(const Json& node) {
  const auto type = node.find("type");
  if (type == node.end()) return {};
  if (type->is_string()) return {type->get<std::string>()};
  return type->get<std::vector<std::string>>();
}

std::string Range(const Json& node) {
  std::string text;
  if (node.contains("minimum")) text += " from " + node["minimum"].dump();
  if (node.contains("maximum")) text += " to " + node["maximum"].dump();
  return text;
}

// The keys that an object may have, as error texts list them.
std::vector<std::string> AllowedKeys(const Json& node) {
  std::vector<std::string> keys;
  if (const auto properties = node.find("properties"); properties != node.end()) {
    for (const auto& property : properties->items()) keys.push_back(property.key());
  }
  if (const auto patterns = node.find("patternProperties"); patterns != node.end()) {
    for (const auto& pattern : patterns->items()) keys.push_back(pattern.value().value("title", pattern.key()));
  }
  return keys;
}

std::string Allowed(const Json& node) {
  if (node.contains("enum")) return QuotedList(node["enum"].get<std::vector<std::string>>());
  std::string text;
  for (const std::string& type : Types(node)) {
    if (!text.empty()) text += " or ";
    if (type == "object") text += "an object with the keys " + QuotedList(AllowedKeys(node));
    if (type == "array") text += "a list";
    if (type == "boolean") text += "true or false";
    if (type == "integer") text += "a whole number" + Range(node);
    if (type == "number") text += "a number" + Range(node);
    if (type == "string") text += node.contains("pattern") ? node.value("description", "text") : "text";
  }
  return text;
}

class Explainer {
 public:
  Explainer(const Json& schema, ErrorList* errors) : schema_(schema), errors_(errors) {}

  // Recursion is bounded by the document's depth.
  void Explain(const Json& unresolved, const Json& value, const std::string& pointer) {
    const Json& node = Resolve(schema_, unresolved);
    if (!CheckType(node, value, pointer) || !CheckScalar(node, value, pointer)) return;
    if (value.is_array()) ExplainArray(node, value, pointer);
    if (value.is_object()) ExplainObject(node, value, pointer);
  }

 private:
  void Refuse(const Json& node, const Json& value, const std::string& pointer, const std::string& extra = "") {
    errors_->AtValue(pointer, "found " + Shown(value) + extra + "; allowed: " + Allowed(node));
  }

  bool CheckType(const Json& node, const Json& value, const std::string& pointer) {
    const std::vector<std::string> types = Types(node);
    bool right = types.empty();
    for (const std::string& type : types) right = right || HasType(value, type);
    if (!right) Refuse(node, value, pointer);
    return right;
  }

  bool CheckScalar(const Json& node, const Json& value, const std::string& pointer) {
    if (const auto words = node.find("enum"); words != node.end()) {
      for (const Json& word : *words) {
        if (word == value) return true;
      }
      Refuse(node, value, pointer,
             value.is_string() ? DidYouMean(value.get<std::string>(), words->get<std::vector<std::string>>()) : "");
      return false;
    }
    if (value.is_string()) {
      const auto& text = value.get_ref<const std::string&>();
      if (node.contains("pattern") && !Matches(text, node["pattern"])) {
        Refuse(node, value, pointer);
        return false;
      }
      if (node.contains("minLength") && text.empty()) {
        errors_->AtValue(pointer, "found an empty text; allowed: at least one character");
        return false;
      }
    }
    if (value.is_number()) {
      const bool low = node.contains("minimum") && value.get<double>() < node["minimum"].get<double>();
      const bool high = node.contains("maximum") && value.get<double>() > node["maximum"].get<double>();
      if (low || high) Refuse(node, value, pointer);
      return !low && !high;
    }
    return true;
  }

  void CheckSize(const Json& node, const Json& value, const std::string& pointer, const std::string& of,
                 const std::string& things) {
    const size_t count = value.size();
    if (node.contains("min" + of) && count < node["min" + of].get<size_t>()) {
      errors_->AtValue(
          pointer, "found " + std::to_string(count) + " " + things + "; allowed: at least " + node["min" + of].dump());
    }
    if (node.contains("max" + of) && count > node["max" + of].get<size_t>()) {
      errors_->AtValue(
          pointer, "found " + std::to_string(count) + " " + things + "; allowed: at most " + node["max" + of].dump());
    }
  }

  void CheckUnique(const Json& value, const std::string& pointer) {
    for (size_t i = 1; i < value.size(); ++i) {
      const auto end = value.begin() + static_cast<Json::difference_type>(i);
      if (std::find(value.begin(), end, value[i]) != end) {
        errors_->AtValue(Below(pointer, i), "found " + Shown(value[i]) + " again; allowed: each item once");
      }
    }
  }

  void ExplainArray(const Json& node, const Json& value, const std::string& pointer) {
    CheckSize(node, value, pointer, "Items", "items");
    if (node.value("uniqueItems", false)) CheckUnique(value, pointer);
    const auto items = node.find("items");
    if (items == node.end()) return;
    for (size_t i = 0; i < value.size(); ++i) Explain(*items, value[i], Below(pointer, i));
  }

  void ExplainObject(const Json& node, const Json& value, const std::string& pointer) {
    CheckSize(node, value, pointer, "Properties", "keys");
    if (const auto required = node.find("required"); required != node.end()) {
      for (const auto& key : required->get<std::vector<std::string>>()) {
        if (!value.contains(key)) errors_->AtValue(pointer, "the key " + Quoted(key) + " is missing");
      }
    }
    for (const auto& member : value.items()) {
      const std::string below = Below(pointer, member.key());
      if (const Json* part = PartFor(node, member.key())) {
        Explain(*part, member.value(), below);
      } else if (node.contains("additionalProperties")) {
        const std::vector<std::string> known = AllowedKeys(node);
        errors_->AtKey(below, "unknown key " + Quoted(member.key()) + DidYouMean(member.key(), known) +
                                  "; allowed: " + QuotedList(known));
      }
    }
  }

 public:
  static const Json* PartFor(const Json& node, const std::string& key) {
    if (const auto properties = node.find("properties"); properties != node.end()) {
      if (const auto property = properties->find(key); property != properties->end()) return &*property;
    }
    if (const auto patterns = node.find("patternProperties"); patterns != node.end()) {
      for (const auto& pattern : patterns->items()) {
        if (Matches(key, pattern.key())) return &pattern.value();
      }
    }
    return nullptr;
  }

 private:
  const Json& schema_;
  ErrorList* errors_;
};

}  // namespace

void ExplainSchemaErrors(const Json& schema, const Json& root, ErrorList* errors) {
  Explainer(schema, errors).Explain(schema, root, "");
}

const Json* SchemaNodeAt(const Json& schema, const std::vector<std::string>& tokens) {
  const Json* node = &Resolve(schema, schema);
  for (const std::string& token : tokens) {
    if (const auto items = node->find("items"); items != node->end()) {
      node = &*items;
    } else {
      node = Explainer::PartFor(*node, token);
    }
    if (node == nullptr) return nullptr;
    node = &Resolve(schema, *node);
  }
  return node;
}

}  // namespace harness
