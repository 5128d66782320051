// Members of a result.json, which another program may have written: each is asked for its type. Called by whoever reads
// one: the report of a recorded run, the index of several, a comparison. Pure, thread-safe.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace harness {

// Bytes of a result.json that are read.
inline constexpr size_t kResultBytesMax = size_t{256} << 20;

// null where there is none.
inline const nlohmann::json& ResultMember(const nlohmann::json& object, const char* name) {
  static const nlohmann::json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(name);
  return found == object.end() ? nothing : *found;
}

// Empty where there is none, or no text.
inline std::string ResultText(const nlohmann::json& object, const char* name) {
  const nlohmann::json& value = ResultMember(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

}  // namespace harness
