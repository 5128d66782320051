#include "tests/server/program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "tests/server/server_testing.h"

namespace pipeline {

Program::Program(const std::string& name, std::vector<std::string> args, const ProgramSetting& setting) {
  static std::atomic<int> count = 0;
  output_path_ = ::testing::TempDir() + "/" + name + "." + std::to_string(getpid()) + "." + std::to_string(++count);
  std::string path = std::string(PIPELINE_BIN_DIR) + "/" + name;
  if (setting.descriptors_max > 0) {
    args.insert(args.begin(),
                {"-c", "ulimit -n " + std::to_string(setting.descriptors_max) + R"(; exec "$0" "$@")", path});
    path = "/bin/sh";
  }
  std::vector<char*> argv = {path.data()};
  for (std::string& arg : args) argv.push_back(arg.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output_path_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&files, setting.error_fd < 0 ? STDOUT_FILENO : setting.error_fd, STDERR_FILENO);
  EXPECT_EQ(posix_spawn(&pid_, path.c_str(), &files, nullptr, argv.data(), environ), 0) << path;
  posix_spawn_file_actions_destroy(&files);
}

Program::~Program() {
  if (!exit_code_) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  std::remove(output_path_.c_str());
}

void Program::Signal(int number) const { kill(pid_, number); }

std::string Program::Output() const {
  std::ifstream file(output_path_);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

int Program::PortBehind(const std::string& before) const {
  size_t at = 0;
  const bool found = Eventually([&] {
    const std::string output = Output();
    at = output.find(before);
    return at != std::string::npos && output.find('\n', at) != std::string::npos;
  });
  if (found) return std::atoi(Output().c_str() + at + before.size());
  ADD_FAILURE() << "no \"" << before << "\" in " << Output();
  return 0;
}

std::optional<int> Program::Wait() {
  Eventually([this] {
    int status = 0;
    if (!exit_code_ && waitpid(pid_, &status, WNOHANG) == pid_) {
      exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    return exit_code_.has_value();
  });
  return exit_code_;
}

}  // namespace pipeline
