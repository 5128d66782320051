#include "server/ops/reach_check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "common/clock.h"
#include "server/calls/sockets.h"

namespace pipeline {
namespace {

// HTTP/2 (RFC 9113): what a client says first, with settings that are all the default; frames.
constexpr std::string_view kHello("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33);
constexpr size_t kFrameHeadBytes = 9;
constexpr size_t kTypeAt = 3;
constexpr size_t kFlagsAt = 4;
constexpr char kSettings = 4;
constexpr char kAck = 1;
constexpr size_t kAnswerBytesMax = 64UL * 1024;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

// False: neither came in time, or `stop_fd` is readable.
bool WaitFor(int fd, int16_t events, int64_t deadline_ns, int stop_fd) {
  std::array<pollfd, 2> waits = {{{fd, events, 0}, {stop_fd, POLLIN, 0}}};
  const int64_t left_ms = std::max<int64_t>(0, (deadline_ns - MonotonicNs() + 999'999) / 1'000'000);
  return poll(waits.data(), waits.size(), static_cast<int>(left_ms)) > 0 && waits[1].revents == 0;
}

// Within `duration_ns`.
bool Stopped(int stop_fd, int64_t duration_ns) {
  pollfd wait = {stop_fd, POLLIN, 0};
  return poll(&wait, 1, static_cast<int>((duration_ns + 999'999) / 1'000'000)) > 0;
}

// The server's acknowledgement of our settings stands among the frames: its threads have read what we said.
bool Acknowledged(std::string_view frames) {
  while (frames.size() >= kFrameHeadBytes) {
    if (frames[kTypeAt] == kSettings && (frames[kFlagsAt] & kAck) != 0) return true;
    size_t length = 0;
    for (size_t i = 0; i < kTypeAt; ++i) length = length << 8 | static_cast<unsigned char>(frames[i]);
    frames.remove_prefix(std::min(frames.size(), kFrameHeadBytes + length));
  }
  return false;
}

// A port of its own before it connects, so that the acceptor knows it.
int BindAnyPort(int fd, sa_family_t family) {
  sockaddr_storage own{};
  own.ss_family = family;
  socklen_t size = family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&own), size) != 0) return 0;
  return getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) == 0 ? PortOf(own) : 0;
}

std::string Converse(int fd, int64_t deadline_ns, int stop_fd) {
  if (!WaitFor(fd, POLLOUT, deadline_ns, stop_fd)) return "no connection in time";
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return std::strerror(error);
  if (send(fd, kHello.data(), kHello.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(kHello.size())) {
    return std::strerror(errno);
  }
  std::string answer;
  while (!Acknowledged(answer) && answer.size() < kAnswerBytesMax) {
    if (!WaitFor(fd, POLLIN, deadline_ns, stop_fd)) return "a connection, but no answer in time";
    std::array<char, 4096> buffer{};
    const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
    if (got == 0) return "the connection was closed";
    if (got < 0 && errno != EAGAIN && errno != EINTR) return std::strerror(errno);
    if (got > 0) answer.append(buffer.data(), static_cast<size_t>(got));
  }
  return Acknowledged(answer) ? "" : "an answer that is none of HTTP/2";
}

}  // namespace

ReachJudge::Says ReachJudge::Judge(bool reached) {
  if (reached) {
    ever_ = true;
    return std::exchange(misses_, 0) > 0 ? Says::kBack : Says::kNothing;
  }
  if (misses_ < misses_max_) ++misses_;
  if (misses_ == misses_max_ && ever_) return Says::kEnd;
  return misses_ == 1 ? Says::kLost : Says::kNothing;
}

std::string Dial(const sockaddr_storage& address, socklen_t address_size, int64_t timeout_ns, int stop_fd,
                 const std::function<void(int port)>& dialling) {
  const int64_t deadline_ns = MonotonicNs() + timeout_ns;
  const Descriptor descriptor(socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (descriptor.get() < 0) return std::strerror(errno);
  dialling(BindAnyPort(descriptor.get(), address.ss_family));
  std::string wrong;
  if (connect(descriptor.get(), reinterpret_cast<const sockaddr*>(&address), address_size) != 0 &&
      errno != EINPROGRESS) {
    wrong = std::strerror(errno);
  } else {
    wrong = Converse(descriptor.get(), deadline_ns, stop_fd);
  }
  dialling(0);
  return wrong;
}

ReachCheck::ReachCheck(int listener, const ReachOptions& options, Hooks hooks)
    : options_(options),
      hooks_(std::move(hooks)),
      address_size_(sizeof(address_)),
      stop_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (stop_fd_ < 0) throw std::runtime_error(std::string("can't watch over itself: ") + std::strerror(errno));
  getsockname(listener, reinterpret_cast<sockaddr*>(&address_), &address_size_);
  auto& v4 = reinterpret_cast<sockaddr_in&>(address_);
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address_);
  const bool every_v6 = address_.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr);
  if (every_v6 || (address_.ss_family == AF_INET && v4.sin_addr.s_addr == htonl(INADDR_ANY))) {
    v4.sin_port = every_v6 ? v6.sin6_port : v4.sin_port;
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address_size_ = sizeof(v4);
  }
  thread_ = std::thread([this] { Run(); });
}

ReachCheck::~ReachCheck() {
  eventfd_write(stop_fd_, 1);
  thread_.join();
  close(stop_fd_);
}

void ReachCheck::Run() {
  ReachJudge judge(options_.misses_max);
  for (;;) {
    if (Stopped(stop_fd_, options_.every_ns)) return;
    const std::string wrong = Dial(address_, address_size_, options_.timeout_ns, stop_fd_, hooks_.dialling);
    if (Stopped(stop_fd_, 0)) return;
    const ReachJudge::Says says = judge.Judge(wrong.empty());
    if (!wrong.empty()) ++misses_;
    ++dials_;
    reachable_ = wrong.empty();
    if (says == ReachJudge::Says::kLost) {
      spdlog::error("[SERVER] ❌ it does not answer itself at its own address: {}; trying again", wrong);
    } else if (says == ReachJudge::Says::kBack) {
      spdlog::info("[SERVER] ✅ it answers itself again");
    } else if (says == ReachJudge::Says::kEnd) {
      hooks_.on_deaf("can't be reached at its own address: " + wrong);
      return;
    }
  }
}

}  // namespace pipeline
