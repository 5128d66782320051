#include "harness/report/result_facts.h"

#include <nlohmann/json.hpp>
#include <string>

namespace harness {
namespace {

using Json = nlohmann::json;

// Another program may have written it: everything is asked for its type.
const Json& At(const Json& object, const char* name) {
  static const Json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(name);
  return found == object.end() ? nothing : *found;
}
std::string Text(const Json& object, const char* name) {
  const Json& value = At(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}
int64_t Number(const Json& value) { return value.is_number_integer() ? value.get<int64_t>() : 0; }

}  // namespace

std::optional<RunFacts> FactsFromResult(std::string_view json) {
  const Json result = Json::parse(json, nullptr, false);
  const Json& run = At(result, "run");
  if (!run.is_object() || Number(At(result, "schema_version")) != kResultSchemaVersion) return std::nullopt;
  RunFacts facts;
  facts.scenario_path = Text(run, "scenario_file");
  facts.backend = Text(run, "backend");
  facts.version = Text(run, "version");
  facts.started_at = Text(run, "started_at");
  facts.duration_ns = Number(At(run, "duration_ns"));
  for (const Json& word : At(run, "overrides")) {
    if (word.is_string()) facts.overrides.push_back(word.get<std::string>());
  }
  facts.report_time_thresholds = Text(run, "thresholds") == "report";
  for (const auto& [name, value] : At(run, "host").items()) {
    if (value.is_string()) facts.host[name] = value.get<std::string>();
  }
  for (const Json& process : At(result, "usage")) {
    facts.processes.push_back({Text(process, "name"), Number(At(process, "cpu_user_ns")),
                               Number(At(process, "cpu_system_ns")), Number(At(process, "rss_bytes_max")),
                               Number(At(process, "log_bytes_dropped"))});
  }
  for (const Json& step : At(result, "timing")) {
    facts.steps.push_back({Text(step, "name"), Number(At(step, "duration_ns"))});
  }
  for (const auto& [name, value] : At(result, "load").items()) {
    if (value.is_number_integer()) facts.load[name] = Number(value);
  }
  return facts;
}

}  // namespace harness
