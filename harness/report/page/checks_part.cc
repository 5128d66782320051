// Invariants and thresholds, each with what it means, how it was judged, and its witnesses.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "harness/report/names.h"
#include "harness/report/page/html.h"
#include "harness/report/page/page.h"
#include "harness/report/text.h"

namespace harness {
namespace {

// For whoever has not read docs/verification.md, which defines them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 22> kMeanings = {{
    {"ACK_DURABLE", "what was acknowledged is in the topic"},
    {"PHANTOM", "nothing is anywhere that nobody sent"},
    {"LOG_DUP", "the topic holds each record once"},
    {"SEND_ORDER", "the topic holds records in the order of the sends"},
    {"LOST", "every client got every record that it asked for"},
    {"DUP", "no client got a record twice"},
    {"ORDER", "every client got each partition in its order"},
    {"SKIP", "no stream leaves a record out"},
    {"RESUME", "a stream goes on where its token ends"},
    {"BOOKMARK", "what a server says a client has, it has"},
    {"ZOMBIE", "no stream outlives its client"},
    {"AGREE", "every client saw the same content as the topic"},
    {"UNARY_AGREE", "unary calls show what streams have shown"},
    {"BACKOFF", "no client comes back too soon, or after a final refusal"},
    {"BOUNDED", "a server's memory stays capped"},
    {"DLQ", "each rejected record is a dead letter, once and unchanged"},
    {"ACKED", "nearly all sends were acknowledged"},
    {"WELL_FORMED", "what the programs wrote down can be true"},
    {"LIVE", "nobody fell silent or died unasked"},
    {"EFFICACY", "each fault happened, and left evidence"},
    {"NONVACUOUS", "there was something to judge"},
    {"HARNESS_OK", "the harness itself kept up and saw everything"},
}};

std::string_view MeaningOf(std::string_view name) {
  for (const auto& [known, meaning] : kMeanings) {
    if (known == name) return meaning;
  }
  return "";
}

// What needs a look first, then what holds, then what did not apply.
int Rank(CheckState state) {
  switch (state) {
    case CheckState::kViolated:
      return 0;
    case CheckState::kInvalid:
      return 1;
    case CheckState::kRelaxed:
    case CheckState::kReported:
      return 2;
    case CheckState::kPass:
      return 3;
    case CheckState::kNotApplicable:
      return 4;
  }
  return 5;
}

std::string StateCell(CheckState state) {
  const StateLook look = LookOf(state);
  return fmt::format("<span class=\"state {}\"><span aria-hidden=\"true\">{} </span>{}</span>", look.css, look.sign,
                     look.word);
}

std::string Witnesses(const CheckResult& check) {
  if (check.violations.empty()) return "";
  std::string items;
  for (const Violation& violation : check.violations) {
    items += fmt::format("<li>{} (suspected: {})</li>", Html(violation.sentence), Html(SuspectsText(violation)));
  }
  const int64_t untold = check.violation_count - static_cast<int64_t>(check.violations.size());
  if (untold > 0) items += fmt::format("<li>and {}</li>", Counted(untold, "more violation"));
  return fmt::format("<details class=\"print\"><summary>{}</summary><ul class=\"plain\">{}</ul></details>",
                     Counted(check.violation_count, "violation"), items);
}

std::string InvariantsTable(const Report& report) {
  std::vector<const CheckResult*> checks;
  for (const CheckResult& check : report.verdict.invariants) checks.push_back(&check);
  std::stable_sort(checks.begin(), checks.end(),
                   [](const CheckResult* a, const CheckResult* b) { return Rank(a->state) < Rank(b->state); });
  HtmlTable table("Invariants: what each promises, and whether it holds",
                  {{"Invariant"}, {"State"}, {"Promises that"}, {"Judged", true}, {"Notes and witnesses"}});
  for (const CheckResult* check : checks) {
    const StateLook look = LookOf(check->state);
    table.Add({Html(check->name), StateCell(check->state), Html(MeaningOf(check->name)), CountText(check->judged),
               fmt::format("{}{}", Html(check->reason), Witnesses(*check))},
              IsBroken(check->state) ? look.css : "");
  }
  return table.Text();
}

std::string ThresholdsTable(const Report& report) {
  if (report.verdict.thresholds.empty()) return "";
  HtmlTable table(
      "Thresholds: what was asked for, and what was measured",
      {{"Threshold"}, {"State"}, {"Measured", true}, {"Whose"}, {"Samples", true}, {"Without end", true}, {"Notes"}});
  const std::vector<std::string> names = ThresholdNames(report.verdict);
  for (size_t i = 0; i < names.size(); ++i) {
    const ThresholdResult& result = report.verdict.thresholds[i];
    const Threshold* threshold = FindThreshold(report.scenario, result.name);
    const bool measured = threshold != nullptr && result.samples > 0;
    table.Add({"<code>" + Html(names[i]) + "</code>", StateCell(result.state),
               measured ? MeasuredText(result.measured, threshold->unit) : "–", Html(result.whose),
               CountText(result.samples), CountText(result.without_end), Html(result.reason)},
              IsBroken(result.state) ? LookOf(result.state).css : "");
  }
  return "<h3>Thresholds</h3>\n" + table.Text();
}

}  // namespace

std::string ChecksPart(const Report& report) {
  return "<section aria-labelledby=\"h-checks\"><h2 id=\"h-checks\">Invariants and thresholds</h2>\n" +
         InvariantsTable(report) + ThresholdsTable(report) + "</section>\n";
}

}  // namespace harness
