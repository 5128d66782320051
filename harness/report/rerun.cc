// Commands to be pasted into a shell: the one that runs a scenario again as it was run, and those that look at a
// recorded run.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "harness/report/report.h"

namespace harness {
namespace {

std::string Quoted(std::string_view word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=@%+,-";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) return std::string(word);
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

std::string RerunCommand(const RunFacts& facts, std::optional<uint64_t> seed) {
  std::string command = facts.harness_command + " run " + Quoted(facts.scenario_path);
  bool has_seed = false;
  for (const std::string& word : facts.overrides) {
    has_seed = has_seed || word == "--seed" || word.starts_with("--seed=");
    command += " " + Quoted(word);
  }
  if (!has_seed && seed) command += " --seed " + std::to_string(*seed);
  return command;
}

std::string RerunCommand(const Report& report) { return RerunCommand(report.facts, report.scenario.seed); }

std::string CheckCommand(const Report& report) {
  return report.facts.harness_command + " check " + Quoted(report.facts.run_dir);
}

std::string HistoryCommand(const Report& report, const std::string& record) {
  return report.facts.harness_command + " history " + Quoted(report.facts.run_dir) + " --record " + Quoted(record);
}

}  // namespace harness
