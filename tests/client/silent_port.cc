#include "tests/client/silent_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace pipeline {
namespace {

[[noreturn]] void Fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

SilentPort::SilentPort() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (fd_ < 0) Fail("socket");
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd_, generic, size) != 0 || listen(fd_, 64) != 0 || getsockname(fd_, generic, &size) != 0) Fail("bind");
  port_ = ntohs(address.sin_port);
}

SilentPort::~SilentPort() { close(fd_); }

bool SilentPort::WaitForConnection() const {
  pollfd ready{fd_, POLLIN, 0};
  return poll(&ready, 1, 60'000) == 1;
}

int SilentPort::CountConnections(int wait_ms) const {
  int count = 0;
  for (pollfd ready{fd_, POLLIN, 0}; poll(&ready, 1, count == 0 ? wait_ms : 0) == 1; ++count) {
    close(accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC));
  }
  return count;
}

FreezableRelay::FreezableRelay(int server_port) : server_port_(server_port), thread_([this] { Forward(); }) {}

FreezableRelay::~FreezableRelay() {
  stop_ = true;
  thread_.join();
}

void FreezableRelay::Forward() {
  constexpr int kLookAgainMs = 10;
  std::array<pollfd, 2> ends = {{{-1, POLLIN, 0}, {-1, POLLIN, 0}}};
  while (!stop_) {
    if (ends[0].fd < 0) {
      pollfd incoming{fd_, POLLIN, 0};
      if (poll(&incoming, 1, kLookAgainMs) != 1) continue;
      ends[0].fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      ends[1].fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const sockaddr_in server = Loopback(server_port_);
      if (connect(ends[1].fd, reinterpret_cast<const sockaddr*>(&server), sizeof(server)) != 0) break;
    }
    if (poll(ends.data(), ends.size(), kLookAgainMs) <= 0) continue;
    for (size_t from = 0; from < 2; ++from) {
      if (ends[from].revents == 0) continue;
      std::array<char, 65536> bytes;
      const ssize_t count = read(ends[from].fd, bytes.data(), bytes.size());
      if (count <= 0) stop_ = true;
      if (count > 0 && from == 0) ++from_client_;
      // Frozen: swallowed, as on a network that loses everything.
      if (count > 0 && !frozen_) send(ends[1 - from].fd, bytes.data(), static_cast<size_t>(count), MSG_NOSIGNAL);
    }
  }
  for (const pollfd& end : ends) {
    if (end.fd >= 0) close(end.fd);
  }
}

}  // namespace pipeline
