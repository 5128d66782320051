#include "harness/cli/recorded_run.h"

#include <exception>
#include <filesystem>

#include "harness/verify/exit_codes.h"

namespace harness {
namespace {

namespace fs = std::filesystem;

std::string Absolute(const std::string& run_dir) {
  fs::path path = fs::absolute(run_dir).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // "runs/x/"
  return path.string();
}

}  // namespace

std::variant<RecordedRun, CommandProblem> ReadRecordedRun(const std::string& run_dir) {
  std::error_code ignored;
  if (run_dir.empty() || !fs::exists(run_dir, ignored)) {
    return CommandProblem{kExitBadScenario, "there is no run directory \"" + run_dir + "\""};
  }
  RecordedRun run;
  run.dir = Absolute(run_dir);
  const std::string history_dir = run.dir + "/history";
  const std::string path = JournalPath(history_dir);
  const fs::file_status status = fs::status(path, ignored);
  if (status.type() == fs::file_type::not_found) {
    const std::string why =
        fs::exists(run.dir + "/result.json", ignored)
            ? " can't be read again: its run kept no journal (--history=off), or never started (result.json says which)"
            : " is no run directory: it has no history/run.journal";
    return CommandProblem{kExitBadScenario, run_dir + why};
  }
  // Whatever else stands there (a pipe, a folder) would be waited for, or read as an empty journal.
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    return CommandProblem{kExitEnvironment, path + " is no journal: it is not a regular file"};
  }
  try {
    run.journal = ReadJournal(history_dir);
  } catch (const std::exception& error) {
    return CommandProblem{kExitEnvironment, error.what()};
  }
  return run;
}

}  // namespace harness
