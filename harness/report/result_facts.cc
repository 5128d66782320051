#include "harness/report/result_facts.h"

#include <nlohmann/json.hpp>
#include <string>

#include "harness/report/result_members.h"

namespace harness {
namespace {

using Json = nlohmann::json;

int64_t Number(const Json& value) { return value.is_number_integer() ? value.get<int64_t>() : 0; }

}  // namespace

std::optional<RunFacts> FactsFromResult(std::string_view json) {
  const Json result = Json::parse(json, nullptr, false);
  const Json& run = ResultMember(result, "run");
  if (!run.is_object() || Number(ResultMember(result, "schema_version")) != kResultSchemaVersion) return std::nullopt;
  RunFacts facts;
  facts.scenario_path = ResultText(run, "scenario_file");
  facts.backend = ResultText(run, "backend");
  facts.version = ResultText(run, "version");
  facts.started_at = ResultText(run, "started_at");
  facts.duration_ns = Number(ResultMember(run, "duration_ns"));
  for (const Json& word : ResultMember(run, "overrides")) {
    if (word.is_string()) facts.overrides.push_back(word.get<std::string>());
  }
  facts.report_time_thresholds = ResultText(run, "thresholds") == "report";
  for (const auto& [name, value] : ResultMember(run, "host").items()) {
    if (value.is_string()) facts.host[name] = value.get<std::string>();
  }
  for (const Json& process : ResultMember(result, "usage")) {
    facts.processes.push_back({ResultText(process, "name"), Number(ResultMember(process, "cpu_user_ns")),
                               Number(ResultMember(process, "cpu_system_ns")),
                               Number(ResultMember(process, "rss_bytes_max")),
                               Number(ResultMember(process, "log_bytes_dropped"))});
  }
  for (const Json& step : ResultMember(result, "timing")) {
    facts.steps.push_back({ResultText(step, "name"), Number(ResultMember(step, "duration_ns"))});
  }
  for (const auto& [name, value] : ResultMember(result, "load").items()) {
    if (value.is_number_integer()) facts.load[name] = Number(value);
  }
  return facts;
}

}  // namespace harness
