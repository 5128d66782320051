// Peers that say nothing: a port that accepts connections and never sends a byte, and a relay that stops forwarding
// when told to, as a network that loses everything.
#pragma once

#include <atomic>
#include <string>
#include <thread>

namespace pipeline {

// Listens on a free port of 127.0.0.1. Connections are made by the kernel; nobody reads them.
class SilentPort {
 public:
  SilentPort();
  ~SilentPort();
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // False: nobody came within a minute.
  bool WaitForConnection() const;
  // How many came since the last call; they are closed. Waits `wait_ms` for the first.
  int CountConnections(int wait_ms) const;

 protected:
  int fd_ = -1;
  int port_ = 0;
};

// Forwards one connection to a port of 127.0.0.1.
class FreezableRelay : public SilentPort {
 public:
  explicit FreezableRelay(int server_port);
  ~FreezableRelay();
  void Freeze() { frozen_ = true; }
  // Pieces that came from the client so far.
  int from_client() const { return from_client_; }

 private:
  void Forward();

  const int server_port_;
  std::atomic<bool> frozen_ = false;
  std::atomic<int> from_client_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace pipeline
