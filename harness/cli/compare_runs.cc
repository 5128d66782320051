#include "harness/cli/compare_runs.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <set>
#include <system_error>
#include <utility>

#include "harness/cli/comparison_text.h"
#include "harness/cli/results.h"
#include "harness/compare/alike.h"
#include "harness/report/write_whole.h"
#include "harness/verify/exit_codes.h"

namespace harness {
namespace {

// What is wrong with comparing the groups, each sentence once, in the order in which it was found.
struct Findings {
  std::vector<std::string> refused;
  std::vector<std::string> noted;
};

void AddOnce(const std::string& sentence, std::vector<std::string>* sentences) {
  if (std::find(sentences->begin(), sentences->end(), sentence) == sentences->end()) sentences->push_back(sentence);
}

// A run that proves nothing says nothing of its figures either.
void FindUnfit(const RunGroup& group, Findings* findings) {
  for (const RunFigures& run : group.runs) {
    if (run.verdict == "PASS") continue;
    const bool counts = run.verdict == "FAIL";
    AddOnce(fmt::format("{} is {}{}", run.path, run.verdict.empty() ? "of no verdict" : run.verdict,
                        counts ? "" : ", so its figures prove nothing"),
            counts ? &findings->noted : &findings->refused);
  }
}

void FindUnlikeRuns(const RunGroup& a, const RunGroup& b, Findings* findings) {
  const RunFigures& first = a.runs.front();
  for (const RunGroup* group : {&a, &b}) {
    for (const RunFigures& run : group->runs) {
      const Unlike unlike = FindUnlike(first, run, kResultSchemaVersion);
      for (const std::string& sentence : unlike.refused) AddOnce(sentence, &findings->refused);
      for (const std::string& sentence : unlike.noted) AddOnce(sentence, &findings->noted);
    }
  }
}

bool IsAskedFor(const std::string& name, const Figure& figure, const std::vector<std::string>& metrics) {
  if (metrics.empty()) return figure.by_default;
  return std::any_of(metrics.begin(), metrics.end(), [&](const std::string& wanted) {
    return name == wanted || name.starts_with(wanted + ".") || fnmatch(wanted.c_str(), name.c_str(), 0) == 0;
  });
}

// The metrics that both groups have.
std::vector<MetricGroups> CommonMetrics(const RunGroup& a, const RunGroup& b, const std::vector<std::string>& metrics) {
  std::map<std::string, MetricGroups> common;
  const auto add = [&](const RunGroup& group, std::vector<double> MetricGroups::*values) {
    for (const RunFigures& run : group.runs) {
      for (const auto& [name, figure] : run.figures) {
        if (!IsAskedFor(name, figure, metrics)) continue;
        MetricGroups& groups = common[name];
        groups.name = name;
        groups.direction = figure.direction;
        groups.unit = figure.unit;
        (groups.*values).push_back(figure.value);
      }
    }
  };
  add(a, &MetricGroups::a);
  add(b, &MetricGroups::b);
  std::vector<MetricGroups> found;
  for (auto& [name, groups] : common) {
    if (!groups.a.empty() && !groups.b.empty()) found.push_back(std::move(groups));
  }
  return found;
}

std::vector<std::string> LeftOut(const RunGroup& a, const RunGroup& b, const std::vector<std::string>& metrics) {
  std::vector<std::string> left_out;
  std::set<std::string> named;
  for (const RunGroup* group : {&a, &b}) {
    for (const RunFigures& run : group->runs) {
      for (const auto& [name, why] : run.left_out) {
        if (metrics.empty() ? !IsTold(name) : !IsAskedFor(name, {}, metrics)) {
          continue;
        }
        if (named.insert(name).second) left_out.push_back(fmt::format("left out: {} ({}, {})", name, why, run.path));
      }
    }
  }
  return left_out;
}

// Both groups' runs of one scenario.
struct Pair {
  std::string scenario;
  RunGroup a;
  RunGroup b;
};

std::vector<Pair> PairByScenario(const RunGroup& a, const RunGroup& b, Findings* findings) {
  std::map<std::string, Pair> pairs;
  for (const RunFigures& run : a.runs) pairs[run.scenario].a.runs.push_back(run);
  for (const RunFigures& run : b.runs) pairs[run.scenario].b.runs.push_back(run);
  std::vector<Pair> found;
  for (auto& [scenario, pair] : pairs) {
    pair.scenario = scenario;
    pair.a.name = a.name;
    pair.b.name = b.name;
    if (!pair.a.runs.empty() && !pair.b.runs.empty()) {
      found.push_back(std::move(pair));
    } else {
      findings->refused.push_back(
          fmt::format("only {} has runs of {}", pair.a.runs.empty() ? b.name : a.name, scenario));
    }
  }
  // One scenario against another: only for who insists.
  if (found.empty()) found.push_back({a.runs.front().scenario + " and " + b.runs.front().scenario, a, b});
  return found;
}

int CodeOf(const GroupComparison& comparison) {
  if (comparison.worse > 0) return kExitFail;
  return comparison.runs_needed > 0 ? kExitInvalid : kExitPass;
}

std::string NoMetric(const Pair& pair, const std::vector<std::string>& metrics) {
  std::string names;
  for (const MetricGroups& groups : CommonMetrics(pair.a, pair.b, {"*"}))
    names += (names.empty() ? "" : ", ") + groups.name;
  return fmt::format("both have no metric {}; there {}", fmt::join(metrics, ", "),
                     names.empty() ? std::string("is none") : "are " + names);
}

}  // namespace

int CompareRuns(const RunGroup& a, const RunGroup& b, const CompareSettings& settings, std::ostream& out,
                std::ostream& err) {
  Findings findings;
  FindUnfit(a, &findings);
  FindUnfit(b, &findings);
  const std::vector<Pair> pairs = PairByScenario(a, b, &findings);
  for (const Pair& pair : pairs) FindUnlikeRuns(pair.a, pair.b, &findings);
  if (!findings.refused.empty() && !settings.force) {
    err << fmt::format("harness: {} and {} can't be compared:\n", a.name, b.name);
    for (const std::string& sentence : findings.refused) err << "  " << sentence << "\n";
    err << "  (--force compares them all the same)\n";
    return kExitBadScenario;
  }
  for (const std::string& sentence : findings.refused) out << "unlike: " << sentence << "\n";
  for (const std::string& sentence : findings.noted) out << "note: " << sentence << "\n";
  std::vector<int> codes;
  nlohmann::ordered_json scenarios = nlohmann::ordered_json::array();
  for (const Pair& pair : pairs) {
    const std::vector<MetricGroups> metrics = CommonMetrics(pair.a, pair.b, settings.metrics);
    const std::vector<std::string> left_out = LeftOut(pair.a, pair.b, settings.metrics);
    if (metrics.empty()) {
      for (const std::string& sentence : left_out) out << sentence << "\n";
      err << "harness: " << NoMetric(pair, settings.metrics) << "\n";
      // Too few samples are no misspelt name.
      codes.push_back(left_out.empty() ? kExitBadScenario : kExitInvalid);
      continue;
    }
    const GroupComparison comparison = CompareGroups(metrics, settings.comparison);
    codes.push_back(CodeOf(comparison));
    const ComparisonFacts facts{pair.scenario, a.name, b.name, pair.a.runs.size(), pair.b.runs.size()};
    out << (codes.size() > 1 ? "\n" : "") << ComparisonText(comparison, facts, settings.comparison, settings.style);
    for (const std::string& sentence : left_out) out << sentence << "\n";
    scenarios.push_back(ComparisonJson(comparison, facts, codes.back()));
  }
  out << std::flush;
  const int code = CombinedExitCode(codes);
  if (settings.json_path.empty()) return code;
  const nlohmann::ordered_json result{{"schema_version", kComparisonSchemaVersion},
                                      {"exit_code", code},
                                      {"alpha", settings.comparison.alpha},
                                      {"effect_min", settings.comparison.effect_min},
                                      {"unlike", findings.refused},
                                      {"notes", findings.noted},
                                      {"scenarios", scenarios}};
  try {
    WriteWhole(settings.json_path, result.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  } catch (const std::system_error& error) {
    err << "harness: the comparison could not be written: " << error.what() << "\n";
    return kExitEnvironment;
  }
  return code;
}

}  // namespace harness
