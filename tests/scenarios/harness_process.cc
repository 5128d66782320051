#include "harness_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace harness {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr auto kRunWithin = std::chrono::minutes(4);
constexpr auto kOutputWithin = std::chrono::minutes(1);
constexpr auto kPause = std::chrono::milliseconds(10);

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

int ExitCode(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "scenarios_test.XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder: " + name);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string TemporaryFolder::Write(const std::string& name, const std::string& text) const {
  std::ofstream(path_ + "/" + name) << text;
  return path_ + "/" + name;
}

HarnessProcess::HarnessProcess(std::vector<std::string> arguments, const TemporaryFolder& folder)
    : folder_(folder.path() + "/runs"), output_path_(folder.path() + "/output.txt") {
  if (!arguments.empty() && arguments.front() == "run") {
    arguments.emplace_back("--thresholds=report");
    if (std::find(arguments.begin(), arguments.end(), "--out") == arguments.end()) {
      arguments.insert(arguments.end(), {"--out", folder_});
    }
  }
  arguments.insert(arguments.begin(), ProgramPath("harness"));
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output_path_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t pid = -1;
  const int error = posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error(std::string("can't start the harness: ") + std::strerror(error));
  pid_ = pid;
}

HarnessProcess::~HarnessProcess() {
  if (status_) return;
  Signal(SIGKILL);
  waitpid(static_cast<pid_t>(pid_), nullptr, 0);
}

void HarnessProcess::Signal(int number) const { kill(static_cast<pid_t>(pid_), number); }

std::string HarnessProcess::Output() const { return ReadFile(output_path_); }

bool HarnessProcess::Ended() {
  int status = 0;
  if (!status_ && waitpid(static_cast<pid_t>(pid_), &status, WNOHANG) == pid_) status_ = status;
  return status_.has_value();
}

bool HarnessProcess::WaitForOutput(const std::string& text) {
  const auto deadline = Clock::now() + kOutputWithin;
  while (Output().find(text) == std::string::npos) {
    if (Ended() || Clock::now() > deadline) return Output().find(text) != std::string::npos;
    std::this_thread::sleep_for(kPause);
  }
  return true;
}

HarnessResult HarnessProcess::Wait() {
  const auto deadline = Clock::now() + kRunWithin;
  while (!Ended() && Clock::now() < deadline) std::this_thread::sleep_for(kPause);
  if (!status_) {
    int status = 0;
    Signal(SIGKILL);
    waitpid(static_cast<pid_t>(pid_), &status, 0);
    status_ = status;
  }
  HarnessResult result;
  result.exit_code = ExitCode(*status_);
  result.output = Output();
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_, ignored)) result.run_dir = entry.path().string();
  if (!result.run_dir.empty()) {
    const std::string text = ReadFile(result.run_dir + "/result.json");
    if (!text.empty()) result.result = nlohmann::json::parse(text);
  }
  return result;
}

HarnessResult RunHarness(std::vector<std::string> arguments, const TemporaryFolder& folder) {
  return HarnessProcess(std::move(arguments), folder).Wait();
}

std::vector<std::string> InvariantsIn(const nlohmann::json& result, const std::string& state) {
  std::vector<std::string> names;
  if (!result.contains("invariants")) return names;
  for (const auto& invariant : result["invariants"]) {
    if (invariant.value("state", "") == state) names.push_back(invariant.value("name", ""));
  }
  return names;
}

std::string ScenarioPath(const std::string& name) {
  return std::string(PIPELINE_SOURCE_DIR) + "/scenarios/" + name + ".json";
}

std::string ProgramPath(const std::string& name) { return std::string(PIPELINE_BIN_DIR) + "/" + name; }

std::vector<int64_t> ProcessesIn(const std::string& folder) {
  std::vector<int64_t> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string cwd = fs::read_symlink(entry.path() / "cwd", ignored).string();
    if (cwd.starts_with(folder) || ReadFile(entry.path() / "cmdline").find(folder) != std::string::npos) {
      found.push_back(std::stoll(name));
    }
  }
  return found;
}

}  // namespace harness
