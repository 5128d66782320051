// `.env` files: settings that a person keeps beside the programs, and that other programs read too. Called from main()
// only, before any thread starts (it changes the process environment). Neither Debian 12 nor 13 has a library for it
// that C++ can use.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/settings_error.h"

namespace pipeline {

// Of a file, and of all values in it together.
inline constexpr int64_t kDotEnvBytesMax = int64_t{1024} * 1024;

struct DotEnv {
  std::vector<std::pair<std::string, std::string>> pairs;  // in the file's order
  // What was passed over, a sentence each with FILE:LINE, without anything of what stands there: it may be a secret.
  std::vector<std::string> passed_over;
};

// What the environment says of a name; nullopt: it is not set.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string& name)>;

// NAME=value pairs of a .env text: comments, blank lines, `export `, single and double quotes that may go over several
// lines (with \n \" \\ \$ in double ones), spaces around names and values, CRLF, a byte order mark. `#` begins a
// comment at the beginning of a line, after white space and after a closing quote. Names: letters, digits, underscores.
// `${NAME}` and `${NAME:-otherwise}` outside of single quotes become what `environment` says of NAME, or the pair
// before that has it; every other `$` is itself. What is none of that is passed over with a word where it concerns
// other programs (names with dots and dashes, `export NAME` alone, text without "=", a quote that is not closed). Where
// it concerns a name that these programs read it is an error: SettingsError with FILE:LINE, which never repeats a
// value. Pure.
DotEnv ParseDotEnv(std::string_view file, std::string_view text, const EnvironmentLookup& environment);

// Puts what `path` says into the environment where a variable is not set already; of a name that stands twice, the last
// value. What is passed over is told on standard error. An absent file, or a folder of that name, is no error; one that
// can't be read, is no regular file or is above kDotEnvBytesMax throws SettingsError.
void LoadDotEnv(const std::string& path = ".env");

}  // namespace pipeline
