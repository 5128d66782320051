#include "harness/cli/find_max_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "common/clock.h"
#include "common/settings.h"
#include "harness/cli/compare_arguments.h"
#include "harness/cli/repeated_runs.h"
#include "harness/cli/selection.h"
#include "harness/compare/rate_search.h"
#include "harness/report/text.h"
#include "harness/report/write_whole.h"
#include "harness/scenario/quantity.h"
#include "harness/verify/exit_codes.h"

namespace harness {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFindMaxSchemaVersion = 1;
constexpr double kToOverFrom = 1000;

// Of the phase whose rate is searched; nullopt: there is none, and `err` was told.
std::optional<size_t> FindPhase(const Scenario& scenario, const std::string& name, std::ostream& err) {
  std::optional<size_t> found;
  std::string names;
  for (size_t i = 0; i < scenario.phases.size(); ++i) {
    const PhasePlan& phase = scenario.phases[i];
    if (phase.rate_max || phase.rate_per_s <= 0) continue;
    names += (names.empty() ? "" : ", ") + phase.name;
    if (name.empty() ? phase.measure : phase.name == name) found = i;
  }
  if (found) return found;
  if (!name.empty()) {
    err << fmt::format("harness: there is no phase \"{}\" with a rate; there {}\n", name,
                       names.empty() ? "is none at all" : "are: " + names);
  } else {
    err << "harness: the scenario has no measured phase with a rate; --phase names the one whose rate is searched\n";
  }
  return std::nullopt;
}

// Of invariants or of thresholds.
template <typename Checks>
const CheckResult* FindBroken(const Checks& checks, CheckState state, const std::string& name = "") {
  const auto found = std::find_if(checks.begin(), checks.end(), [&](const CheckResult& check) {
    return check.state == state && (name.empty() || check.name == name);
  });
  return found == checks.end() ? nullptr : &*found;
}

std::string SentenceOf(const CheckResult& check) {
  return check.violations.empty() ? check.reason : check.violations.front().sentence;
}

std::string RateAsSet(double rate_per_s) {
  return rate_per_s < 100 ? fmt::format("{:.3f}/s", rate_per_s) : fmt::format("{:.0f}/s", rate_per_s);
}

struct Try {
  RateOutcome outcome = RateOutcome::kStopped;
  int exit_code = 0;  // of the run
  std::string why;    // it does not hold
};

// Which of the verdict's findings says most about the rate.
Try TryOf(const RunOutcome& run, bool is_first) {
  Try tried{RateOutcome::kStopped, run.exit_code, run.problem};
  const Verdict& verdict = run.verdict;
  if (!run.problem.empty()) {
    // What the mock can't keep, or the memory can't hold, at this rate: the least rate could.
    if (!is_first && run.exit_code == kExitBadScenario) tried.outcome = RateOutcome::kHarnessLimit;
    return tried;
  }
  if (run.exit_code == kExitPass) {
    tried.outcome = RateOutcome::kHolds;
  } else if (const CheckResult* behind = FindBroken(verdict.invariants, CheckState::kInvalid, "HARNESS_OK")) {
    tried.outcome = RateOutcome::kHarnessLimit;
    tried.why = SentenceOf(*behind);
  } else if (run.exit_code == kExitFail) {
    tried.outcome = RateOutcome::kFails;
    if (const CheckResult* threshold = FindBroken(verdict.thresholds, CheckState::kViolated)) {
      tried.why = threshold->name + ": " + SentenceOf(*threshold);
    } else if (const CheckResult* invariant = FindBroken(verdict.invariants, CheckState::kViolated)) {
      tried.why = invariant->name + ": " + SentenceOf(*invariant);
    }
  } else if (run.exit_code == kExitInvalid) {
    const CheckResult* check = FindBroken(verdict.thresholds, CheckState::kInvalid);
    if (check == nullptr) check = FindBroken(verdict.invariants, CheckState::kInvalid);
    tried.why = "the run proves nothing" + (check == nullptr ? "" : ": " + check->name + ": " + SentenceOf(*check));
  }
  return tried;
}

const char* OutcomeName(RateOutcome outcome) {
  switch (outcome) {
    case RateOutcome::kHolds:
      return "holds";
    case RateOutcome::kFails:
      return "fails";
    case RateOutcome::kHarnessLimit:
      return "harness's limit";
    case RateOutcome::kStopped:
      break;
  }
  return "stopped";
}

Json TallyJson(double rate_per_s, const RateTally& tally) {
  if (rate_per_s <= 0) return nullptr;
  return {{"rate_per_s", rate_per_s},
          {"held", tally.held},
          {"failed", tally.failed},
          {"harness_limit", tally.harness_limit}};
}

// One search: a run for each try, a line for each run.
class FindMax {
 public:
  FindMax(const FindMaxOptions& options, const pipeline::StopSignal& stop, std::ostream& out, std::ostream& err)
      : options_(options), run_(options.run), stop_(stop), out_(out), err_(err) {}

  int Run() {
    const int code = Prepare();
    if (code != kExitPass) return code;
    const RateSearchResult result = FindHighestRate(search_, [this](double rate) { return TryRate(rate); });
    const std::string sentence = Sentence(result);
    out_ << "\n" << Paragraph("", sentence, TextColumns(options_.run.style)) << std::flush;
    return Write(result, sentence, CodeOf(result));
  }

 private:
  // What is wrong with the options: 2, or 3 where no folder can be made.
  int Prepare() {
    ScenarioResult loaded = LoadScenario(options_.path, options_.overrides);
    if (const auto* errors = std::get_if<std::vector<ScenarioError>>(&loaded)) {
      PrintErrors(*errors, err_);
      return kExitBadScenario;
    }
    scenario_ = std::get<Scenario>(std::move(loaded));
    const std::optional<size_t> phase = FindPhase(scenario_, options_.phase, err_);
    if (!phase) return kExitBadScenario;
    phase_ = *phase;
    const auto rate = [&](const std::string& text, double otherwise) -> std::optional<double> {
      const std::optional<double> parsed = text.empty() ? otherwise : ParseRatePerS(text);
      if (!parsed || *parsed < kRatePerSMin) {
        err_ << fmt::format("harness: \"{}\" is no rate of at least {}/s; allowed: 500/s\n", text, kRatePerSMin);
        return std::nullopt;
      }
      return parsed;
    };
    const std::optional<double> from = rate(options_.from, std::max(kRatePerSMin, scenario_.phases[phase_].rate_per_s));
    if (!from) return kExitBadScenario;
    const std::optional<double> to = rate(options_.to, std::min(kRatePerSMax, *from * kToOverFrom));
    if (!to) return kExitBadScenario;
    const int needed = TriesNeeded(options_.confidence);
    search_ = {*from, *to, options_.resolution, options_.repeat == 0 ? needed : options_.repeat, options_.confidence};
    if (search_.repeat < needed || *to < *from) {
      err_ << (*to < *from
                   ? std::string("harness: --to is below --from\n")
                   : fmt::format("harness: {} runs can't show a rate with {:.3g} % confidence; --repeat {} can\n",
                                 search_.repeat, 100 * options_.confidence, needed));
      return kExitBadScenario;
    }
    try {
      folder_ = run_.out_dir = MakeRunsFolder(run_.out_dir, "find-max-" + scenario_.name);
    } catch (const std::runtime_error& error) {
      err_ << "harness: " << error.what() << "\n";
      return kExitEnvironment;
    }
    run_.style.width_columns = 0;
    out_ << fmt::format(
        "The highest rate of {}, phase {}: from {} to {}, to within {:.3g} %; a rate that passes in {} of {} "
        "runs holds ({:.3g} % confidence)\n",
        scenario_.name, scenario_.phases[phase_].name, RateText(*from), RateText(*to), 100 * search_.resolution,
        HoldsNeeded(search_.repeat, search_.confidence), search_.repeat, 100 * search_.confidence);
    if (scenario_.expect.thresholds.empty()) {
      out_ << "It has no thresholds: a rate holds when nothing is lost and the load is accepted.\n";
    }
    out_ << std::flush;
    return kExitPass;
  }

  RateOutcome TryRate(double rate_per_s) {
    ScenarioOverrides overrides = options_.overrides;
    overrides.set.push_back(fmt::format("/phases/{}/rate={}", phase_, RateAsSet(rate_per_s)));
    ScenarioResult loaded = LoadScenario(options_.path, overrides);
    if (const auto* errors = std::get_if<std::vector<ScenarioError>>(&loaded)) {
      PrintErrors(*errors, err_);
      code_ = kExitBadScenario;
      return RateOutcome::kStopped;
    }
    if (stop_.requested()) return RateOutcome::kStopped;
    run_.overrides.assign({"--set=" + overrides.set.back()});
    std::ostringstream summary;
    const int64_t began_ns = pipeline::MonotonicNs();
    const RunOutcome run = RunScenario(std::get<Scenario>(loaded), options_.path, run_, stop_, summary);
    Try tried = TryOf(run, tries_.empty());
    if (stop_.requested()) tried.outcome = RateOutcome::kStopped;
    if (tried.outcome == RateOutcome::kStopped) code_ = run.exit_code;
    tries_.push_back({{"rate_per_s", rate_per_s},
                      {"outcome", OutcomeName(tried.outcome)},
                      {"why", tried.why},
                      {"run_directory", run.run_dir}});
    std::string line = fmt::format("{:>4}  {:>12}  {:<15}  {:>7}", tries_.size(), RateText(rate_per_s),
                                   OutcomeName(tried.outcome), DurationText(pipeline::MonotonicNs() - began_ns));
    if (!tried.why.empty()) line += "  " + Printable(tried.why);
    out_ << line << "\n" << std::flush;
    return tried.outcome;
  }

  int CodeOf(const RateSearchResult& result) const {
    switch (result.end) {
      case SearchEnd::kFound:
        return kExitPass;
      case SearchEnd::kNoneHolds:
        return kExitFail;
      case SearchEnd::kHarnessLimit:
        return kExitInvalid;
      case SearchEnd::kStopped:
        break;
    }
    return stop_.requested() ? kExitInterrupted : code_;
  }

  std::string Sentence(const RateSearchResult& result) const {
    std::string text;
    if (result.end == SearchEnd::kNoneHolds) {
      return fmt::format("No rate holds: {} does not either ({} of {} runs passed).", RateText(result.above_per_s),
                         result.above.held, result.above.tries());
    }
    if (result.end == SearchEnd::kHarnessLimit) {
      return fmt::format("Nothing can be said: the harness could not offer {} as planned.",
                         RateText(result.above_per_s));
    }
    if (result.end == SearchEnd::kStopped) text = stop_.requested() ? "Interrupted. " : "Given up. ";
    if (result.rate_per_s <= 0) return text + "No rate is known to hold.";
    text += fmt::format("{}: {} ({} of {} runs passed", result.end == SearchEnd::kFound ? "Highest rate" : "So far",
                        RateText(result.rate_per_s), result.tally.held, result.tally.tries());
    text += result.shown
                ? fmt::format("; with {:.3g} % confidence it passes more often than not). ", 100 * search_.confidence)
                : std::string("; not repeated often enough to be sure of it). ");
    if (result.above_per_s <= 0) {
      return text +
             (result.end == SearchEnd::kFound ? "It is the highest that was asked for: --to asks for more." : "");
    }
    const std::string above = RateText(result.above_per_s);
    if (result.harness_is_limit) {
      return text + above +
             " could not be offered as planned: that is the harness's limit, and the system's is higher.";
    }
    return text + fmt::format("{} does not hold ({} of {} passed).", above, result.above.held, result.above.tries());
  }

  int Write(const RateSearchResult& result, const std::string& sentence, int code) {
    const std::string path = options_.json_path.empty() ? folder_ + "/find-max.json" : options_.json_path;
    const Json json{{"schema_version", kFindMaxSchemaVersion},
                    {"scenario", scenario_.name},
                    {"phase", scenario_.phases[phase_].name},
                    {"exit_code", code},
                    {"sentence", sentence},
                    {"resolution", search_.resolution},
                    {"confidence", search_.confidence},
                    {"repeat", search_.repeat},
                    {"highest", TallyJson(result.rate_per_s, result.tally)},
                    {"shown", result.shown},
                    {"above", TallyJson(result.above_per_s, result.above)},
                    {"harness_is_limit", result.harness_is_limit},
                    {"tries", tries_}};
    try {
      WriteWhole(path, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    } catch (const std::system_error& error) {
      err_ << "harness: the result could not be written: " << error.what() << "\n";
      return code == kExitInterrupted ? code : kExitEnvironment;
    }
    out_ << "For programs: " << path << "\n" << std::flush;
    return code;
  }

  const FindMaxOptions& options_;
  RunOptions run_;
  const pipeline::StopSignal& stop_;
  std::ostream& out_;
  std::ostream& err_;
  Scenario scenario_;
  size_t phase_ = 0;
  RateSearchOptions search_;
  std::string folder_;
  std::vector<Json> tries_;
  int code_ = kExitInvalid;  // of the run that ended the search
};

}  // namespace

void AddFindMax(CLI::App* app, FindMaxOptions* options) {
  CLI::App* command = app->add_subcommand("find-max", "Search the highest rate at which a scenario passes");
  command->add_option("SCENARIO", options->path, "A scenario file")->required();
  command->add_option("--phase", options->phase, "Whose rate (default: the last measured one that has a rate)");
  command->add_option("--from", options->from, "The rate that is tried first, as 500/s (default: the phase's own)");
  command->add_option("--to", options->to, "No rate above it is tried (default: a thousand times the first)");
  command->add_option("--resolution", options->resolution, "How near the next rate is that does not hold")
      ->transform(Share())
      ->check(CLI::Range(0.001, 10.0))
      ->default_str("5%");
  pipeline::AddNumber(command, "--repeat", &options->repeat, 1, 1000,
                      "Runs of a rate at the edge (default: the least that the confidence needs)")
      ->default_str("");
  command->add_option("--confidence", options->confidence, "That the rate passes more often than not")
      ->transform(Share())
      ->check(CLI::Range(0.5, 0.999999))
      ->default_str("90%");
  command->add_option("--seed", options->overrides.seed, "In place of the scenario's seed")
      ->transform(pipeline::DecimalNumber());
  command->add_option("--set", options->overrides.set, "Change the scenario: POINTER=VALUE; several may follow")
      ->allow_extra_args(false)
      ->take_all();
  command->add_option("--out", options->run.out_dir, "Where run directories are made")->capture_default_str();
  command->add_option("--json", options->json_path,
                      "Where the result goes, for programs (default: find-max.json beside the run directories)");
  command->footer(
      "A rate holds when the run passes: its thresholds, and that nothing is lost. Doubles until one does not hold, "
      "halves\n"
      "what is between, and repeats at the edge. A load that fell behind its plan is the harness's limit, and told "
      "so.\n\n"
      "Examples:\n"
      "  harness find-max scenarios/find-max.json\n"
      "  harness find-max scenarios/find-max.json --from 5000/s --to 200000/s --resolution 10% --confidence 95%\n\n"
      "Exit codes: 0 found, 1 not the least rate holds, 2 usage, 3 environment, 4 nothing can be said, 130 "
      "interrupted\n"
      "(what is known so far is told).");
}

int RunFindMax(const FindMaxOptions& options, const pipeline::StopSignal& stop, std::ostream& out, std::ostream& err) {
  return FindMax(options, stop, out, err).Run();
}

}  // namespace harness
