#include "harness/process/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "common/clock.h"
#include "common/mutex.h"
#include "harness/process/reaper_protocol.h"

namespace harness {
namespace {

constexpr int64_t kReplyTimeoutNs = 30'000'000'000;  // fork and exec on a machine under full load stay far below
constexpr int kHelloTimeoutMs = 30'000;
constexpr size_t kEndsKept = 4096;

std::chrono::steady_clock::time_point TimePoint(int64_t monotonic_ns) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(monotonic_ns));
}

std::system_error Error(int error, const std::string& what) { return {error, std::generic_category(), what}; }

std::string ErrorText(int error) { return std::generic_category().message(error); }

// Why a process was not started, for people.
std::string StartError(const ProcessSpec& spec, StartFailure failure) {
  const std::string& program = spec.argv.front();
  const std::string before = "can't start " + spec.name + ": ";
  switch (failure.step) {
    case StartStep::kLimit:
      return before + std::to_string(kProcessesMax) + " processes are alive already, which is the limit";
    case StartStep::kLog:
      return before + "its log " + spec.log_path + " can't be opened: " + ErrorText(failure.error);
    case StartStep::kStreams:
      return before + "its standard input and output can't be set up: " + ErrorText(failure.error);
    case StartStep::kFolder:
      return before + "its folder " + spec.cwd + " can't be entered: " + ErrorText(failure.error);
    case StartStep::kExec:
      if (failure.error == ENOENT && program.find('/') == std::string::npos) {
        return before + "program " + program + " is not in PATH";
      }
      return before + "program " + program + " can't be executed: " + ErrorText(failure.error);
    case StartStep::kNone:
    case StartStep::kFork:
      break;
  }
  return before + "no process for " + program + ": " + ErrorText(failure.error);
}

void CheckSpec(const ProcessSpec& spec) {
  const auto refuse = [&](const std::string& why) {
    throw std::runtime_error("can't start " + spec.name + ": " + why);
  };
  const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  if (spec.argv.empty() || spec.argv.front().empty()) refuse("no program is given");
  for (size_t i = 0; i < spec.argv.size(); ++i) {
    if (has_nul(spec.argv[i])) refuse("argument " + std::to_string(i) + " holds a NUL byte");
  }
  for (const auto& [name, value] : spec.env) {
    if (name.empty() || name.find('=') != std::string::npos || has_nul(name) || has_nul(value)) {
      refuse("environment variable \"" + name + "\" can't be set: names have no '=', neither has NUL bytes");
    }
  }
  if (has_nul(spec.cwd) || has_nul(spec.log_path)) refuse("a path holds a NUL byte");
}

// The reaper, connected by `socket`. Throws std::system_error.
pid_t SpawnReaper(int socket) {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) variables.emplace_back(*entry);
  variables.push_back(std::string(kReaperGuard) + "=1");
  std::vector<char*> environment;
  environment.reserve(variables.size() + 1);
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  std::string name = "harness-reaper";
  std::string argument = kReaperArgument;
  char* argv[] = {name.data(), argument.data(), nullptr};

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  // 2 stays the harness's: the reaper writes there only when something is wrong with itself.
  if (fcntl(2, F_GETFD) < 0) posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&files, socket, kReaperFd);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, "/proc/self/exe", &files, &attributes, argv, environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) throw Error(error, "can't start the reaper");
  return pid;
}

}  // namespace

struct Supervisor::State {
  struct Process {
    bool running = true;
    ProcessExit exit;
  };
  struct Answer {
    bool told = false;
    ReaperReply reply;
  };

  // Sends a request and waits for its answer. nullopt when the reaper has ended or does not answer in time.
  std::optional<ReaperReply> Ask(ReaperRequest request);
  void SendPacket(const std::string& packet, const std::vector<int>& fds);
  void Receive();
  void OnReply(const ReaperReply& reply);
  void OnEnd(const ProcessExit& exit);
  void OnReaperGone();
  void CheckThread() const {
    if (std::this_thread::get_id() == receiver.get_id()) {
      throw std::logic_error("the supervisor is called from its own OnExit callback");
    }
  }

  int socket = -1;
  pid_t reaper = 0;
  std::thread receiver;

  mutable pipeline::Mutex mutex;
  mutable pipeline::CondVar changed;
  uint64_t last_request ABSL_GUARDED_BY(mutex) = 0;
  std::map<uint64_t, Answer> answers ABSL_GUARDED_BY(mutex);
  std::map<int64_t, Process> processes ABSL_GUARDED_BY(mutex);
  std::deque<int64_t> ended ABSL_GUARDED_BY(mutex);  // oldest first, so that the map stays bounded
  bool reaper_gone ABSL_GUARDED_BY(mutex) = false;
  std::function<void(const ProcessExit&)> callback ABSL_GUARDED_BY(mutex);
};

Supervisor::Supervisor() : state_(std::make_unique<State>()) {
  if (getenv(kReaperGuard) != nullptr) {
    throw Error(EINVAL, "this program does not call RunReaperIfAsked first thing in main()");
  }
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) throw Error(errno, "socketpair");
  // Above the numbers that the reaper's descriptors get, so that none of them is put in its place too early.
  const int theirs = fcntl(sockets[1], F_DUPFD_CLOEXEC, 10);
  const int dup_error = errno;
  close(sockets[1]);
  state_->socket = sockets[0];
  try {
    if (theirs < 0) throw Error(dup_error, "can't start the reaper");
    state_->reaper = SpawnReaper(theirs);
  } catch (...) {
    if (theirs >= 0) close(theirs);
    close(sockets[0]);
    throw;
  }
  close(theirs);
  ReaperReply hello;
  pollfd wait{state_->socket, POLLIN, 0};
  int ready = 0;
  do {
    ready = poll(&wait, 1, kHelloTimeoutMs);
  } while (ready < 0 && errno == EINTR);
  if (ready != 1 || recv(state_->socket, &hello, sizeof(hello), 0) != static_cast<ssize_t>(sizeof(hello))) {
    close(state_->socket);
    kill(state_->reaper, SIGKILL);
    waitpid(state_->reaper, nullptr, 0);
    throw Error(ready == 0 ? ETIMEDOUT : EPIPE, "the reaper does not answer");
  }
  state_->receiver = std::thread([state = state_.get()] { state->Receive(); });
}

Supervisor::~Supervisor() {
  shutdown(state_->socket, SHUT_WR);  // the reaper kills what is left, says so, and ends
  state_->receiver.join();
  while (waitpid(state_->reaper, nullptr, 0) < 0 && errno == EINTR) {
  }
  close(state_->socket);
}

int64_t Supervisor::Start(const ProcessSpec& spec) {
  CheckSpec(spec);
  ReaperRequest request;
  request.kind = RequestKind::kStart;
  request.spec = spec;
  std::optional<ReaperReply> reply;
  try {
    reply = state_->Ask(std::move(request));
  } catch (const std::runtime_error& error) {
    throw std::runtime_error("can't start " + spec.name + ": " + error.what());
  }
  if (!reply) throw std::runtime_error("can't start " + spec.name + ": the reaper has ended or does not answer");
  if (reply->kind != ReplyKind::kStarted) throw std::runtime_error(StartError(spec, reply->failure));
  return reply->exit.pid;
}

bool Supervisor::Signal(int64_t pid, int signal) {
  if (!IsRunning(pid)) return false;
  ReaperRequest request;
  request.kind = RequestKind::kSignal;
  request.pid = pid;
  request.signal = signal;
  const std::optional<ReaperReply> reply = state_->Ask(std::move(request));
  return reply && reply->delivered != 0;
}

std::vector<int64_t> Supervisor::Members(int64_t pid) {
  if (!IsRunning(pid)) return {};
  ReaperRequest request;
  request.kind = RequestKind::kMembers;
  request.pid = pid;
  const std::optional<ReaperReply> reply = state_->Ask(std::move(request));
  if (!reply) return {};
  return {reply->members.begin(), reply->members.begin() + std::min<size_t>(reply->member_count, kMembersMax)};
}

void Supervisor::KillAll() {
  std::vector<int64_t> running;
  {
    const pipeline::MutexLock lock(&state_->mutex);
    for (const auto& [pid, process] : state_->processes) {
      if (process.running) running.push_back(pid);
    }
  }
  for (const int64_t pid : running) Signal(pid, SIGKILL);
}

bool Supervisor::IsRunning(int64_t pid) const {
  const pipeline::MutexLock lock(&state_->mutex);
  const auto found = state_->processes.find(pid);
  return found != state_->processes.end() && found->second.running;
}

std::optional<ProcessExit> Supervisor::WaitExit(int64_t pid, int64_t deadline_ns) const {
  state_->CheckThread();
  const pipeline::MutexLock lock(&state_->mutex);
  std::optional<ProcessExit> exit;
  state_->changed.WaitUntil(&state_->mutex, TimePoint(deadline_ns), [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_->mutex) {
    const auto found = state_->processes.find(pid);
    if (found == state_->processes.end()) return true;
    if (!found->second.running) exit = found->second.exit;
    return exit.has_value();
  });
  return exit;
}

void Supervisor::OnExit(std::function<void(const ProcessExit&)> callback) {
  const pipeline::MutexLock lock(&state_->mutex);
  state_->callback = std::move(callback);
}

std::optional<ReaperReply> Supervisor::State::Ask(ReaperRequest request) {
  CheckThread();
  std::vector<int> fds;
  for (const int fd : {request.spec.stdin_fd, request.spec.stdout_fd}) {
    if (fd >= 0) fds.push_back(fd);
  }
  pipeline::MutexLock lock(&mutex);
  if (reaper_gone) return std::nullopt;
  const uint64_t id = ++last_request;
  answers[id];
  lock.Unlock();
  request.id = id;
  try {
    SendPacket(EncodeRequest(request), fds);
  } catch (...) {
    lock.Lock();
    answers.erase(id);
    throw;
  }
  lock.Lock();
  changed.WaitUntil(&mutex, TimePoint(pipeline::MonotonicNs() + kReplyTimeoutNs),
                    [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return answers[id].told || reaper_gone; });
  const auto answer = answers.extract(id);
  if (!answer.mapped().told) return std::nullopt;
  return answer.mapped().reply;
}

void Supervisor::State::SendPacket(const std::string& packet, const std::vector<int>& fds) {
  if (packet.size() > kRequestBytesMax) {
    throw std::runtime_error("its arguments, variables and paths have " + std::to_string(packet.size()) +
                             " bytes; allowed: " + std::to_string(kRequestBytesMax));
  }
  iovec part{const_cast<char*>(packet.data()), packet.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size() * sizeof(int));
  }
  ssize_t sent = 0;
  do {
    sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0 && errno != EPIPE && errno != ECONNRESET) throw Error(errno, "the reaper can't be told");
}

void Supervisor::State::Receive() {
  for (;;) {
    ReaperReply reply;
    const ssize_t size = recv(socket, &reply, sizeof(reply), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size != static_cast<ssize_t>(sizeof(reply))) break;
    OnReply(reply);
  }
  OnReaperGone();
}

void Supervisor::State::OnReply(const ReaperReply& reply) {
  if (reply.kind == ReplyKind::kEnded) {
    OnEnd(reply.exit);
    return;
  }
  bool unclaimed = false;
  {
    const pipeline::MutexLock lock(&mutex);
    const auto answer = answers.find(reply.request);
    if (reply.kind == ReplyKind::kStarted) processes[reply.exit.pid] = {};
    if (answer != answers.end()) {
      answer->second = {true, reply};
    } else {
      unclaimed = reply.kind == ReplyKind::kStarted;
    }
    changed.NotifyAll();
  }
  if (!unclaimed) return;
  // Whoever asked for it has given up waiting: nobody would ever stop it.
  ReaperRequest request;
  request.kind = RequestKind::kSignal;
  request.pid = reply.exit.pid;
  request.signal = SIGKILL;
  SendPacket(EncodeRequest(request), {});
}

void Supervisor::State::OnEnd(const ProcessExit& exit) {
  std::function<void(const ProcessExit&)> tell;
  {
    const pipeline::MutexLock lock(&mutex);
    processes[exit.pid] = {false, exit};
    ended.push_back(exit.pid);
    if (ended.size() > kEndsKept) {
      const auto oldest = processes.find(ended.front());
      if (oldest != processes.end() && !oldest->second.running) processes.erase(oldest);
      ended.pop_front();
    }
    tell = callback;
    changed.NotifyAll();
  }
  if (tell) tell(exit);
}

// In an orderly end nothing is running any more. When the reaper was killed, the kernel kills its children with it.
void Supervisor::State::OnReaperGone() {
  std::vector<ProcessExit> lost;
  {
    const pipeline::MutexLock lock(&mutex);
    reaper_gone = true;
    for (const auto& [pid, process] : processes) {
      if (process.running) lost.push_back({pid, SIGKILL, pipeline::MonotonicNs(), 0, 0, 0, 0});
    }
    changed.NotifyAll();
  }
  for (const ProcessExit& exit : lost) OnEnd(exit);
}

}  // namespace harness
