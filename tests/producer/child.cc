#include "tests/producer/child.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "common/clock.h"

namespace pipeline {
namespace {

constexpr int kWaitMsMax = 60'000;

// Between fork and exec: only what is async-signal-safe.
[[noreturn]] void Exec(const std::vector<char*>& argv, const std::vector<char*>& env, int output,
                       const ChildOptions& options) {
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (options.file_bytes_max) {
    // Ignored, the signal of a file that grows too large becomes an error of write(2).
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{*options.file_bytes_max, *options.file_bytes_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  execve(argv[0], argv.data(), env.data());
  _exit(127);
}

std::vector<char*> Pointers(std::vector<std::string>* texts) {
  std::vector<char*> pointers;
  for (std::string& text : *texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "producer_test.XXXXXX").string();
  path_ = mkdtemp(pattern.data());
}

TempDir::~TempDir() { std::filesystem::remove_all(path_); }

Child::Child(const std::string& program, const std::vector<std::string>& args, const std::string& output_path,
             const ChildOptions& options)
    : output_path_(output_path) {
  std::vector<std::string> argv_texts = {std::string(PIPELINE_BIN_DIR) + "/" + program};
  argv_texts.insert(argv_texts.end(), args.begin(), args.end());
  std::vector<std::string> env_texts = {"PATH=/usr/bin:/bin"};
  // Where sanitizers put their reports and what they keep quiet about.
  for (const char* name : {"ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) env_texts.push_back(std::string(name) + "=" + value);
  }
  for (const auto& [name, value] : options.env) env_texts.push_back(name + "=" + value);
  const std::vector<char*> argv = Pointers(&argv_texts);
  const std::vector<char*> env = Pointers(&env_texts);
  const int output = open(output_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  pid_ = fork();
  if (pid_ == 0) Exec(argv, env, output, options);
  close(output);
}

Child::~Child() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Child::Signal(int number) const { kill(pid_, number); }

int Child::Wait() {
  const auto process = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  pollfd ended{process, POLLIN, 0};
  const int ready = poll(&ended, 1, kWaitMsMax);
  close(process);
  if (ready != 1) {
    ADD_FAILURE() << "it does not end; so far it said:\n" << Output();
    return -1000;
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::string Child::Output() const { return ReadFile(output_path_); }

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void AwaitCondition(const std::function<bool()>& condition, const std::string& what) {
  const int64_t deadline_ns = MonotonicNs() + int64_t{kWaitMsMax} * 1'000'000;
  while (!condition()) {
    ASSERT_LT(MonotonicNs(), deadline_ns) << what;
    poll(nullptr, 0, 2);
  }
}

}  // namespace pipeline
