// Which connections are open, and whether one more may be: limits in all and of one host. Who closes connections
// (gRPC) does not tell: a connection is gone when its descriptor is closed or has become another socket. Used by the
// acceptor's thread; not thread-safe. Asks for a descriptor's state and nothing else, so it is tested without sockets.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>

#include "server/calls/host_counts.h"

namespace pipeline {

struct ConnectionLimits {
  int64_t connections_max = 11'000;
  int64_t connections_per_peer_max = 2'100;
};

// Ends with the connection: no other has it while the process lives.
using SocketId = uint64_t;

class ConnectionTable {
 public:
  enum class Verdict : uint8_t { kRoom, kFull, kPeerFull };
  // The socket that descriptor `fd` is now; 0: it is none.
  using Identify = std::function<SocketId(int fd)>;

  ConnectionTable(const ConnectionLimits& limits, Identify identify)
      : limits_(limits), identify_(std::move(identify)) {}

  // Whether one more of `host` may be open, by what is known: those that have gone since the last Sweep() count.
  Verdict Check(const std::string& host) const;
  // A connection is open now.
  void Add(int fd, SocketId socket, const std::string& host);
  // Looks at every descriptor and forgets the connections that have gone.
  void Sweep();

  int64_t open() const { return static_cast<int64_t>(connections_.size()); }
  // Of the host that has the most.
  int64_t most_of_a_peer() const { return hosts_.most(); }

 private:
  struct Connection {
    SocketId socket = 0;
    HostCounts::Place host;
  };
  using Connections = std::unordered_map<int, Connection>;  // by descriptor

  Connections::iterator Forget(Connections::iterator at);

  const ConnectionLimits limits_;
  const Identify identify_;
  Connections connections_;
  HostCounts hosts_;
};

}  // namespace pipeline
