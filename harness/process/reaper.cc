// The reaper's process: one thread, one loop over its socket and SIGCHLD. It is this program, executed again, so that
// it holds nothing of the harness's and outlives it for as long as it takes to kill and reap what the harness started.
#include <dirent.h>
#include <fcntl.h>
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
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "harness/process/capped_log.h"
#include "harness/process/child.h"
#include "harness/process/members.h"
#include "harness/process/process_info.h"
#include "harness/process/reaper_protocol.h"
#include "harness/process/supervisor.h"

namespace harness {
namespace {

// What a process leaves behind when it ends may finish for this long, then it is killed, so that an end that was
// reported means that its ports and files are free. Longer when it was asked to end: a shell ends at once, and the
// program that it has started takes its time; whoever asked kills what takes too long.
constexpr int64_t kLeftoverGraceNs = 2'000'000'000;
constexpr int64_t kAskedGraceNs = 60'000'000'000;
constexpr int64_t kShutdownNs = 10'000'000'000;  // the most that the reaper's own end takes
// A process that prints without end must not keep the others waiting; what is in the pipe of one that has ended is
// less.
constexpr int64_t kLogMoveBytesMax = int64_t{1} << 20;
constexpr rlim_t kFilesMax = 4 * kProcessesMax;
constexpr int kPollMs = 10;  // while something is awaited that gives no signal

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
    // Each process takes two: its pipe and its log.
    getrlimit(RLIMIT_NOFILE, &files_max_);
    rlimit mine = files_max_;
    mine.rlim_cur = std::min(mine.rlim_max, std::max(mine.rlim_cur, kFilesMax));
    setrlimit(RLIMIT_NOFILE, &mine);
  }

  void Run() {
    Send({});
    for (;;) {
      std::vector<pollfd> waits = {{socket_, POLLIN, 0}, {signal_fd_, POLLIN, 0}};
      for (const auto& [pid, log] : logs_) waits.push_back({log.pipe_fd(), POLLIN, 0});
      if (poll(waits.data(), waits.size(), AnyEnding() ? kPollMs : -1) < 0 && errno != EINTR) break;
      MoveLogs();
      if (waits[1].revents != 0) DrainSignals();
      Reap();
      if (waits[0].revents != 0 && !Serve()) break;
    }
    KillAll();
  }

 private:
  // A detached one's last end gives a signal.
  bool AnyEnding() const {
    return std::any_of(children_.begin(), children_.end(),
                       [](const auto& entry) { return entry.second.leader_ended && !entry.second.detached; });
  }

  std::vector<ProcessRow> Members(pid_t leader) { return orphans_.MembersOf(children_, leader); }

  // What the processes have printed, into their logs.
  void MoveLogs() {
    for (auto& [pid, log] : logs_) log.Move(kLogMoveBytesMax);
    std::erase_if(logs_, [](const auto& entry) { return entry.first == 0 && entry.second.ended(); });
  }

  // The log of a process that has ended: its last part goes into the file, whoever else still holds the pipe.
  int64_t FinishLog(pid_t pid) {
    for (auto& [owner, log] : logs_) {
      if (owner != pid) continue;
      owner = 0;  // the pid may come again
      log.Move(kLogMoveBytesMax);
      log.Finish();
      return log.dropped_bytes();
    }
    return 0;
  }

  void DrainSignals() {
    signalfd_siginfo info{};
    while (read(signal_fd_, &info, sizeof(info)) > 0) {
    }
  }

  // False when no child, not even an adopted one, is left.
  bool Reap() {
    for (;;) {
      siginfo_t ended{};
      const bool some = waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0;
      if (!some || ended.si_pid == 0) {
        ReportEnded();
        return some;
      }
      // As long as it is not reaped, its group tells whose it is.
      if (const auto row = ProcessOf(ended.si_pid)) orphans_.Adopt(children_, *row);
      int status = 0;
      rusage usage{};
      const pid_t pid = wait4(ended.si_pid, &status, WNOHANG, &usage);
      if (const auto found = children_.find(pid); found != children_.end()) {
        LeaderEnded(pid, status, usage, &found->second);
      } else if (const auto orphan = orphans_.Take(pid)) {
        const auto whose = children_.find(orphan->leader);
        if (whose != children_.end()) OrphanEnded(status, usage, orphan->is_heir, &whose->second);
      }
    }
  }

  void LeaderEnded(pid_t pid, int status, const rusage& usage, Child* child) {
    child->leader_ended = true;
    child->exit.pid = pid;
    child->exit.status = status;
    AddUsage(usage, &child->exit);
    child->detached = HasGoneOn(pid, *child, Members(pid));
    if (child->detached) return;
    child->EndsAt(pipeline::MonotonicNs() + (child->asked ? kAskedGraceNs : kLeftoverGraceNs));
  }

  // A program that puts itself into the background has another group by now, or soon; what ends with it has not.
  static bool HasGoneOn(pid_t leader, const Child& child, const std::vector<ProcessRow>& members) {
    return WIFEXITED(child.exit.status) && WEXITSTATUS(child.exit.status) == 0 &&
           std::any_of(members.begin(), members.end(), [&](const ProcessRow& row) { return row.group != leader; });
  }

  static void AddUsage(const rusage& usage, ProcessExit* exit) {
    exit->user_cpu_ns += Ns(usage.ru_utime);
    exit->system_cpu_ns += Ns(usage.ru_stime);
    exit->rss_bytes_max = std::max(exit->rss_bytes_max, int64_t{usage.ru_maxrss} * 1024);
  }

  static void OrphanEnded(int status, const rusage& usage, bool is_heir, Child* child) {
    AddUsage(usage, &child->exit);
    if (child->detached) child->exit.status = status;
    const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (is_heir && child->asked && !IsOrderly(status) && !killed) child->heir_status = status;
  }

  // As a program ends that is asked to; a shell says 128 + 15 of one that SIGTERM ended.
  static bool IsOrderly(int status) {
    if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGTERM;
    return WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 128 + SIGTERM;
  }

  void ReportEnded() {
    for (auto entry = children_.begin(); entry != children_.end();) {
      auto& [pid, child] = *entry;
      if (!child.leader_ended) {
        ++entry;
        continue;
      }
      const int64_t now_ns = pipeline::MonotonicNs();
      const auto members = Members(pid);
      child.detached |= !child.asked && HasGoneOn(pid, child, members);
      // One that has ended meanwhile, and of which a signal is on its way, may be the one whose end counts.
      if (members.empty() && orphans_.HasOf(pid)) {
        ++entry;
        continue;
      }
      if (!members.empty() && (child.detached || now_ns < child.give_up_ns)) {
        if (!child.detached && now_ns >= child.kill_ns) {
          for (const ProcessRow& member : members) SignalOne(member, SIGKILL);
        }
        ++entry;
        continue;
      }
      child.exit.ended_ns = now_ns;
      // A shell that was asked to end tells nothing of how its program ended.
      if (child.heir_status && IsOrderly(child.exit.status)) child.exit.status = *child.heir_status;
      child.exit.log_bytes_dropped = FinishLog(pid);
      ReaperReply reply;
      reply.kind = ReplyKind::kEnded;
      reply.exit = child.exit;
      Send(reply);
      orphans_.ForgetOf(pid);
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
    } else if (request->kind == RequestKind::kSignal) {
      Signal(*request);
    } else {
      TellMembers(*request);
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
      const std::string mark = std::to_string(getpid()) + "." + std::to_string(request.id);
      spec.env[kSubjectVariable] = mark;
      StartWithLog(spec, mark, &reply);
    }
    Send(reply);
  }

  // Log paths are relative to the harness's folder, which is this process's too.
  void StartWithLog(const ProcessSpec& spec, const std::string& mark, ReaperReply* reply) {
    int log_fds[2] = {-1, -1};
    std::optional<CappedLog> log;
    if (!spec.log_path.empty()) {
      const int file = open(spec.log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0644);
      if (file < 0 || pipe2(log_fds, O_CLOEXEC) != 0) {
        reply->failure = {StartStep::kLog, errno};
        if (file >= 0) close(file);
        return;
      }
      fcntl(log_fds[0], F_SETFL, O_NONBLOCK);  // this end alone: the process's own writes wait
      log.emplace(log_fds[0], file);
    }
    const pid_t pid = StartChild(spec, log_fds[1], files_max_, &reply->failure);
    if (log_fds[1] >= 0) close(log_fds[1]);
    if (pid <= 0) return;
    children_[pid].mark = mark;
    if (log) logs_.emplace_back(pid, *std::move(log));
    reply->kind = ReplyKind::kStarted;
    reply->exit.pid = pid;
  }

  void Signal(const ReaperRequest& request) {
    Reap();  // an end that has happened is known now
    ReaperReply reply;
    reply.kind = ReplyKind::kSignalled;
    reply.request = request.id;
    const auto found = children_.find(static_cast<pid_t>(request.pid));
    if (found != children_.end()) {
      Child& child = found->second;
      child.asked |= request.signal == SIGTERM;
      reply.delivered = SignalMembers(found->first, request.signal) ? 1 : 0;
      if (request.signal == SIGSTOP || request.signal == SIGCONT) child.paused = request.signal == SIGSTOP;
      if (request.signal == SIGTERM) Continue(found->first, child.paused);
      if (request.signal == SIGKILL && child.leader_ended) child.EndsAt(pipeline::MonotonicNs());
    }
    Send(reply);
  }

  bool SignalMembers(pid_t leader, int signal) {
    // The leader unreaped, or members left: either way the number is still this group's.
    const Child& child = children_.at(leader);
    bool by_group = !child.detached;
    bool delivered = false;
    std::set<int64_t> told;
    if (signal == SIGTERM && !child.leader_ended && Members(leader).size() > 1) {
      delivered = AskLeader(leader);
      told.insert(leader);
      // One that has taken it and lives must not be told twice, as the group would.
      const auto now = ProcessOf(leader);
      by_group = now && now->ended();
    }
    if (by_group) delivered |= kill(-leader, signal) == 0;
    // Those that are neither killed nor stopped may start others meanwhile.
    constexpr int kLooksMax = 5;
    const int looks = signal == SIGKILL || signal == SIGSTOP || !by_group ? kLooksMax : 1;
    for (int look = 0; look < looks; ++look) {
      bool any = false;
      for (const ProcessRow& member : Members(leader)) {
        if (!told.insert(member.pid).second) continue;
        any = true;
        const bool has_it = look == 0 && by_group && member.group == leader;
        if (!has_it) delivered |= SignalOne(member, signal);
      }
      if (!any) break;
    }
    return delivered;
  }

  // A stopped process hears what it was told when it goes on. To one that runs SIGCONT is not sent: it would take back
  // the stop with which a tracer attaches, as LeakSanitizer's does at the end, and that would wait for ever.
  void Continue(pid_t leader, bool paused) {
    if (paused) SignalMembers(leader, SIGCONT);
    for (const ProcessRow& member : Members(leader)) {
      if (member.state == 'T') SignalOne(member, SIGCONT);
    }
  }

  void TellMembers(const ReaperRequest& request) {
    Reap();
    ReaperReply reply;
    reply.kind = ReplyKind::kMembers;
    reply.request = request.id;
    const auto pid = static_cast<pid_t>(request.pid);
    if (children_.contains(pid)) {
      for (const ProcessRow& member : Members(pid)) {
        if (reply.member_count < kMembersMax) reply.members[reply.member_count++] = member.pid;
      }
    }
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
      MoveLogs();
      DrainSignals();
    }
    ReportEnded();
  }

  const int socket_;
  int signal_fd_ = -1;
  std::string packet_;
  Children children_;
  Orphans orphans_;     // of theirs
  rlimit files_max_{};  // as it was: the children's
  // By pid; 0: of a process that has ended, with somebody left at its pipe.
  std::list<std::pair<pid_t, CappedLog>> logs_;
};

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
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ, SIGUSR1, SIGUSR2}) {
    signal(number, SIG_IGN);
  }
  unsetenv(kReaperGuard);
  syscall(SYS_close_range, static_cast<unsigned>(kReaperFd) + 1, ~0U, 0);
  Reaper(kReaperFd).Run();
  _exit(0);
}

}  // namespace harness
