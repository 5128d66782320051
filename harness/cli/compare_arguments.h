// The command line of `harness compare`, and what `harness run --baseline` has of it. Called by main.cc.
#pragma once

#include <CLI/CLI.hpp>
#include <vector>

#include "harness/cli/compare_command.h"

namespace harness {

// "5%" or "0.05" as a share of one.
CLI::Validator Share();

// --metric, --alpha, --min-effect, --force. Gives back those options.
std::vector<CLI::Option*> AddCompareSettings(CLI::App* command, CompareSettings* settings);

void AddCompare(CLI::App* app, CompareCommandOptions* options);

}  // namespace harness
