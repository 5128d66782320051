// The grammar of a JSON scalar's text (RFC 8259), for the decoder that reads numbers as text. Called by the record
// decoder. Pure, thread-safe.
#pragma once

#include <string_view>

namespace pipeline {

// Without the white space behind it that simdjson counts as part of a token.
std::string_view TrimJsonSpace(std::string_view token);

// Exactly one JSON number, whatever its size.
bool IsJsonNumber(std::string_view text);

}  // namespace pipeline
