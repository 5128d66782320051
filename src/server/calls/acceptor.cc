#include "server/calls/acceptor.h"

#include <fcntl.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "common/clock.h"
#include "server/calls/peer_host.h"
#include "server/calls/sockets.h"

namespace pipeline {
namespace {

constexpr int64_t kSweepNs = 1'000'000'000;
// A look at all connections costs at most this share of the time, however many come beyond a limit.
constexpr int64_t kSweepShare = 10;
constexpr int kPauseMs = 100;
constexpr int kAcceptedAtOnce = 64;  // of one socket, before the others and Stop() are looked at
constexpr int64_t kTellNs = 10'000'000'000;

SocketId Identify(int fd) {
  struct stat about {};
  return fstat(fd, &about) == 0 && S_ISSOCK(about.st_mode) ? about.st_ino : 0;
}

struct Ends {
  sockaddr_storage peer{};
  sockaddr_storage own{};
};

// False: the peer has gone already.
bool FindEnds(int fd, Ends* ends) {
  socklen_t peer_size = sizeof(ends->peer);
  socklen_t own_size = sizeof(ends->own);
  return getpeername(fd, reinterpret_cast<sockaddr*>(&ends->peer), &peer_size) == 0 &&
         getsockname(fd, reinterpret_cast<sockaddr*>(&ends->own), &own_size) == 0;
}

// The connection comes from this machine, from that port.
bool IsSelf(const Ends& ends, const std::string& host, int port) {
  return port != 0 && PortOf(ends.peer) == port && host == HostOf(ends.own);
}

int OpenSpare() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

Acceptor::Acceptor(const ListeningSockets* sockets, const ConnectionLimits& limits, ServerCounters* counters,
                   Handover handover)
    : sockets_(sockets),
      counters_(counters),
      handover_(std::move(handover)),
      table_(limits, &Identify),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      spare_fd_(OpenSpare()) {
  if (wake_fd_ < 0 || spare_fd_ < 0) throw std::runtime_error(std::string("can't accept: ") + std::strerror(errno));
  thread_ = std::thread([this] { Run(); });
}

Acceptor::~Acceptor() {
  Stop();
  for (const int fd : {wake_fd_, spare_fd_}) {
    if (fd >= 0) close(fd);
  }
}

void Acceptor::Stop() {
  stopping_ = true;
  eventfd_write(wake_fd_, 1);
  if (thread_.joinable()) thread_.join();
}

void Acceptor::Run() {
  std::vector<pollfd> waits = {{wake_fd_, POLLIN, 0}};
  for (const int listener : sockets_->descriptors()) waits.push_back({listener, POLLIN, 0});
  while (!stopping_) {
    poll(waits.data(), waits.size(), static_cast<int>(kSweepNs / 1'000'000));
    bool shortage = false;
    for (size_t i = 1; i < waits.size() && !stopping_; ++i) {
      if (waits[i].revents != 0 && !AcceptAll(waits[i].fd)) shortage = true;
    }
    if (const int64_t now_ns = MonotonicNs(); now_ns - swept_at_ns_ >= kSweepNs) Sweep(now_ns);
    // What waits stays in the kernel's queue meanwhile; only Stop() cuts the pause short.
    if (shortage) poll(waits.data(), 1, kPauseMs);
  }
}

bool Acceptor::AcceptAll(int listener) {
  for (int i = 0; i < kAcceptedAtOnce; ++i) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      Take(listener, fd);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return true;
    } else if (IsShortage(errno)) {
      if (!TurnAway(listener)) return false;
    } else if (errno == EBADF || errno == EINVAL || errno == ENOTSOCK) {
      return false;  // the socket is broken: the server finds that it can't be reached
    }
    // Every other error is the end of one connection before it was taken (accept(2)).
  }
  return true;
}

void Acceptor::Take(int listener, int fd) {
  Ends ends;
  if (!FindEnds(fd, &ends)) {
    close(fd);
    return;
  }
  const std::string host = HostOf(ends.peer);
  if (IsSelf(ends, host, self_port_)) return handover_(listener, fd);
  ConnectionTable::Verdict verdict = table_.Check(host);
  if (verdict != ConnectionTable::Verdict::kRoom) {
    if (const int64_t now_ns = MonotonicNs(); now_ns >= sweep_again_at_ns_) {
      Sweep(now_ns);
      verdict = table_.Check(host);
    }
  }
  if (verdict == ConnectionTable::Verdict::kFull) return Refuse(fd, ConnectionLimit::kConnections, host);
  if (verdict == ConnectionTable::Verdict::kPeerFull) return Refuse(fd, ConnectionLimit::kConnectionsPerPeer, host);
  counters_->connections_accepted.Add();
  table_.Add(fd, Identify(fd), host);
  connections_ = table_.open();
  handover_(listener, fd);
}

void Acceptor::Refuse(int fd, ConnectionLimit limit, const std::string& host) {
  counters_->ConnectionRefused(limit);  // before its client sees it
  close(fd);
  ++refused_untold_;
  const int64_t now_ns = MonotonicNs();
  if (told_at_ns_ != 0 && now_ns - told_at_ns_ < kTellNs) return;
  told_at_ns_ = now_ns;
  spdlog::warn("[SERVER] {} connections refused (--max-connections{}), the last one of {}; {} are open",
               refused_untold_, limit == ConnectionLimit::kConnectionsPerPeer ? "-per-peer" : "", host, table_.open());
  refused_untold_ = 0;
}

bool Acceptor::TurnAway(int listener) {
  const int reason = errno;
  if (spare_fd_ >= 0) close(spare_fd_);
  const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    counters_->ConnectionRefused(ConnectionLimit::kDescriptors);
    close(fd);
  }
  spare_fd_ = OpenSpare();
  const int64_t now_ns = MonotonicNs();
  if (told_at_ns_ == 0 || now_ns - told_at_ns_ >= kTellNs) {
    told_at_ns_ = now_ns;
    spdlog::error("[SERVER] ❌ connections can't be accepted: {}; those that come are turned away until that is over",
                  std::strerror(reason));
  }
  return fd >= 0 && spare_fd_ >= 0;
}

void Acceptor::Sweep(int64_t now_ns) {
  table_.Sweep();
  const int64_t after_ns = MonotonicNs();
  swept_at_ns_ = after_ns;
  sweep_again_at_ns_ = after_ns + (after_ns - now_ns) * kSweepShare;
  connections_ = table_.open();
  most_of_a_peer_ = table_.most_of_a_peer();
}

}  // namespace pipeline
