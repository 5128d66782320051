#include "harness/selftest/selftest_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

namespace harness {
namespace {

std::string Median(std::vector<int64_t> values) {
  if (values.empty()) return "–";
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return std::to_string(*middle);
}

// "LOST 20, SKIP 20", the expected one first.
std::string Counted(const std::map<std::string, int64_t>& counts, std::string_view first) {
  std::string text;
  const auto add = [&](const std::string& name, int64_t count) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, count);
  };
  for (const auto& [name, count] : counts) {
    if (name == first) add(name, count);
  }
  for (const auto& [name, count] : counts) {
    if (name != first) add(name, count);
  }
  return text.empty() ? "–" : text;
}

std::vector<std::string> ExpectedSuspects(const SeededBug& bug) {
  std::vector<std::string> expected;
  for (const Causes causes : bug.causes) {
    if (!causes.empty()) expected.push_back(SuspectsText(CauseNames(causes)));
  }
  return expected;
}

}  // namespace

std::string ExpectedText(const SeededBug& bug) {
  return fmt::format("{}: {}", bug.invariant, fmt::join(ExpectedSuspects(bug), ", "));
}

void SelftestTally::Add(size_t bug, const Trial& trial) {
  BugTally& tally = bugs[bug];
  tally.caught += trial.outcome == TrialOutcome::kCaught ? 1 : 0;
  tally.other_cause += trial.outcome == TrialOutcome::kOtherCause ? 1 : 0;
  tally.missed += trial.outcome == TrialOutcome::kMissed ? 1 : 0;
  tally.no_run += trial.outcome == TrialOutcome::kNoRun ? 1 : 0;
  for (const std::string& name : trial.violated) ++tally.violated[name];
  for (const std::string& cause : trial.causes) ++tally.causes[cause];
  if (trial.outcome == TrialOutcome::kCaught && trial.records >= 0) tally.records.push_back(trial.records);
}

void SelftestTally::AddLegal(const Trial& trial) {
  legal_silent += trial.outcome == TrialOutcome::kSilent ? 1 : 0;
  legal_alarms += trial.outcome == TrialOutcome::kFalseAlarm ? 1 : 0;
  legal_no_run += trial.outcome == TrialOutcome::kNoRun ? 1 : 0;
}

bool SelftestTally::IsRight() const {
  const auto is_right = [](const BugTally& tally) { return tally.caught == tally.runs(); };
  return legal_alarms == 0 && legal_no_run == 0 && std::all_of(bugs.begin(), bugs.end(), is_right);
}

bool SelftestTally::HasNoRuns() const {
  return legal_no_run > 0 || std::any_of(bugs.begin(), bugs.end(), [](const BugTally& bug) { return bug.no_run > 0; });
}

std::string TableText(const SelftestTally& tally) {
  std::string text = fmt::format("{:<24} {:<38} {:>7}  {:>7}  {:<34} {}\n", "Bug", "Expected, and its causes", "Caught",
                                 "Records", "Caught by (runs)", "Causes (violations)");
  for (const BugTally& bug : tally.bugs) {
    if (bug.runs() == 0) continue;
    text += fmt::format("{:<24} {:<38} {:>7}  {:>7}  {:<34} {}\n", bug.bug->name, ExpectedText(*bug.bug),
                        fmt::format("{}/{}", bug.caught, bug.runs()), Median(bug.records),
                        Counted(bug.violated, bug.bug->invariant), Counted(bug.causes, {}));
  }
  const int64_t legal = tally.legal_silent + tally.legal_alarms + tally.legal_no_run;
  if (legal > 0) {
    text += fmt::format("\nUnbroken system: {} runs, {} false alarms{}\n", legal, tally.legal_alarms,
                        tally.legal_no_run > 0 ? fmt::format(", {} without a verdict", tally.legal_no_run) : "");
  }
  if (!tally.failures.empty()) text += "\nNot as expected\n";
  for (const std::string& failure : tally.failures) text += "  " + failure + "\n";
  return text;
}

std::string TableJson(const SelftestTally& tally) {
  using Json = nlohmann::ordered_json;
  Json bugs = Json::array();
  for (const BugTally& bug : tally.bugs) {
    if (bug.runs() == 0) continue;
    bugs.push_back({{"name", bug.bug->name},
                    {"sentence", bug.bug->sentence},
                    {"invariant", bug.bug->invariant},
                    {"causes_expected", ExpectedSuspects(*bug.bug)},
                    {"runs", bug.runs()},
                    {"caught", bug.caught},
                    {"other_cause", bug.other_cause},
                    {"missed", bug.missed},
                    {"no_run", bug.no_run},
                    {"violated", bug.violated},
                    {"causes", bug.causes},
                    {"records_until_caught", bug.records}});
  }
  return Json({{"right", tally.IsRight()},
               {"bugs", bugs},
               {"legal",
                {{"silent", tally.legal_silent}, {"false_alarms", tally.legal_alarms}, {"no_run", tally.legal_no_run}}},
               {"failures", tally.failures}})
             .dump(2) +
         "\n";
}

}  // namespace harness
