// `.env` files: settings that a person keeps beside the programs. Called from main() only, before any thread starts (it
// changes the process environment).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/settings_error.h"

namespace pipeline {

inline constexpr int64_t kDotEnvBytesMax = int64_t{1024} * 1024;

// NAME=value pairs of a .env text: comments, blank lines, `export `, single and double quotes (with \n \" \\ in double
// ones), spaces around names and values, CRLF, a byte order mark. `#` begins a comment at the beginning of a line,
// after white space and after a closing quote. Names: letters, digits, underscores. A value does not go beyond its
// line. Pairs come in the file's order. Throws SettingsError with FILE:LINE, which never repeats a value. Pure.
std::vector<std::pair<std::string, std::string>> ParseDotEnv(std::string_view file, std::string_view text);

// Puts what `path` says into the environment where a variable is not set already; of a name that stands twice, the last
// value. An absent file is no error; one that can't be read or is above kDotEnvBytesMax throws SettingsError.
void LoadDotEnv(const std::string& path = ".env");

}  // namespace pipeline
