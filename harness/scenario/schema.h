// The JSON Schema at work: decides whether a document has the right shape, and says in words what has not. Used by the
// parser of scenario files only. The schema is compiled once, on first use; thread-safe after that.
#pragma once

#include <string_view>

#include "harness/scenario/error_list.h"
#include "harness/scenario/json_document.h"

namespace harness {

// Adds an error for everything in `root` that the schema does not allow; true when there is none.
bool CheckAgainstSchema(const Json& root, ErrorList* errors);

// What the schema wants at `pointer`, for values that come from a command line without quotation marks.
struct WantedType {
  bool text = false;    // a string is allowed
  bool number = false;  // a number is allowed
};
WantedType SchemaTypeAt(std::string_view pointer);

}  // namespace harness
