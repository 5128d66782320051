// What a run ran on and from: processes, the machine, the effective scenario, and how to run it again.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "harness/report/names.h"
#include "harness/report/page/html.h"
#include "harness/report/page/page.h"
#include "harness/report/text.h"

namespace harness {
namespace {

constexpr size_t kProcessesShown = 200;
constexpr size_t kScenarioBytesShown = 256 << 10;

std::string BytesText(int64_t bytes) {
  if (bytes <= 0) return "–";
  const auto mebibytes = static_cast<double>(bytes) / (1 << 20);
  return mebibytes < 1024 ? fmt::format("{:.1f} MiB", mebibytes) : fmt::format("{:.2f} GiB", mebibytes / 1024);
}

std::string UsageTable(const Report& report) {
  HtmlTable table(
      "CPU and memory of each program over the whole run",
      {{"Program"}, {"CPU, user", true}, {"CPU, system", true}, {"Memory at most", true}, {"Log left out", true}});
  for (const RunFacts::ProcessUsage& usage : report.facts.processes) {
    table.Add({Html(usage.name), DurationText(usage.cpu_user_ns), DurationText(usage.cpu_system_ns),
               BytesText(usage.rss_bytes_max), usage.log_bytes_dropped > 0 ? BytesText(usage.log_bytes_dropped) : "–"});
  }
  return table.empty() ? "" : table.Text();
}

std::string LivesTable(const Report& report) {
  HtmlTable table("Each life of each process", {{"Process"},
                                                {"Pid", true},
                                                {"Started", true},
                                                {"Ready", true},
                                                {"Ended", true},
                                                {"By"},
                                                {"How"},
                                                {"Memory when ready", true},
                                                {"Memory at most", true}});
  const auto& processes = report.history.processes;
  const auto when = [&](int64_t time_ns) {
    return time_ns == 0 ? std::string("–") : MomentText(time_ns, report.history.load_begin_ns);
  };
  for (size_t i = 0; i < std::min(processes.size(), kProcessesShown); ++i) {
    const ProcessSpan& span = processes[i];
    const bool unasked = span.ended_ns != 0 && !span.ended_by_fault && !span.ended_by_harness;
    table.Add(
        {Html(span.name), std::to_string(span.pid), when(span.started_ns), when(span.ready_ns), when(span.ended_ns),
         span.ended_by_fault     ? "a fault"
         : span.ended_by_harness ? "the harness"
         : unasked               ? "itself"
                                 : "–",
         Html(span.how + (span.bad_end.empty() ? "" : "; " + span.bad_end)), BytesText(span.rss_ready_bytes),
         BytesText(span.rss_bytes_max)},
        span.bad_end.empty() ? "" : "doubt");
  }
  return table.empty() ? "" : "<h3>Lives</h3>\n" + table.Text();
}

std::string EnvironmentTable(const Report& report) {
  HtmlTable table("What it ran on", {{"What"}, {"Value"}});
  const RunFacts& facts = report.facts;
  const auto add = [&table](std::string_view name, const std::string& value) {
    if (!value.empty()) table.Add({Html(name), Html(value)});
  };
  add("run", report.history.run_id);
  add("directory", facts.run_dir);
  add("scenario file", facts.scenario_path);
  add("version", facts.version);
  add("Kafka", facts.backend);
  add("begun", facts.started_at);
  for (const auto& [name, value] : facts.host) add(name, value);
  for (const auto& [name, value] : facts.load) {
    if (value != 0) add("generator: " + name, CountText(value));
  }
  return table.Text();
}

std::string CopyBox(const std::string& command) {
  return fmt::format(
      "<div class=\"copy\"><pre tabindex=\"0\">{}</pre><button type=\"button\" hidden>Copy</button></div>\n",
      Html(command));
}

// Beside the page in the run directory.
std::string Files(const Report& report) {
  std::string links;
  const auto add = [&links](std::string_view name) {
    links += fmt::format("{}<a href=\"{}\">{}</a>", links.empty() ? "" : ", ", name, name);
  };
  if (HasWitness(report)) add("witness.txt");
  for (const char* name : {"result.json", "junit.xml", "timeline.csv", "scenario.json", "logs/"}) add(name);
  return "<p>Beside this page: " + links + "</p>\n";
}

}  // namespace

std::string ProcessesPart(const Report& report) {
  const std::string tables = UsageTable(report) + LivesTable(report);
  if (tables.empty()) return "";
  return "<section aria-labelledby=\"h-processes\"><h2 id=\"h-processes\">Processes</h2>\n" + tables + "</section>\n";
}

std::string SourcesPart(const Report& report, const PageInputs& inputs) {
  std::string html =
      "<section aria-labelledby=\"h-again\"><h2 id=\"h-again\">Run it again</h2>\n" + CopyBox(RerunCommand(report));
  if (report.facts.has_journal && !report.facts.run_dir.empty()) {
    html += "<p>Judge what was recorded again, without running anything:</p>\n" + CopyBox(CheckCommand(report));
  }
  html += Files(report) + "</section>\n";
  html += "<section aria-labelledby=\"h-environment\"><h2 id=\"h-environment\">Environment</h2>\n" +
          EnvironmentTable(report) + "</section>\n";
  if (inputs.scenario_json.empty()) return html;
  const bool cut = inputs.scenario_json.size() > kScenarioBytesShown;
  return html + fmt::format(
                    "<section aria-labelledby=\"h-scenario\"><h2 id=\"h-scenario\">Scenario, as it was run</h2>\n"
                    "<details><summary>scenario.json</summary><pre tabindex=\"0\">{}{}</pre></details></section>\n",
                    HtmlLines(std::string_view(inputs.scenario_json).substr(0, kScenarioBytesShown)),
                    cut ? "\n… the rest is in scenario.json" : "");
}

}  // namespace harness
