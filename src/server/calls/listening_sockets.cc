#include "server/calls/listening_sockets.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "server/calls/sockets.h"

namespace pipeline {
namespace {

constexpr int kBacklog = 4096;  // the kernel's own limit (net.core.somaxconn) applies too
// A free port of one address may be taken at another.
constexpr int kFreePortTries = 16;

struct FreeAddresses {
  void operator()(addrinfo* found) const { freeaddrinfo(found); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

std::string WithoutBrackets(const std::string& host) {
  return host.size() > 2 && host.front() == '[' && host.back() == ']' ? host.substr(1, host.size() - 2) : host;
}

Addresses Resolve(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(WithoutBrackets(host).c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) {
    throw std::runtime_error("can't listen on " + HostAndPort(host, port) + ": " +
                             (error == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(error)));
  }
  return Addresses(found);
}

// All addresses of both families, where there are both; nullptr: `address` is not that, or there is no IPv6.
Addresses EveryAddress(const std::string& host, int port) {
  const std::string bare = WithoutBrackets(host);
  return bare == "0.0.0.0" || bare == "::" ? Resolve("::", port) : nullptr;
}

void Set(int fd, int level, int option, int value) { setsockopt(fd, level, option, &value, sizeof(value)); }

// What the listening socket is told, those that it accepts are born with.
int OpenSocket(const addrinfo& address, int64_t unacknowledged_ns) {
  const int fd = socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  Set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  Set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  Set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(std::max<int64_t>(1, unacknowledged_ns / 1'000'000)));
  if (address.ai_family == AF_INET6) {
    const auto& v6 = *reinterpret_cast<const sockaddr_in6*>(address.ai_addr);
    Set(fd, IPPROTO_IPV6, IPV6_V6ONLY, IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr) ? 0 : 1);
  }
  if (bind(fd, address.ai_addr, address.ai_addrlen) == 0 && listen(fd, kBacklog) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

int OwnPort(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  return getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 ? PortOf(address) : 0;
}

void SetPort(addrinfo* address, int port) {
  const auto wire = htons(static_cast<uint16_t>(port));
  if (address->ai_family == AF_INET) reinterpret_cast<sockaddr_in*>(address->ai_addr)->sin_port = wire;
  if (address->ai_family == AF_INET6) reinterpret_cast<sockaddr_in6*>(address->ai_addr)->sin6_port = wire;
}

// Opens a socket for each address, all at one port. 0, or why one of them can't be had; an address that this machine
// lacks is left out when another one can be had.
int OpenAll(addrinfo* addresses, int port, int64_t unacknowledged_ns, std::vector<int>* descriptors) {
  int missing = EADDRNOTAVAIL;
  for (addrinfo* address = addresses; address != nullptr; address = address->ai_next) {
    SetPort(address, port);
    const int fd = OpenSocket(*address, unacknowledged_ns);
    if (fd >= 0) {
      descriptors->push_back(fd);
      if (port == 0) port = OwnPort(fd);
      continue;
    }
    if (errno != EADDRNOTAVAIL && errno != EAFNOSUPPORT) return errno;
    missing = errno;
  }
  return descriptors->empty() ? missing : 0;
}

}  // namespace

ListeningSockets::ListeningSockets(const std::string& host, int port, int64_t unacknowledged_ns) {
  const Addresses every = EveryAddress(host, port);
  const Addresses named = Resolve(host, port);
  int error = 0;
  for (int tries = 0; tries < (port == 0 ? kFreePortTries : 1); ++tries) {
    error = every == nullptr ? EAFNOSUPPORT : OpenAll(every.get(), port, unacknowledged_ns, &descriptors_);
    if (error == EAFNOSUPPORT || error == EADDRNOTAVAIL) {
      error = OpenAll(named.get(), port, unacknowledged_ns, &descriptors_);
    }
    if (error == 0) break;
    Close();
    if (error != EADDRINUSE) break;
  }
  if (error != 0) {
    throw std::runtime_error("can't listen on " + HostAndPort(host, port) + ": " + std::strerror(error));
  }
  port_ = OwnPort(descriptors_.front());
}

ListeningSockets::~ListeningSockets() { Close(); }

void ListeningSockets::Close() {
  for (const int fd : descriptors_) close(fd);
  descriptors_.clear();
}

std::string HostAndPort(const std::string& host, int port) {
  const bool bare_v6 = host.find(':') != std::string::npos && host.front() != '[';
  return (bare_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool IsLoopback(const std::string& host) {
  const std::string bare = WithoutBrackets(host);
  in_addr v4{};
  if (inet_pton(AF_INET, bare.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
  in6_addr v6{};
  if (inet_pton(AF_INET6, bare.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  return bare == "localhost";
}

}  // namespace pipeline
