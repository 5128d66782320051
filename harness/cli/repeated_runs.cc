#include "harness/cli/repeated_runs.h"

#include <fmt/format.h>

#include <ostream>
#include <sstream>

#include "common/clock.h"
#include "harness/cli/results.h"
#include "harness/report/text.h"
#include "harness/run/run_directory.h"
#include "harness/verify/exit_codes.h"

namespace harness {

std::string MakeRunsFolder(const std::string& out_dir, const std::string& name) {
  return MakeProblemDirectory(out_dir, name, std::nullopt, pipeline::WallNs()).path;
}

RunOutcome RunInOneLine(const std::string& label, const Scenario& scenario, const std::string& path,
                        const RunOptions& options, const pipeline::StopSignal& stop, std::ostream& out,
                        std::ostream& err) {
  RunOptions quiet = options;
  quiet.style.width_columns = 0;  // nothing is drawn again and again
  std::ostringstream summary;
  const int64_t began_ns = pipeline::MonotonicNs();
  RunOutcome outcome = RunScenario(scenario, path, quiet, stop, summary);
  out << fmt::format("{}  {:<11}  {:>8}  {}\n", label, VerdictWord(outcome.exit_code),
                     DurationText(pipeline::MonotonicNs() - began_ns), outcome.run_dir);
  if (outcome.exit_code != kExitPass) out << summary.str();
  out << std::flush;
  if (!outcome.problem.empty()) err << "harness: " << outcome.problem << "\n";
  return outcome;
}

}  // namespace harness
