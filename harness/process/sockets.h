// Who listens on a TCP port of this host, and who is connected to one: /proc/net/tcp and tcp6 joined with what each
// process has open. Called by faults and the run's processes; thread-safe. A process of another user, or of another
// network namespace, shows nothing of what it has open: its sockets are seen, and their owner is not.
#pragma once

#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

namespace harness {

struct TcpSocket {
  int local_port = 0;
  int remote_port = 0;
  int state = 0;  // as the kernel numbers them: 1 established, 10 listening
  uint64_t inode = 0;
};

// The rows of a table like /proc/net/tcp (proc(5)); what is no such row is passed over. Pure.
std::vector<TcpSocket> ParseTcpTable(std::string_view text);

// Inodes of the sockets that listen on `port`, whatever the address.
std::set<uint64_t> ListeningSockets(int port);
// Inodes of the sockets that are connected to one of `ports`.
std::set<uint64_t> SocketsConnectedTo(const std::set<int>& ports);
// The processes that have one of `inodes` open, as far as they can be seen.
std::vector<int64_t> OwnersOf(const std::set<uint64_t>& inodes);
bool HasOpenOneOf(int64_t pid, const std::set<uint64_t>& inodes);

}  // namespace harness
