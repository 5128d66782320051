// A file that appears whole or not at all. Called by the writers of the report and by the runner.
#pragma once

#include <string>
#include <string_view>

namespace harness {

// Whoever waits for `path` never reads half of it. Throws std::system_error that names it.
void WriteWhole(const std::string& path, std::string_view text);

}  // namespace harness
