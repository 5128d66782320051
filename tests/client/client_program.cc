#include "tests/client/client_program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>

#include "common/clock.h"

namespace pipeline {
namespace {

constexpr int kWaitMsMax = 60'000;

std::vector<char*> Pointers(std::vector<std::string>* texts) {
  std::vector<char*> pointers;
  for (std::string& text : *texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Between fork and exec: only what is async-signal-safe.
[[noreturn]] void Exec(const std::vector<char*>& argv, const std::vector<char*>& env, const char* folder, int out,
                       int err) {
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  if (chdir(folder) == 0) execve(argv[0], argv.data(), env.data());
  _exit(127);
}

}  // namespace

ClientProgram::ClientProgram(const std::vector<std::string>& args, const std::map<std::string, std::string>& env) {
  std::vector<std::string> argv_texts = {std::string(PIPELINE_BIN_DIR) + "/payment-client"};
  argv_texts.insert(argv_texts.end(), args.begin(), args.end());
  std::vector<std::string> env_texts = {"PATH=/usr/bin:/bin"};
  // Where sanitizers put their reports and what they keep quiet about.
  for (const char* name : {"ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) env_texts.push_back(std::string(name) + "=" + value);
  }
  for (const auto& [name, value] : env) env_texts.push_back(name + "=" + value);
  const std::vector<char*> argv = Pointers(&argv_texts);
  const std::vector<char*> environment = Pointers(&env_texts);
  std::array<int, 2> fds{};
  if (pipe2(fds.data(), O_CLOEXEC) != 0) std::abort();
  const int err = open(folder_.File("stderr").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const std::string folder = folder_.File("");
  pid_ = fork();
  if (pid_ == 0) Exec(argv, environment, folder.c_str(), fds[1], err);
  close(fds[1]);
  close(err);
  out_ = fds[0];
}

ClientProgram::~ClientProgram() {
  CloseOutput();
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

bool ClientProgram::ReadSome(int wait_ms) {
  pollfd ready{out_, POLLIN, 0};
  if (poll(&ready, 1, wait_ms) != 1) return false;
  std::array<char, 65536> bytes;
  const ssize_t count = read(out_, bytes.data(), bytes.size());
  if (count > 0) output_.append(bytes.data(), static_cast<size_t>(count));
  return count > 0;
}

void ClientProgram::ReadUntil(const std::string& text) {
  while (output_.find(text) == std::string::npos) {
    ASSERT_TRUE(ReadSome(kWaitMsMax)) << "no \"" << text << "\" in:\n" << output_ << "\nstandard error:\n" << errors();
  }
}

void ClientProgram::ReadWhatIsThere() {
  while (out_ >= 0 && ReadSome(0)) {
  }
}

void ClientProgram::WaitUntilPipeIsFull() {
  const int64_t deadline_ns = MonotonicNs() + int64_t{kWaitMsMax} * 1'000'000;
  // A writing end of the same pipe, for its state alone.
  const std::string same_pipe = "/proc/self/fd/" + std::to_string(out_);
  const int writer = open(same_pipe.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(writer, 0);
  pollfd writable{writer, POLLOUT, 0};
  while (poll(&writable, 1, 0) != 0 && MonotonicNs() < deadline_ns) poll(nullptr, 0, 2);
  close(writer);
  ASSERT_LT(MonotonicNs(), deadline_ns);
}

void ClientProgram::CloseOutput() {
  if (out_ >= 0) close(out_);
  out_ = -1;
}

void ClientProgram::Signal(int number) const { kill(pid_, number); }

int ClientProgram::Wait() {
  while (out_ >= 0 && ReadSome(kWaitMsMax)) {
  }
  return WaitWithoutReading();
}

int ClientProgram::WaitWithoutReading() {
  const auto process = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  pollfd ended{process, POLLIN, 0};
  const int ready = poll(&ended, 1, kWaitMsMax);
  close(process);
  if (ready != 1) {
    ADD_FAILURE() << "it does not end; so far it said:\n" << output_ << errors();
    return -1000;
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace pipeline
