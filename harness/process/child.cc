#include "harness/process/child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace harness {
namespace {

// The process's own environment with the spec's variables in place of its own.
std::vector<std::string> Environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!added.contains(std::string(text.substr(0, text.find('='))))) environment.emplace_back(text);
  }
  for (const auto& [name, value] : added) environment.emplace_back(name).append("=").append(value);
  return environment;
}

std::vector<char*> Pointers(std::vector<std::string>* texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts->size() + 1);
  for (std::string& text : *texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

[[noreturn]] void Fail(int report_fd, StartStep step) {
  const StartFailure failure{step, errno};
  // Nobody is left to tell when this fails; the reaper then sees a process that ends at once with 127.
  [[maybe_unused]] const ssize_t written = write(report_fd, &failure, sizeof(failure));
  _exit(127);
}

void DefaultSignals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) sigaction(number, &action, nullptr);  // KILL and STOP refuse: fine
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

void PlaceStreams(const ProcessSpec& spec, int log_fd, int report_fd) {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) Fail(report_fd, StartStep::kStreams);
  const int log = log_fd >= 0 ? log_fd : null;
  // The reaper keeps 0 to 2 open, so none of these is already in its place.
  if (dup2(spec.stdin_fd >= 0 ? spec.stdin_fd : null, 0) < 0 ||
      dup2(spec.stdout_fd >= 0 ? spec.stdout_fd : log, 1) < 0 || dup2(log, 2) < 0) {
    Fail(report_fd, StartStep::kStreams);
  }
  // By number: the C library's wrapper is younger than the kernel's call. Everything else goes at exec.
  if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
    const int fds = static_cast<int>(std::min<int64_t>(sysconf(_SC_OPEN_MAX), 65536));
    for (int fd = 3; fd < fds; ++fd) fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
}

[[noreturn]] void BecomeProgram(const ProcessSpec& spec, int log_fd, const rlimit& files_max, pid_t reaper,
                                int report_fd, char** argv, char** environment) {
  setpgid(0, 0);
  // Should the reaper itself be killed, its children go too.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != reaper) _exit(127);
  DefaultSignals();
  PlaceStreams(spec, log_fd, report_fd);
  setrlimit(RLIMIT_NOFILE, &files_max);
  if (!spec.cwd.empty() && chdir(spec.cwd.c_str()) != 0) Fail(report_fd, StartStep::kFolder);
  environ = environment;  // execvp looks in the child's own PATH
  execvp(argv[0], argv);
  Fail(report_fd, StartStep::kExec);
}

}  // namespace

pid_t StartChild(const ProcessSpec& spec, int log_fd, const rlimit& files_max, StartFailure* failure) {
  std::vector<std::string> arguments = spec.argv;
  std::vector<std::string> variables = Environment(spec.env);
  const std::vector<char*> argv = Pointers(&arguments);
  const std::vector<char*> environment = Pointers(&variables);
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) {
    *failure = {StartStep::kFork, errno};
    return 0;
  }
  const pid_t reaper = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    BecomeProgram(spec, log_fd, files_max, reaper, report[1], const_cast<char**>(argv.data()),
                  const_cast<char**>(environment.data()));
  }
  const int fork_error = errno;
  close(report[1]);
  if (pid < 0) {
    close(report[0]);
    *failure = {StartStep::kFork, fork_error};
    return 0;
  }
  // Closed by exec: until then the child may still report.
  StartFailure told;
  ssize_t count = 0;
  do {
    count = read(report[0], &told, sizeof(told));
  } while (count < 0 && errno == EINTR);
  close(report[0]);
  if (count != static_cast<ssize_t>(sizeof(told))) return pid;
  waitpid(pid, nullptr, 0);
  *failure = told;
  return 0;
}

}  // namespace harness
