// Accepts connections and hands them to gRPC. gRPC's own acceptor stops for ever when the process is out of
// descriptors (grpc 1.51: tcp_server_posix.cc, on_read), and has no limit of connections; this one counts them, in all
// and by host, closes at once what is beyond, and never stops. Made by PaymentServer; runs on a thread of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "server/calls/connection_table.h"
#include "server/calls/listening_sockets.h"
#include "server/ops/server_counters.h"

namespace pipeline {

class Acceptor {
 public:
  // Takes over a connection's descriptor: who is handed it closes it.
  using Handover = std::function<void(int listener, int fd)>;

  // Accepts from now on. `handover` is called from the acceptor's thread. Throws std::runtime_error when there is no
  // descriptor to begin with.
  Acceptor(const ListeningSockets* sockets, const ConnectionLimits& limits, ServerCounters* counters,
           Handover handover);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Accepts no more. The sockets may go afterwards.
  void Stop();

  // The server dials itself from `port` of this machine: that connection counts as none. 0: none. Thread-safe, as is
  // all that follows.
  void ExpectSelf(int port) { self_port_ = port; }
  // As of the last look, which comes every second and at each connection that is beyond a limit.
  int64_t connections() const { return connections_; }
  int64_t most_of_a_peer() const { return most_of_a_peer_; }

 private:
  void Run();
  // Takes what waits at `listener`. False: there is no descriptor, or the kernel has no memory; a pause is due.
  bool AcceptAll(int listener);
  void Take(int listener, int fd);
  void Refuse(int fd, ConnectionLimit limit, const std::string& host);
  // One that waits is turned away with the descriptor that is kept for it. False: not even that was possible.
  bool TurnAway(int listener);
  void Sweep(int64_t now_ns);

  const ListeningSockets* const sockets_;
  ServerCounters* const counters_;
  const Handover handover_;
  ConnectionTable table_;
  int wake_fd_ = -1;
  int spare_fd_ = -1;
  int64_t swept_at_ns_ = 0;
  int64_t sweep_again_at_ns_ = 0;
  int64_t told_at_ns_ = 0;
  int64_t refused_untold_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> self_port_ = 0;
  std::atomic<int64_t> connections_ = 0;
  std::atomic<int64_t> most_of_a_peer_ = 0;
  std::thread thread_;
};

}  // namespace pipeline
