// UTF-8 a character at a time, and how wide a terminal draws it, by utf8proc. Called by what shows text: the client's
// display, the harness's reports. Pure, thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pipeline {

struct Utf8Character {
  char32_t code = 0;  // of an invalid one: its byte
  size_t bytes = 1;
  bool valid = true;
};

// The character that `text` (not empty) begins with. Invalid are what is no UTF-8, overlong forms and halves of
// surrogate pairs: of those the first byte.
Utf8Character FirstCharacter(std::string_view text);

// Columns that a terminal gives the character: 0 for a combining one, 2 for a wide one (East Asian, emoji), else 1,
// also for what has no shape at all.
int ColumnsOf(char32_t code);

// Whether a terminal obeys it, or it reorders or hides text: controls, format characters, separators of lines and
// paragraphs, tags.
bool IsUnsafe(char32_t code);

// Appends the character. `code` is one of Unicode's, no half of a surrogate pair.
void AppendUtf8(char32_t code, std::string* out);

}  // namespace pipeline
