// What editors read as the schema of scenarios is what judges them: no rule of it is passed over by the validator, and
// each that a document breaks is told in words that say what was found and what is allowed.
#include "harness/scenario/schema.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "harness/scenario/schema_explain.h"
#include "harness/scenario/schema_text.h"
#include "tests/scenario/scenario_testing.h"

namespace harness {
namespace {

// Those of the drafts' keywords that mean the same in draft 4, which the validator knows, and in draft 7, which editors
// read; and those that only tell.
const std::set<std::string> kKeywords = {"$ref",          "additionalProperties",
                                         "allOf",         "enum",
                                         "items",         "maxItems",
                                         "maxProperties", "maximum",
                                         "minItems",      "minLength",
                                         "minProperties", "minimum",
                                         "pattern",       "patternProperties",
                                         "properties",    "required",
                                         "type",          "uniqueItems",
                                         "$schema",       "definitions",
                                         "description",   "title"};

// One that is no regular expression the validator would pass over without a word.
void CheckPattern(const std::string& pattern, const std::string& at) { EXPECT_NO_THROW(std::regex{pattern}) << at; }

void CheckNode(const Json& node, const std::string& at) {
  ASSERT_TRUE(node.is_object() || node.is_boolean()) << at;
  if (!node.is_object()) return;
  for (const auto& [key, value] : node.items()) {
    const std::string below = at + "/" + key;
    EXPECT_THAT(kKeywords, ::testing::Contains(key)) << below << ": does the validator know it?";
    if (key == "pattern") CheckPattern(value.get<std::string>(), below);
    if (key == "items" || key == "additionalProperties") CheckNode(value, below);
    if (key == "allOf") {
      for (const Json& part : value) CheckNode(part, below);
    }
    if (key == "properties" || key == "patternProperties" || key == "definitions") {
      for (const auto& [name, part] : value.items()) {
        if (key == "patternProperties") CheckPattern(name, below);
        CheckNode(part, below + "/" + name);
      }
    }
  }
}

TEST(SchemaTest, HoldsNoRuleThatTheValidatorPassesOver) { CheckNode(Json::parse(SchemaText()), ""); }

std::vector<Json> Documents() {
  std::vector<Json> documents = {Json::parse(kBase)};
  for (const auto& entry : std::filesystem::directory_iterator(Shipped(""))) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".json") && name != "scenario.schema.json") {
      documents.push_back(Json::parse(ReadText(entry.path())));
    }
  }
  return documents;
}

// Every value of a document, as pointers.
void AddPlaces(const Json& value, const Json::json_pointer& at, std::vector<Json::json_pointer>* places) {
  places->push_back(at);
  if (!value.is_structured()) return;
  for (const auto& member : value.items()) {
    AddPlaces(member.value(), value.is_array() ? at / std::stoul(member.key()) : at / member.key(), places);
  }
}

rc::Gen<Json> GenOddValue() {
  return rc::gen::element<Json>(nullptr, true, -1, 0, 1, 1.5, 1e300, UINT64_MAX, INT64_MIN, "", "x", "2s", "steady",
                                "500/s", "\xc3\xa9", std::string(200, 'a'), Json::array(), Json::object(),
                                Json{{"name", "x"}}, Json::array({"x", "x"}), Json::array({"no_id", "no_id"}),
                                Json{{"", ""}});
}

RC_GTEST_PROP(SchemaProperty, WhateverIsRefusedIsToldInWordsOfItsOwn, ()) {
  static const std::vector<Json> documents = Documents();
  Json document = *rc::gen::elementOf(documents);
  for (int changes = *rc::gen::inRange(0, 3); changes > 0; --changes) {
    std::vector<Json::json_pointer> places;
    AddPlaces(document, Json::json_pointer(), &places);
    Json& place = document[*rc::gen::elementOf(places)];
    const Json odd = *GenOddValue();
    if (place.is_object() && *rc::gen::arbitrary<bool>()) {
      place[*rc::gen::element<std::string>("extra", "name", "at", "kinds", "")] = odd;
    } else if (place.is_array() && *rc::gen::arbitrary<bool>()) {
      place.push_back(place.empty() || *rc::gen::arbitrary<bool>() ? odd : Json(place.front()));
    } else {
      place = odd;
    }
  }
  const TextPlaces places;
  ErrorList explained("s.json", &places);
  ExplainSchemaErrors(Json::parse(SchemaText()), document, &explained);
  ErrorList errors("s.json", &places);
  const bool valid = CheckAgainstSchema(document, &errors);
  RC_LOG() << document.dump();
  RC_ASSERT(valid == explained.empty());
  RC_ASSERT(valid == errors.empty());
  RC_ASSERT(errors.size() == explained.size());
}

TEST(SchemaTest, EveryShippedScenarioIsAllowed) {
  for (const Json& document : Documents()) {
    const TextPlaces places;
    ErrorList errors("s.json", &places);
    EXPECT_TRUE(CheckAgainstSchema(document, &errors)) << document.value("name", "");
  }
}

}  // namespace
}  // namespace harness
