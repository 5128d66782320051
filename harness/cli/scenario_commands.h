// The commands of the harness that only look at scenarios: `validate`, `schema`, `metrics` and `list`. Called by
// main.cc with what the command line says; each returns the exit code. Results go to `out`, complaints to `err`.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "harness/scenario/scenario_file.h"

namespace harness {

// Prints for each scenario file that it is valid, or what is wrong with it. 0: all are valid; 2: one is not; 5: none is
// broken, but a path of the selection stands for no scenario.
int RunValidate(const std::vector<std::string>& paths, const ScenarioOverrides& overrides, std::ostream& out,
                std::ostream& err);

// Prints the JSON Schema of scenario files. 0.
int RunSchema(std::ostream& out);

// Prints the table of what thresholds can name. 0.
int RunMetrics(std::ostream& out);

// Prints a table of names and descriptions, `width_columns` wide; broken files are in it, and complained about. Exit
// codes as RunValidate's.
int RunList(const std::vector<std::string>& paths, int width_columns, std::ostream& out, std::ostream& err);

}  // namespace harness
