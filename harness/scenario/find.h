// Which scenario files a selection of files and folders means, and the table that `harness list` prints of them.
// Called by the command line. Reads directories; callable from any thread.
#pragma once

#include <string>
#include <vector>

#include "harness/scenario/scenario_error.h"

namespace harness {

struct ScenarioSelection {
  std::vector<std::string> files;  // sorted within each folder, in the order of the selection, without repeats
  std::vector<ScenarioError>
      unmatched;  // paths that stand for no scenario: they don't exist, or hold none (exit code 5)
};

// A file stands for itself, whatever its name; a folder for the *.json in it and below it but *.schema.json and hidden
// ones.
ScenarioSelection FindScenarios(const std::vector<std::string>& paths);

struct ScenarioListing {
  std::string file;
  std::string name;  // empty: the file is broken
  std::string description;
};

// Two aligned columns: name and description, wrapped at `width_columns` (at least 40); a broken file is named as such.
std::string ListingTable(const std::vector<ScenarioListing>& listings, int width_columns);

}  // namespace harness
