#include "harness/scenario/schema.h"

#include <string>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>
#include <vector>

#include "harness/scenario/schema_explain.h"
#include "harness/scenario/schema_text.h"

namespace harness {
namespace {

using Plain = nlohmann::json;  // the only kind that valijson's adapter reads

struct CompiledSchema {
  Json text = Json::parse(SchemaText());
  valijson::Schema schema;
  CompiledSchema() {
    const Plain plain = text;
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(plain), schema);
  }
};

const CompiledSchema& Compiled() {
  static const CompiledSchema compiled;
  return compiled;
}

// {"<root>", "[phases]", "[0]"} -> "/phases/0"
std::string ContextPointer(const std::vector<std::string>& context) {
  std::string pointer;
  for (size_t i = 1; i < context.size(); ++i) {
    std::string_view token = context[i];
    if (token.size() >= 2 && token.front() == '[' && token.back() == ']') token = token.substr(1, token.size() - 2);
    pointer = Below(pointer, token);
  }
  return pointer;
}

}  // namespace

bool CheckAgainstSchema(const Json& root, ErrorList* errors) {
  const Plain plain = root;
  valijson::Validator validator;
  valijson::ValidationResults results;
  if (validator.validate(Compiled().schema, valijson::adapters::NlohmannJsonAdapter(plain), &results)) return true;
  const size_t before = errors->size();
  ExplainSchemaErrors(Compiled().text, root, errors);
  // The validator decides. What it found and the explanation has no words for is told in the validator's own.
  if (errors->size() == before) {
    for (const auto& error : results) errors->AtValue(ContextPointer(error.context), error.description);
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
