#include "tests/server/calls/idle_connections.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

namespace pipeline {
namespace {

sockaddr_in Address(const char* host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, host, &address.sin_addr);
  return address;
}

bool IsOpen(int fd) {
  std::array<char, 4096> ignored{};
  ssize_t got = 0;
  while ((got = recv(fd, ignored.data(), ignored.size(), MSG_DONTWAIT)) > 0) {
  }
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace

IdleConnections::IdleConnections(int count) {
  for (int i = 0; i < count; ++i) descriptors_.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

IdleConnections::IdleConnections(int port, int count, const char* own, std::string_view hello)
    : IdleConnections(count) {
  Connect(port, own, hello);
}

void IdleConnections::Connect(int port, const char* own, std::string_view hello) {
  const sockaddr_in from = Address(own, 0);
  const sockaddr_in to = Address("127.0.0.1", port);
  for (const int fd : descriptors_) {
    EXPECT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof(from)), 0);
    EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
    if (!hello.empty()) {
      EXPECT_EQ(send(fd, hello.data(), hello.size(), MSG_NOSIGNAL), static_cast<ssize_t>(hello.size()));
    }
  }
}

int IdleConnections::Open() const {
  int open = 0;
  for (const int fd : descriptors_) open += IsOpen(fd) ? 1 : 0;
  return open;
}

void IdleConnections::Close() {
  for (const int fd : descriptors_) close(fd);
  descriptors_.clear();
}

}  // namespace pipeline
