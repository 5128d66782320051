// Any bytes as a .env file: pairs with names, or an error that names the line; no crash.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/dot_env.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const auto& [name, value] : pipeline::ParseDotEnv(".env", text)) {
      if (name.empty() || value.find('\0') != std::string::npos) std::abort();
    }
  } catch (const pipeline::SettingsError& error) {
    if (!std::string_view(error.what()).starts_with(".env:")) std::abort();
  }
  return 0;
}
