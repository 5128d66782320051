// The grammar of a JSON scalar's text (RFC 8259), for the decoder that reads numbers as text and strings that its
// parser refuses. Called by the record decoder. Pure, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pipeline {

// Without the white space behind it that simdjson counts as part of a token.
std::string_view TrimJsonSpace(std::string_view token);

// Exactly one JSON number, whatever its size.
bool IsJsonNumber(std::string_view text);

// The string whose text begins behind its opening quote at `quoted`, in well-formed UTF-8 and with no bare control
// character, is appended to *out; an escape of half a surrogate pair, which has no UTF-8 form, as U+FFFD. False: an
// escape is none, or there is no closing quote.
bool AppendUnescaped(std::string_view quoted, std::string* out);

}  // namespace pipeline
