#include "harness/report/page/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "harness/report/names.h"
#include "harness/report/page/assets.h"
#include "harness/report/page/html.h"
#include "harness/report/text.h"

namespace harness {
namespace {

constexpr size_t kInputBytesMax = size_t{4} << 20;

std::string ReadText(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return "";
  std::ifstream file(path, std::ios::binary);
  std::string text(kInputBytesMax, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(std::max<std::streamsize>(0, file.gcount())));
  return text;
}

constexpr char kTop[] =
    "<a class=\"skip\" href=\"#main\">To the verdict</a>\n<header class=\"top\"><div class=\"wide\"><div "
    "class=\"topline\">"
    "<span class=\"soft\">{}</span><button type=\"button\" id=\"theme\" "
    "hidden>Dark</button></div>\n{}</div></header>\n";

// Links to those sections that are there.
std::string Contents(const std::string& body) {
  constexpr std::pair<const char*, const char*> kSections[] = {
      {"h-story", "What went wrong"},   {"h-counts", "Counts"},       {"h-time", "Over time"},
      {"h-faults", "Faults"},           {"h-latency", "Latency"},     {"h-checks", "Invariants"},
      {"h-clients", "Clients"},         {"h-processes", "Processes"}, {"h-again", "Run it again"},
      {"h-environment", "Environment"}, {"h-scenario", "Scenario"}};
  std::string links;
  for (const auto& [id, text] : kSections) {
    if (body.find(fmt::format("id=\"{}\"", id)) == std::string::npos) continue;
    links += fmt::format("<li><a href=\"#{}\">{}</a></li>", id, text);
  }
  return "<nav aria-label=\"Parts of this page\"><ul>" + links + "</ul></nav>";
}

}  // namespace

PageInputs ReadPageInputs(const std::string& run_dir) {
  if (run_dir.empty()) return {};
  return {ReadText(run_dir + "/scenario.json"), ParseUsageCsv(ReadText(run_dir + "/history/usage.csv"))};
}

std::string ReportHtml(const Report& report, const Timeline& timeline, const PageInputs& inputs) {
  const PlotsPart plots = MakePlotsPart(report, timeline, inputs.usage);
  const std::string parts = StoryPart(report) + FiguresPart(report) + plots.html + FaultsPart(report) +
                            ChecksPart(report) + ClientsPart(report) + ProcessesPart(report) +
                            SourcesPart(report, inputs);
  const std::string verdict(VerdictName(report.verdict.verdict));
  std::string body = fmt::format(kTop, "harness report", Contents(parts));
  body += "<main id=\"main\" class=\"wide\">\n" + VerdictPart(report) +
          "<noscript><p>The plots need JavaScript. All else on this page does not; timeline.csv has their "
          "figures.</p></noscript>\n" +
          parts + "</main>\n";
  body += fmt::format(
      "<footer class=\"wide\">Made by harness {}. Plots by dygraphs, (c) Dan Vanderkam and others, MIT "
      "licence.</footer>\n"
      "<script type=\"application/json\" id=\"data\">{}</script>\n",
      Html(report.facts.version), plots.data);
  return HtmlDocument(verdict + " · " + report.scenario.name, body,
                      {std::string(DygraphsStyle()), std::string(PageStyle())},
                      {std::string(DygraphsScript()), std::string(PageScript())});
}

std::string IndexHtml(std::vector<IndexRow> rows) {
  std::stable_sort(rows.begin(), rows.end(),
                   [](const IndexRow& a, const IndexRow& b) { return a.started_at > b.started_at; });
  HtmlTable table("Runs, the newest first",
                  {{"Run"}, {"Verdict"}, {"Scenario"}, {"Seed"}, {"Took", true}, {"Begun"}, {"What it says"}});
  int64_t passed = 0;
  for (const IndexRow& row : rows) {
    const StateLook look = LookOfExitCode(row.exit_code);
    passed += row.exit_code == 0 ? 1 : 0;
    const std::string name = Html(row.directory);
    table.Add({row.has_page ? fmt::format("<a href=\"{}/report.html\">{}</a>", HtmlPath(row.directory), name) : name,
               fmt::format("<span class=\"state {}\"><span aria-hidden=\"true\">{} </span>{}</span>", look.css,
                           look.sign, Html(row.verdict)),
               Html(row.scenario), Html(row.seed), row.duration_ns > 0 ? DurationText(row.duration_ns) : "–",
               Html(row.started_at), Html(row.headline)},
              row.exit_code == 0 ? "" : look.css);
  }
  const std::string title =
      fmt::format("{} of {} passed", CountText(passed), Counted(static_cast<int64_t>(rows.size()), "run"));
  std::string body = fmt::format(kTop, "harness report", "");
  body += fmt::format(
      "<main id=\"main\" class=\"wide\">\n<h1>{}</h1>\n{}</main>\n"
      "<script type=\"application/json\" id=\"data\">{}</script>\n",
      title, table.Text(), R"({"span":[0,1],"plots":[],"bands":[],"phases":[]})");
  return HtmlDocument(title, body, {std::string(PageStyle())}, {std::string(PageScript())});
}

}  // namespace harness
