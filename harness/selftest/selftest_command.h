// `harness selftest`: runs the closed set of seeded bugs and short runs of the unbroken system, and says whether the
// verdict caught each and raised no false alarm. Called by main.cc with what the command line says; blocks.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "common/program.h"

namespace harness {

struct SelftestOptions {
  std::vector<std::string> bugs;  // names, or "server" for all of a program's; empty: all
  int64_t seeds = 20;             // runs of each bug
  int64_t first_seed = 1;
  int64_t legal = 200;  // runs of the unbroken system
  int jobs = 2;         // runs at once
  std::string program_dir;
  std::string out_dir = "selftest";  // for run directories; those of right answers are removed
  bool keep = false;
  bool json = false;  // the table as JSON
};

// Results go to `out`, progress and complaints to `err`. Exit code: 0 everything was caught, and there was no alarm; 1
// otherwise; 2 an unknown bug; 3 a program is missing, or runs gave no verdict; 130 interrupted (what there is was
// printed).
int RunSelftest(const SelftestOptions& options, const pipeline::StopSignal& stop, std::ostream& out, std::ostream& err);

}  // namespace harness
