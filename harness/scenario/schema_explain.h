// Puts into words what a JSON Schema refuses: a validator says that something failed, a person needs to know what was
// found and what is allowed. Knows the keywords that scenario.schema.json uses. Used by schema.cc only. Pure.
#pragma once

#include <string>
#include <vector>

#include "harness/scenario/error_list.h"
#include "harness/scenario/json_document.h"

namespace harness {

void ExplainSchemaErrors(const Json& schema, const Json& root, ErrorList* errors);

// The part of the schema that judges the value at these tokens, references resolved; nullptr when there is none.
const Json* SchemaNodeAt(const Json& schema, const std::vector<std::string>& tokens);

}  // namespace harness
