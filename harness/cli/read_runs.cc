#include "harness/cli/read_runs.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "harness/cli/read_file.h"
#include "harness/scenario/scenario_file.h"
#include "harness/verify/exit_codes.h"

namespace harness {
namespace {

namespace fs = std::filesystem;

constexpr char kResultName[] = "result.json";
constexpr char kPlanName[] = "scenario.json";

bool IsRunDirectory(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / kResultName, ignored);
}

// Run directories in and below `folder`; what can't be looked into is passed over, as a folder of runs may hold
// anything.
void FindRunDirectories(const fs::path& folder, int depth, std::vector<fs::path>* found) {
  if (IsRunDirectory(folder)) {
    found->push_back(folder);
    return;
  }
  if (depth == kRunFoldersDepthMax) return;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_directory(ignored)) FindRunDirectories(entry->path(), depth + 1, found);
  }
}

std::variant<RunFigures, CommandProblem> ReadRun(const fs::path& result_path) {
  auto text = ReadFile(result_path.string(), kResultBytesMax);
  if (auto* problem = std::get_if<CommandProblem>(&text)) return std::move(*problem);
  auto read = ReadRunFigures(std::get<std::string>(text));
  if (const auto* why = std::get_if<std::string>(&read)) {
    return CommandProblem{kExitEnvironment, result_path.string() + ": " + *why};
  }
  auto run = std::get<RunFigures>(std::move(read));
  const fs::path folder = result_path.parent_path();
  run.path = result_path.filename() == kResultName && !folder.empty() ? folder.string() : result_path.string();
  const auto plan = ReadFile((folder / kPlanName).string(), kScenarioBytesMax);
  if (const auto* json = std::get_if<std::string>(&plan)) run.plan = ReadPlan(*json);
  return run;
}

}  // namespace

std::variant<std::vector<RunFigures>, CommandProblem> ReadRuns(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (path.empty() || !fs::exists(status)) {
    return CommandProblem{kExitBadScenario, "there is no run \"" + path + "\""};
  }
  std::vector<fs::path> results;
  if (fs::is_directory(status)) {
    std::vector<fs::path> folders;
    FindRunDirectories(fs::path(path).lexically_normal(), 0, &folders);
    std::sort(folders.begin(), folders.end());
    for (const fs::path& folder : folders) results.push_back(folder / kResultName);
  } else {
    results.emplace_back(path);
  }
  if (results.empty()) {
    return CommandProblem{kExitBadScenario, path + " is no run directory and holds none: there is no result.json"};
  }
  std::vector<RunFigures> runs;
  for (const fs::path& result : results) {
    auto run = ReadRun(result);
    if (auto* problem = std::get_if<CommandProblem>(&run)) return std::move(*problem);
    runs.push_back(std::get<RunFigures>(std::move(run)));
  }
  return runs;
}

}  // namespace harness
