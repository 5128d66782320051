// The JSON Schema of scenario files, word for word scenarios/scenario.schema.json, which the build puts into the
// program: a scenario is checked by the same text that editors use, wherever the program is installed. Pure.
#pragma once

#include <string_view>

namespace harness {

std::string_view SchemaText();

}  // namespace harness
