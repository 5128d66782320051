#include "harness/cli/compare_arguments.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

#include "common/settings.h"
#include "text/decimal.h"

namespace harness {

CLI::Validator Share() {
  const auto to_share = [](std::string& text) -> std::string {
    std::string_view rest = text;
    const std::optional<pipeline::Decimal> number = pipeline::TakeDecimal(&rest);
    if (!number || (!rest.empty() && rest != "%")) return "\"" + text + "\" is no share; allowed: 5%, 0.05";
    const double value = static_cast<double>(number->whole) + static_cast<double>(number->billionths) / 1e9;
    text = fmt::format("{}", rest.empty() ? value : value / 100);
    return {};
  };
  return {to_share, "SHARE", "share"};
}

std::vector<CLI::Option*> AddCompareSettings(CLI::App* command, CompareSettings* settings) {
  ComparisonOptions& comparison = settings->comparison;
  return {
      command
          ->add_option("--metric", settings->metrics,
                       "Compare these: e2e.latency.p99, e2e.latency (all that begin so), 'proc.*.cpu_per_record'; "
                       "several may follow "
                       "(default: end-to-end p50 and p99, throughput, CPU, memory, recovery)")
          ->allow_extra_args(false)
          ->take_all(),
      command
          ->add_option("--alpha", comparison.alpha,
                       "How often a comparison of a build with itself may find something, over all its metrics")
          ->transform(Share())
          ->check(CLI::Range(1e-9, 0.5))
          ->default_str("0.01"),
      command->add_option("--min-effect", comparison.effect_min, "The least change of a median that counts")
          ->transform(Share())
          ->check(CLI::Range(0.0, 1000.0))
          ->default_str("5%"),
      command->add_flag("--force", settings->force, "Compare runs that are unlike, or prove nothing, all the same")};
}

void AddCompare(CLI::App* app, CompareCommandOptions* options) {
  CLI::App* command = app->add_subcommand("compare", "Say whether one group of runs is worse than another");
  command
      ->add_option(
          "A", options->a,
          "What was before: a run directory, a folder of them, or a result.json; with --repeat a scenario, or a "
          "run whose scenario it is")
      ->required();
  command->add_option("B", options->b, "What is now: the same")->required();
  AddCompareSettings(command, &options->settings);
  command->add_option("--json", options->settings.json_path, "Write the comparison into this file, for programs");
  CLI::Option* repeat = pipeline::AddNumber(command, "--repeat", &options->repeat, 1, 1000,
                                            "Run both scenarios so often, in turns, and compare those runs");
  repeat->default_str("");
  command->add_option("--out", options->run.out_dir, "Where their run directories are made")
      ->capture_default_str()
      ->needs(repeat);
  command
      ->add_option("--programs-a", options->programs_a,
                   "Where payment-server and its siblings of A are (default: beside this program)")
      ->check(CLI::ExistingDirectory)
      ->needs(repeat);
  command->add_option("--programs-b", options->programs_b, "Of B")->check(CLI::ExistingDirectory)->needs(repeat);
  command->footer(
      "Examples:\n"
      "  harness run scenarios/restart.json --repeat 8 --out before   # build A\n"
      "  harness run scenarios/restart.json --repeat 8 --out after    # build B\n"
      "  harness compare before after\n"
      "  harness compare before after --metric proc.server-1 --metric e2e.latency.p99 --min-effect 3%\n"
      "  harness compare scenarios/restart.json scenarios/restart.json --repeat 8 --programs-b ../other/build/bin\n\n"
      "Runs of several scenarios are compared scenario by scenario.\n\n"
      "Exit codes: 0 nothing of B is worse, 1 something is, 2 usage, or runs that are unlike, 3 a result can't be "
      "read,\n"
      "4 too few runs to say anything, 130 interrupted.");
}

}  // namespace harness
