// Runs of one scenario that are there to be compared: a line each in place of a page. Called by `harness run --repeat`
// and `harness compare --repeat`.
#pragma once

#include <iosfwd>
#include <string>

#include "common/program.h"
#include "harness/run/runner.h"

namespace harness {

// The folder for the runs of `name`, a new one: <out_dir>/<time>-<name>. Throws std::runtime_error that says what to
// do.
std::string MakeRunsFolder(const std::string& out_dir, const std::string& name);

// Runs it and says on `out`, behind `label`, how it ended, how long it took and where it is; a run that is no PASS has
// its whole summary there too.
RunOutcome RunInOneLine(const std::string& label, const Scenario& scenario, const std::string& path,
                        const RunOptions& options, const pipeline::StopSignal& stop, std::ostream& out,
                        std::ostream& err);

}  // namespace harness
