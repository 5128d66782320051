// The summary for a CI job's page, in Markdown: what somebody who comes from a red cross wants to know, and the command
// to run it again. Appended, as hosted CI wants it ($GITHUB_STEP_SUMMARY holds what every step has to say).
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report/headline.h"
#include "harness/report/names.h"
#include "harness/report/report.h"
#include "harness/report/story.h"
#include "harness/report/text.h"

namespace harness {
namespace {

constexpr size_t kChaptersTold = 5;
constexpr size_t kRecoveriesTold = 12;

// Text that stays text: nothing in it is markup, a link or the end of a table's cell.
std::string Text(std::string_view text) {
  std::string escaped;
  for (const char c : Printable(text)) {
    if (std::string_view("\\`*_{}[]<>()#+!|~&:@$").find(c) == std::string_view::npos) {
      escaped += c;
    } else {
      escaped += fmt::format("&#{};", static_cast<int>(c));
    }
  }
  return escaped;
}

// To be copied: as it stands, in a fence that nothing in it closes.
std::string CodeBlock(std::string_view text) {
  const std::string shown = Printable(text);
  size_t longest = 0, run = 0;
  for (const char c : shown) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(std::max<size_t>(3, longest + 1), '`');
  return fence + "sh\n" + shown + "\n" + fence + "\n";
}

std::string VerdictMark(RunVerdict verdict) {
  return verdict == RunVerdict::kPass ? "✅" : verdict == RunVerdict::kFail ? "❌" : "⚠️";
}

std::string StoryMarkdown(const Report& report) {
  const std::vector<Chapter> chapters = StoryOf(report);
  std::string text;
  for (size_t i = 0; i < std::min(chapters.size(), kChaptersTold); ++i) {
    const CheckResult& check = *chapters[i].check;
    text += fmt::format("{}. **{}**", i + 1, Text(check.name));
    if (check.violation_count > 1) text += ", " + Counted(check.violation_count, "violation");
    if (check.violations.empty()) {
      text += ": " + Text(check.reason) + "\n";
      continue;
    }
    const Violation& first = check.violations.front();
    text += ": " + Text(first.sentence) + " Suspected: " + Text(SuspectsText(first)) + "\n";
  }
  if (chapters.size() > kChaptersTold) {
    text += fmt::format("\nand {} more, in report.html\n", chapters.size() - kChaptersTold);
  }
  return text.empty() ? "" : "\n### What went wrong\n\n" + text;
}

std::string ThresholdsMarkdown(const Report& report) {
  std::string rows;
  const std::vector<std::string> names = ThresholdNames(report.verdict);
  for (size_t i = 0; i < names.size(); ++i) {
    const ThresholdResult& check = report.verdict.thresholds[i];
    const Threshold* threshold = FindThreshold(report.scenario, check.name);
    const bool measured = threshold != nullptr && check.samples > 0;
    rows += fmt::format("| {} | {} | {} | {} |\n", Text(names[i]), CheckStateName(check.state),
                        measured ? MeasuredText(check.measured, threshold->unit) : "–", CountText(check.samples));
  }
  return rows.empty() ? "" : "\n| Threshold | State | Measured | Samples |\n|---|---|---|---:|\n" + rows;
}

std::string RecoveryMarkdown(const Report& report) {
  std::string rows;
  size_t told = 0;
  for (const Recovery& recovery : report.metrics.recoveries) {
    if (recovery.fault >= report.history.faults.size() || recovery.client >= report.history.clients.size()) continue;
    const Client& client = report.history.clients[recovery.client];
    const FaultEvent& fault = report.history.faults[recovery.fault];
    if (!client.observed || told++ >= kRecoveriesTold) continue;
    rows += fmt::format("| {} | {} | {} | {} |\n", Text(fault.name), Text(client.name),
                        !recovery.broke             ? "stream kept"
                        : recovery.reconnect_ns < 0 ? "never"
                                                    : DurationText(recovery.reconnect_ns),
                        recovery.recovered_ns == 0 ? "never" : DurationText(recovery.recovered_ns - fault.struck_ns));
  }
  if (told > kRecoveriesTold) {
    rows += fmt::format("| and {} more | | | |\n", CountText(static_cast<int64_t>(told - kRecoveriesTold)));
  }
  return rows.empty() ? "" : "\n| Fault | Client | Reconnected | Recovered |\n|---|---|---:|---:|\n" + rows;
}

}  // namespace

std::string SummaryMarkdown(const Report& report) {
  const Metrics& metrics = report.metrics;
  std::string text =
      fmt::format("## {} {} {}\n\n{}\n\n", VerdictMark(report.verdict.verdict), VerdictName(report.verdict.verdict),
                  Text(report.scenario.name), Text(Headline(report)));
  text += fmt::format("Seed {}, {}, exit code {}, on {}. Sent {}, acknowledged {}, in doubt {}", report.scenario.seed,
                      DurationText(report.facts.duration_ns), report.verdict.exit_code, Text(report.facts.backend),
                      CountText(metrics.sent), CountText(metrics.acked), CountText(metrics.unknown));
  if (report.history.audited) text += ", in the topic " + CountText(metrics.logged);
  if (metrics.e2e.count() > 0) {
    text +=
        fmt::format(". Planned to delivered: p50 {}, p99 {}, at most {}", DurationText(*metrics.e2e.AtQuantile(0.5)),
                    DurationText(*metrics.e2e.AtQuantile(0.99)), DurationText(*metrics.e2e.Max()));
  }
  text += ".\n" + StoryMarkdown(report) + ThresholdsMarkdown(report) + RecoveryMarkdown(report);
  return text + "\nRun it again:\n\n" + CodeBlock(RerunCommand(report)) + "\n";
}

std::string ProblemMarkdown(std::string_view scenario, std::string_view problem) {
  return fmt::format("## ⚠️ ERROR {}\n\nThe run did not start.\n\n{}\n", Text(scenario), CodeBlock(problem));
}

}  // namespace harness
