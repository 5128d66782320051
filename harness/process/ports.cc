#include "harness/process/ports.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include "common/clock.h"
#include "common/mutex.h"

namespace harness {
namespace {

constexpr int kLowestPort = 10'000;  // well-known services and their relatives lie below
constexpr int kHighestPort = 65'535;
constexpr size_t kGivenOutMax = 10'000;  // then numbers are given out a second time
constexpr std::chrono::milliseconds kAskEvery(5);

class Socket {
 public:
  Socket(int family, int flags) : fd_(socket(family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0)) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Address Ipv4(uint32_t host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(host);
  address.sin_port = htons(static_cast<uint16_t>(port));
  Address result;
  std::memcpy(&result.storage, &address, sizeof(address));
  result.size = sizeof(address);
  return result;
}

Address Ipv6(const in6_addr& host, int port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = host;
  address.sin6_port = htons(static_cast<uint16_t>(port));
  Address result;
  std::memcpy(&result.storage, &address, sizeof(address));
  result.size = sizeof(address);
  return result;
}

// On every address: foreign servers bind to all of them.
bool CanBind(int port) {
  const Socket ipv4(AF_INET, 0);
  const Address any4 = Ipv4(INADDR_ANY, port);
  if (ipv4.fd() < 0 || bind(ipv4.fd(), any4.get(), any4.size) != 0) return false;
  const Socket ipv6(AF_INET6, 0);
  if (ipv6.fd() < 0) return true;  // a machine without IPv6
  const int only = 1;
  setsockopt(ipv6.fd(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
  const Address any6 = Ipv6(in6addr_any, port);
  return bind(ipv6.fd(), any6.get(), any6.size) == 0 || errno != EADDRINUSE;
}

std::string ReadPortRange() {
  const int fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  char text[64];
  const ssize_t size = read(fd, text, sizeof(text));
  close(fd);
  return std::string(text, size > 0 ? static_cast<size_t>(size) : 0);
}

// Where to look: below the ephemeral range, or above it; everywhere when it leaves no room.
PortRange Candidates() {
  constexpr int kRoom = 1'000;
  const std::optional<PortRange> ephemeral = ParsePortRange(ReadPortRange());
  if (!ephemeral) return {kLowestPort, 32'767};
  if (ephemeral->low - kLowestPort >= kRoom) return {kLowestPort, ephemeral->low - 1};
  if (kHighestPort - ephemeral->high >= kRoom) return {ephemeral->high + 1, kHighestPort};
  return {kLowestPort, kHighestPort};
}

bool Accepts(int family, const Address& address, int timeout_ms) {
  const Socket socket(family, SOCK_NONBLOCK);
  if (socket.fd() < 0) return false;
  if (connect(socket.fd(), address.get(), address.size) != 0) {
    if (errno != EINPROGRESS) return false;
    pollfd wait{socket.fd(), POLLOUT, 0};
    if (poll(&wait, 1, timeout_ms) != 1) return false;
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) return false;
  }
  // Without a listener a connection can be made to itself, when the kernel gives it the very port that it asks for.
  sockaddr_storage self{};
  sockaddr_storage peer{};
  socklen_t self_size = sizeof(self);
  socklen_t peer_size = sizeof(peer);
  if (getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&self), &self_size) != 0) return false;
  if (getpeername(socket.fd(), reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) return false;
  return self_size != peer_size || std::memcmp(&self, &peer, self_size) != 0;
}

}  // namespace

std::optional<PortRange> ParsePortRange(std::string_view text) {
  PortRange range;
  const char* const end = text.data() + text.size();
  const auto low = std::from_chars(text.data(), end, range.low);
  if (low.ec != std::errc()) return std::nullopt;
  const char* next = low.ptr;
  while (next != end && (*next == ' ' || *next == '\t')) ++next;
  const auto high = std::from_chars(next, end, range.high);
  if (next == low.ptr || high.ec != std::errc()) return std::nullopt;
  if (std::any_of(high.ptr, end, [](char c) { return c != '\n' && c != ' '; })) return std::nullopt;
  if (range.low < 1 || range.high > kHighestPort || range.low > range.high) return std::nullopt;
  return range;
}

int PickFreePort() {
  static pipeline::Mutex mutex;
  static std::set<int> given_out ABSL_GUARDED_BY(mutex);
  const PortRange candidates = Candidates();
  const int count = candidates.high - candidates.low + 1;
  // Programs that pick at the same time start at different places.
  std::random_device device;
  const int start = std::uniform_int_distribution<int>(0, count - 1)(device);
  const pipeline::MutexLock lock(&mutex);
  if (given_out.size() >= std::min<size_t>(kGivenOutMax, static_cast<size_t>(count) / 2)) given_out.clear();
  for (int i = 0; i < count; ++i) {
    const int port = candidates.low + (start + i) % count;
    if (given_out.contains(port) || !CanBind(port)) continue;
    given_out.insert(port);
    return port;
  }
  throw std::runtime_error("no free port between " + std::to_string(candidates.low) + " and " +
                           std::to_string(candidates.high));
}

bool PortAccepts(int port, int timeout_ms) {
  return Accepts(AF_INET, Ipv4(INADDR_LOOPBACK, port), timeout_ms) ||
         Accepts(AF_INET6, Ipv6(in6addr_loopback, port), timeout_ms);
}

bool WaitPortAccepts(int port, int64_t deadline_ns, const std::function<bool()>& give_up) {
  for (;;) {
    const int64_t left_ns = deadline_ns - pipeline::MonotonicNs();
    if (PortAccepts(port, static_cast<int>(std::clamp<int64_t>(left_ns / 1'000'000, 1, 1'000)))) return true;
    if (left_ns <= 0 || (give_up && give_up())) return false;
    std::this_thread::sleep_for(kAskEvery);
  }
}

}  // namespace harness
