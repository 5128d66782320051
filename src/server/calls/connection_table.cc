#include "server/calls/connection_table.h"

#include <algorithm>

namespace pipeline {

ConnectionTable::Verdict ConnectionTable::Check(const std::string& host) const {
  if (open() >= limits_.connections_max) return Verdict::kFull;
  const auto found = peers_.find(host);
  if (found != peers_.end() && found->second >= limits_.connections_per_peer_max) return Verdict::kPeerFull;
  return Verdict::kRoom;
}

void ConnectionTable::Add(int fd, SocketId socket, const std::string& host) {
  // The kernel gave the number anew: what had it is closed.
  if (const auto before = connections_.find(fd); before != connections_.end()) Forget(before);
  const auto peer = peers_.emplace(host, 0).first;
  ++peer->second;
  connections_.emplace(fd, Connection{socket, peer});
}

void ConnectionTable::Sweep() {
  for (auto at = connections_.begin(); at != connections_.end();) {
    at = identify_(at->first) == at->second.socket ? std::next(at) : Forget(at);
  }
}

int64_t ConnectionTable::most_of_a_peer() const {
  int64_t most = 0;
  for (const auto& [host, connections] : peers_) most = std::max(most, connections);
  return most;
}

ConnectionTable::Connections::iterator ConnectionTable::Forget(Connections::iterator at) {
  if (--at->second.peer->second == 0) peers_.erase(at->second.peer);
  return connections_.erase(at);
}

}  // namespace pipeline
