// `harness report`: makes the pages of recorded runs again from what they left behind, and an index of several. Called
// by main.cc with what the command line says; returns the exit code.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace harness {

struct ReportCommandOptions {
  std::vector<std::string> paths = {};      // run directories, and folders of them
  std::string harness_command = "harness";  // how the user starts it, for the commands that the pages show
};

// Writes report.html and timeline.csv into each run directory; over several, or a folder, also index.html into the
// folder (of run directories from different places: into the first one's). Runs that never started have a row in the
// index and no page. Exit codes: 0 all that can be was written, whatever the verdicts; 2 no run directory, or its
// scenario is not valid; 3 something can't be read or written.
int RunReport(const ReportCommandOptions& options, std::ostream& out, std::ostream& err);

}  // namespace harness
