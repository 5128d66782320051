// The reaper's process: one thread, one loop over its socket and SIGCHLD. It is this program, executed again, so that
// it holds nothing of the harness's and outlives it for as long as it takes to kill and reap what the harness started.
#include <dirent.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "harness/process/child.h"
#include "harness/process/process_info.h"
#include "harness/process/reaper_protocol.h"
#include "harness/process/supervisor.h"

namespace harness {
namespace {

// What a process leaves behind in its group when it ends may finish for this long, then it is killed, so that an end
// that was reported means that its ports and files are free.
constexpr int64_t kLeftoverGraceNs = 2'000'000'000;
constexpr int64_t kKilledGraceNs = 1'000'000'000;  // for the kernel to end what was killed
constexpr int64_t kShutdownNs = 10'000'000'000;    // the most that the reaper's own end takes
constexpr int kPollMs = 10;                        // while something is awaited that gives no signal

int64_t Ns(const timeval& time) { return int64_t{time.tv_sec} * 1'000'000'000 + int64_t{time.tv_usec} * 1'000; }

struct ReceivedPacket {
  ssize_t size = 0;
  std::vector<int> fds;
};

class Reaper {
 public:
  explicit Reaper(int socket) : socket_(socket), packet_(kRequestBytesMax + 1, '\0') {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_SETMASK, &child, nullptr);
    signal_fd_ = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  }

  void Run() {
    Send({});
    for (;;) {
      pollfd waits[2] = {{socket_, POLLIN, 0}, {signal_fd_, POLLIN, 0}};
      if (poll(waits, 2, AnyEnding() ? kPollMs : -1) < 0 && errno != EINTR) break;
      if (waits[1].revents != 0) DrainSignals();
      Reap();
      if (waits[0].revents != 0 && !Serve()) break;
    }
    KillAll();
  }

 private:
  struct Child {
    bool leader_ended = false;
    ProcessExit exit;
    int64_t kill_ns = 0;     // then the rest of the group is killed
    int64_t give_up_ns = 0;  // then the end is reported whatever is left
  };

  bool AnyEnding() const {
    return std::any_of(children_.begin(), children_.end(), [](const auto& entry) { return entry.second.leader_ended; });
  }

  void DrainSignals() {
    signalfd_siginfo info{};
    while (read(signal_fd_, &info, sizeof(info)) > 0) {
    }
  }

  // False when no child, not even an adopted one, is left.
  bool Reap() {
    for (;;) {
      int status = 0;
      rusage usage{};
      const pid_t pid = wait4(-1, &status, WNOHANG, &usage);
      if (pid <= 0) {
        const bool some = pid == 0;
        ReportEnded();
        return some;
      }
      const auto found = children_.find(pid);
      if (found == children_.end()) continue;  // a descendant whose parent ended before it: adopted
      Child& child = found->second;
      child.leader_ended = true;
      child.exit = {pid, status, 0, Ns(usage.ru_utime), Ns(usage.ru_stime), int64_t{usage.ru_maxrss} * 1024};
      child.kill_ns = pipeline::MonotonicNs() + kLeftoverGraceNs;
      child.give_up_ns = child.kill_ns + kKilledGraceNs;
    }
  }

  void ReportEnded() {
    for (auto entry = children_.begin(); entry != children_.end();) {
      auto& [pid, child] = *entry;
      if (!child.leader_ended) {
        ++entry;
        continue;
      }
      const int64_t now_ns = pipeline::MonotonicNs();
      const bool group_gone = kill(-pid, 0) != 0 && errno == ESRCH;
      if (!group_gone && now_ns < child.give_up_ns) {
        if (now_ns >= child.kill_ns) kill(-pid, SIGKILL);
        ++entry;
        continue;
      }
      child.exit.ended_ns = now_ns;
      ReaperReply reply;
      reply.kind = ReplyKind::kEnded;
      reply.exit = child.exit;
      Send(reply);
      entry = children_.erase(entry);
    }
  }

  // False when the harness's end has closed.
  bool Serve() {
    ReceivedPacket packet = Receive();
    if (packet.size <= 0) return packet.size < 0 && (errno == EINTR || errno == EAGAIN);
    const std::optional<ReaperRequest> request = DecodeRequest({packet_.data(), static_cast<size_t>(packet.size)});
    if (!request) {
      std::fprintf(stderr, "harness-reaper: a request can't be read; ending\n");
      return false;
    }
    if (request->kind == RequestKind::kStart) {
      Start(*request, packet.fds);
    } else {
      Signal(*request);
    }
    for (const int fd : packet.fds) close(fd);
    return true;
  }

  ReceivedPacket Receive() {
    ReceivedPacket packet;
    iovec part{packet_.data(), packet_.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    packet.size = recvmsg(socket_, &message, MSG_CMSG_CLOEXEC);
    if (packet.size <= 0) return packet;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
      if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
      const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      packet.fds.resize(count);
      std::memcpy(packet.fds.data(), CMSG_DATA(header), count * sizeof(int));
    }
    return packet;
  }

  void Start(const ReaperRequest& request, const std::vector<int>& fds) {
    ReaperReply reply;
    reply.kind = ReplyKind::kNotStarted;
    reply.request = request.id;
    ProcessSpec spec = request.spec;
    const size_t wanted = (spec.stdin_fd >= 0 ? 1u : 0u) + (spec.stdout_fd >= 0 ? 1u : 0u);
    if (children_.size() >= kProcessesMax) {
      reply.failure = {StartStep::kLimit, 0};
    } else if (fds.size() != wanted) {
      reply.failure = {StartStep::kStreams, EMFILE};  // the kernel drops those that have no room here
    } else {
      if (spec.stdin_fd >= 0) spec.stdin_fd = fds.front();
      if (spec.stdout_fd >= 0) spec.stdout_fd = fds.back();
      const pid_t pid = StartChild(spec, &reply.failure);
      if (pid > 0) {
        children_[pid] = {};
        reply.kind = ReplyKind::kStarted;
        reply.exit.pid = pid;
      }
    }
    Send(reply);
  }

  void Signal(const ReaperRequest& request) {
    Reap();  // an end that has happened is known now
    ReaperReply reply;
    reply.kind = ReplyKind::kSignalled;
    reply.request = request.id;
    const auto pid = static_cast<pid_t>(request.pid);
    const auto found = children_.find(pid);
    // The leader unreaped, or members left: either way the number is still this group's.
    reply.delivered = found != children_.end() && kill(-pid, request.signal) == 0 ? 1 : 0;
    Send(reply);
  }

  // A harness that is gone hears nothing; that is noticed where requests are received.
  void Send(const ReaperReply& reply) {
    while (send(socket_, &reply, sizeof(reply), MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
  }

  // Kills every group, then every descendant that left its group: as parents die, those become the reaper's children.
  void KillAll() {
    const int64_t deadline_ns = pipeline::MonotonicNs() + kShutdownNs;
    for (const auto& [pid, child] : children_) kill(-pid, SIGKILL);
    while (Reap() && pipeline::MonotonicNs() < deadline_ns) {
      for (const auto& [pid, child] : children_) kill(-pid, SIGKILL);
      for (const int64_t pid : ChildrenOf(getpid())) kill(static_cast<pid_t>(pid), SIGKILL);
      pollfd wait{signal_fd_, POLLIN, 0};
      poll(&wait, 1, kPollMs);
      DrainSignals();
    }
    ReportEnded();
  }

  const int socket_;
  int signal_fd_ = -1;
  std::string packet_;
  std::map<pid_t, Child> children_;
};

// Someone who types the hidden argument by hand gets a sentence, not a process that reads whatever it finds at 3.
bool IsReaperSocket(int fd) {
  int type = 0;
  socklen_t size = sizeof(type);
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

}  // namespace

void RunReaperIfAsked(int argc, char** argv) {
  if (argc < 2 || std::string_view(argv[1]) != kReaperArgument) return;
  if (!IsReaperSocket(kReaperFd)) {
    std::fprintf(stderr, "%s is for the harness's own use\n", kReaperArgument);
    _exit(2);
  }
  prctl(PR_SET_NAME, "harness-reaper");
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  // It ends when the harness does, and not before: in a session of its own no terminal reaches it either.
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2}) signal(number, SIG_IGN);
  unsetenv(kReaperGuard);
  syscall(SYS_close_range, static_cast<unsigned>(kReaperFd) + 1, ~0U, 0);
  Reaper(kReaperFd).Run();
  _exit(0);
}

}  // namespace harness
