// The members of JSON lines: how each kind of value is read, and refused when it has another type or is out of range.
// Shared by the parsers of what programs write (log_lines.cc, server_lines.cc). Pure.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "harness/verify/history.h"

namespace harness {

// Each Read* is false when the value has another type, or is out of range.
inline bool ReadText(simdjson::dom::element value, std::string* out) {
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return false;
  out->assign(text);
  return true;
}

template <typename T>
inline bool ReadNumber(simdjson::dom::element value, int64_t min, int64_t max, T* out) {
  int64_t number = 0;
  if (value.get_int64().get(number) != simdjson::SUCCESS || number < min || number > max) return false;
  *out = static_cast<T>(number);
  return true;
}

inline constexpr int64_t kInt64Max = std::numeric_limits<int64_t>::max();
inline constexpr int64_t kInt32Max = std::numeric_limits<int32_t>::max();
inline constexpr int64_t kUint32Max = std::numeric_limits<uint32_t>::max();

// Whether it can be is for the reader to judge, who knows when the program began and what time it is.
inline bool ReadTime(simdjson::dom::element value, int64_t* out) {
  return ReadNumber(value, std::numeric_limits<int64_t>::min(), kInt64Max, out);
}

inline bool ReadStart(simdjson::dom::element value, TokenPart* start) {
  simdjson::dom::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return false;
  bool has_partition = false;
  for (const auto [key, member] : object) {
    bool right = true;
    if (key == "p") right = has_partition = ReadNumber(member, 0, kInt32Max, &start->partition);
    if (key == "after") right = ReadNumber(member, -1, kInt64Max, &start->after);
    if (key == "snapshot_until") right = ReadNumber(member, -1, kInt64Max, &start->snapshot_until);
    if (!right) return false;
  }
  return has_partition;
}

inline bool ReadToken(simdjson::dom::element value, std::string* log_id, std::vector<TokenPart>* positions) {
  simdjson::dom::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return false;
  for (const auto [key, member] : object) {
    if (key == "log_id" && !ReadText(member, log_id)) return false;
    if (key != "partitions") continue;
    simdjson::dom::array partitions;
    if (member.get_array().get(partitions) != simdjson::SUCCESS) return false;
    positions->clear();
    for (const simdjson::dom::element partition : partitions) {
      if (!ReadStart(partition, &positions->emplace_back())) return false;
    }
  }
  return true;
}

// The members that every line has. False without a type or a time.
inline bool ReadHead(simdjson::dom::object object, std::string_view* type, int64_t* time_ns) {
  return object["type"].get_string().get(*type) == simdjson::SUCCESS && [&] {
    simdjson::dom::element time;
    return object["t"].get(time) == simdjson::SUCCESS && ReadTime(time, time_ns);
  }();
}

}  // namespace harness
