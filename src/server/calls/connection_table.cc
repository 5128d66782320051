#include "server/calls/connection_table.h"

#include <iterator>

namespace pipeline {

ConnectionTable::Verdict ConnectionTable::Check(const std::string& host) const {
  if (open() >= limits_.connections_max) return Verdict::kFull;
  return hosts_.of(host) >= limits_.connections_per_peer_max ? Verdict::kPeerFull : Verdict::kRoom;
}

void ConnectionTable::Add(int fd, SocketId socket, const std::string& host) {
  // The kernel gave the number anew: what had it is closed.
  if (const auto before = connections_.find(fd); before != connections_.end()) Forget(before);
  connections_.emplace(fd, Connection{socket, hosts_.Add(host)});
}

void ConnectionTable::Sweep() {
  for (auto at = connections_.begin(); at != connections_.end();) {
    at = identify_(at->first) == at->second.socket ? std::next(at) : Forget(at);
  }
}

ConnectionTable::Connections::iterator ConnectionTable::Forget(Connections::iterator at) {
  hosts_.Remove(at->second.host);
  return connections_.erase(at);
}

}  // namespace pipeline
