#include "harness/scenario/schema.h"

// The patterns are std::regex's, as editors read them and as schema_explain.cc does. (RapidJSON takes them then by
// itself; to define RAPIDJSON_SCHEMA_USE_STDREGEX too would undo it.)
#define RAPIDJSON_SCHEMA_USE_INTERNALREGEX 0
#include <rapidjson/document.h>
#include <rapidjson/schema.h>
#include <rapidjson/stringbuffer.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "harness/scenario/schema_explain.h"
#include "harness/scenario/schema_text.h"

namespace harness {
namespace {

// The schema in words for RapidJSON 1.1, which judges a value whose key matches one of "patternProperties" by the
// schema of the object around it where "additionalProperties" is false; not where it is a schema that allows nothing.
Json Reworded(Json node) {
  for (auto& part : node) {
    if (part.is_structured()) part = Reworded(std::move(part));
  }
  if (node.is_object() && node.contains("patternProperties") && node.value("additionalProperties", Json()) == false) {
    node["additionalProperties"] = {{"not", Json::object()}};
  }
  return node;
}

rapidjson::Document Parsed(const std::string& text) {
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  if (document.HasParseError()) throw std::logic_error("the schema of scenarios is no JSON");
  return document;
}

struct CompiledSchema {
  Json text = Json::parse(SchemaText());
  rapidjson::Document document = Parsed(Reworded(text).dump());
  rapidjson::SchemaDocument schema{document};
};

const CompiledSchema& Compiled() {
  static const CompiledSchema compiled;
  return compiled;
}

rapidjson::SizeType Size(size_t size) { return static_cast<rapidjson::SizeType>(size); }

// Tells the validator of `value`, part by part; false once it refuses one. Recursion is bounded by kJsonDepthMax.
bool Tell(const Json& value, rapidjson::SchemaValidator* validator) {
  switch (value.type()) {
    case Json::value_t::boolean:
      return validator->Bool(value.get<bool>());
    case Json::value_t::number_integer:
      return validator->Int64(value.get<int64_t>());
    case Json::value_t::number_unsigned:
      return validator->Uint64(value.get<uint64_t>());
    case Json::value_t::number_float:
      return validator->Double(value.get<double>());
    case Json::value_t::string: {
      const auto& text = value.get_ref<const std::string&>();
      return validator->String(text.data(), Size(text.size()), true);
    }
    case Json::value_t::array:
      if (!validator->StartArray()) return false;
      for (const Json& item : value) {
        if (!Tell(item, validator)) return false;
      }
      return validator->EndArray(Size(value.size()));
    case Json::value_t::object:
      if (!validator->StartObject()) return false;
      for (const auto& member : value.items()) {
        const std::string& key = member.key();
        if (!validator->Key(key.data(), Size(key.size()), true) || !Tell(member.value(), validator)) return false;
      }
      return validator->EndObject(Size(value.size()));
    default:
      return validator->Null();
  }
}

std::string InvalidPlace(const rapidjson::SchemaValidator& validator) {
  rapidjson::StringBuffer pointer;
  validator.GetInvalidDocumentPointer().Stringify(pointer);
  return {pointer.GetString(), pointer.GetSize()};
}

}  // namespace

bool CheckAgainstSchema(const Json& root, ErrorList* errors) {
  rapidjson::SchemaValidator validator(Compiled().schema);
  if (Tell(root, &validator) && validator.IsValid()) return true;
  const size_t before = errors->size();
  ExplainSchemaErrors(Compiled().text, root, errors);
  // The validator decides. What it found and the explanation has no words for is told by the rule's name.
  if (errors->size() == before) {
    errors->AtValue(InvalidPlace(validator), "breaks the schema's rule " + Quoted(validator.GetInvalidSchemaKeyword()));
  }
  return false;
}

WantedType SchemaTypeAt(std::string_view pointer) {
  const Json* node = SchemaNodeAt(Compiled().text, PointerTokens(pointer));
  WantedType wanted;
  if (node == nullptr) return wanted;
  if (node->contains("enum")) wanted.text = true;  // all of them are words
  if (const auto type = node->find("type"); type != node->end()) {
    const std::vector<Json> types = type->is_array() ? type->get<std::vector<Json>>() : std::vector<Json>{*type};
    for (const Json& name : types) {
      if (name == "string") wanted.text = true;
      if (name == "integer" || name == "number") wanted.number = true;
    }
  }
  return wanted;
}

}  // namespace harness
