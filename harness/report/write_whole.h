// Files that appear whole or not at all, and those that are appended to. Called by the writers of the report, by the
// runner and by the commands.
#pragma once

#include <string>
#include <string_view>

namespace harness {

// Whoever waits for `path` never reads half of it. Throws std::system_error that names it.
void WriteWhole(const std::string& path, std::string_view text);
// Behind what is there; the file is made where there is none. Throws likewise.
void AppendToFile(const std::string& path, std::string_view text);

}  // namespace harness
