// Any bytes as a .env file: pairs with names and bounded values, words about what is passed over, or an error that
// names the line; no crash.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "common/dot_env.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const pipeline::DotEnv found = pipeline::ParseDotEnv(".env", text, [](const std::string& variable) {
      return variable == "HOME" ? std::optional<std::string>("/home/${HOME}") : std::nullopt;
    });
    size_t bytes = 0;
    for (const auto& [name, value] : found.pairs) {
      if (name.empty() || value.find('\0') != std::string::npos) std::abort();
      bytes += value.size();
    }
    if (bytes > static_cast<size_t>(pipeline::kDotEnvBytesMax)) std::abort();
    for (const std::string& sentence : found.passed_over) {
      if (!sentence.starts_with(".env:")) std::abort();
    }
  } catch (const pipeline::SettingsError& error) {
    if (!std::string_view(error.what()).starts_with(".env:")) std::abort();
  }
  return 0;
}
