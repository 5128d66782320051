// The sockets that the server accepts connections on. Made by PaymentServer::Listen.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pipeline {

// Sockets that listen, closed at the end.
class ListeningSockets {
 public:
  // All addresses of `host` (a name, an IPv4 or IPv6 address, with or without brackets) at `port`; 0: a free one, the
  // same for all. "0.0.0.0" and "::" are both all addresses of both families. No port is shared with another process.
  // A peer that takes nothing of what was sent is given up after `unacknowledged_ns`. Throws std::runtime_error.
  ListeningSockets(const std::string& host, int port, int64_t unacknowledged_ns);
  ~ListeningSockets();
  ListeningSockets(const ListeningSockets&) = delete;
  ListeningSockets& operator=(const ListeningSockets&) = delete;

  const std::vector<int>& descriptors() const { return descriptors_; }
  int port() const { return port_; }

 private:
  void Close();

  std::vector<int> descriptors_;
  int port_ = 0;
};

// HOST:PORT, an IPv6 address in brackets. Pure.
std::string HostAndPort(const std::string& host, int port);
// Whether only this machine can reach `host`: 127.0.0.0/8, ::1, localhost. Pure.
bool IsLoopback(const std::string& host);

}  // namespace pipeline
