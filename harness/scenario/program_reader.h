// The part of the scenario reader for what runs: broker, servers, clients and producers, with the placeholders of their
// command lines. Used by scenario_reader.cc only. Pure.
#pragma once

#include <string>

#include "harness/plan/scenario.h"
#include "harness/scenario/error_list.h"
#include "harness/scenario/json_document.h"

namespace harness {

// Fills in broker, servers, clients and producers of a document that the schema has passed.
void ReadPrograms(const Json& root, ErrorList* errors, Scenario* scenario);

// Calls `read(element, pointer)` for each element of the list `key` of the document's root, if it is there.
template <typename Read>
void ForEach(const Json& root, const std::string& key, const Read& read) {
  const auto list = root.find(key);
  if (list == root.end()) return;
  for (size_t i = 0; i < list->size(); ++i) read((*list)[i], Below("/" + key, i));
}

enum DurationRange : bool { kPositive, kZeroToo };
// Reads json[key] into `*time_ns`; false, and nothing read, when it is absent or out of range (then with an error).
bool ReadDuration(const Json& json, const std::string& at, const std::string& key, ErrorList* errors,
                  DurationRange range, int64_t* time_ns);

}  // namespace harness
