#include "harness/report/not_started.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "harness/report/names.h"
#include "harness/report/text.h"
#include "harness/report/write_whole.h"
#include "harness/verify/exit_codes.h"

namespace harness {
namespace {

using Json = nlohmann::ordered_json;

std::string_view VerdictOf(const NotStarted& run) {
  return run.exit_code == kExitInterrupted ? VerdictName(RunVerdict::kInterrupted) : std::string_view("ERROR");
}

}  // namespace

std::string NotStartedResultJson(const NotStarted& run) {
  const RunFacts& facts = run.facts;
  const Json result{{"schema_version", kResultSchemaVersion},
                    {"scenario", run.scenario},
                    {"seed", run.seed ? Json(*run.seed) : Json(nullptr)},
                    {"verdict", VerdictOf(run)},
                    {"exit_code", run.exit_code},
                    {"problems", run.problems},
                    {"run",
                     {{"directory", facts.run_dir},
                      {"scenario_file", facts.scenario_path},
                      {"version", facts.version},
                      {"backend", facts.backend},
                      {"started_at", facts.started_at},
                      {"duration_ns", facts.duration_ns},
                      {"overrides", facts.overrides},
                      {"thresholds", facts.report_time_thresholds ? "report" : "judge"},
                      {"rerun", RerunCommand(facts, run.seed)},
                      {"host", facts.host}}}};
  // A scenario's errors may quote what is no UTF-8: replaced, never thrown at.
  return result.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string NotStartedJunitXml(const NotStarted& run) {
  const std::string counts = fmt::format("tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\" time=\"{:.3f}\"",
                                         static_cast<double>(run.facts.duration_ns) / 1e9);
  const std::string name = XmlEscaped(run.scenario);
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites " + counts + ">\n";
  xml += fmt::format("  <testsuite name=\"{}\" timestamp=\"{}\" {}>\n    <properties>\n", name,
                     XmlEscaped(run.facts.started_at), counts);
  const auto add_property = [&](const char* property, const std::string& value) {
    xml += fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", property, XmlEscaped(value));
  };
  add_property("verdict", std::string(VerdictOf(run)));
  add_property("exit_code", std::to_string(run.exit_code));
  if (run.seed) add_property("seed", std::to_string(*run.seed));
  add_property("rerun", RerunCommand(run.facts, run.seed));
  xml += fmt::format("    </properties>\n    <testcase classname=\"{}.run\" name=\"start\">\n", name);
  std::string details;
  for (const std::string& problem : run.problems) details += "\n" + XmlEscaped(problem);
  xml += fmt::format("      <error message=\"{}\">{}</error>\n",
                     XmlEscaped(run.problems.empty() ? std::string() : run.problems.front()), details);
  return xml + "    </testcase>\n  </testsuite>\n</testsuites>\n";
}

void WriteNotStarted(const NotStarted& run) {
  WriteWhole(run.facts.run_dir + "/junit.xml", NotStartedJunitXml(run));
  WriteWhole(run.facts.run_dir + "/result.json", NotStartedResultJson(run));  // last: whoever sees it finds the other
}

}  // namespace harness
