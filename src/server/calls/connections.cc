#include "server/calls/connections.h"

#include <sys/socket.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "server/calls/sockets.h"

namespace pipeline {
namespace {

bool IsConnectionOn(int fd, int port) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 || PortOf(address) != port) return false;
  size = sizeof(address);
  return getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;  // not what listens
}

}  // namespace

int BreakConnections(int port) {
  int broken = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    const int fd = std::atoi(entry.path().filename().c_str());
    if (IsConnectionOn(fd, port) && shutdown(fd, SHUT_RDWR) == 0) ++broken;
  }
  return broken;
}

}  // namespace pipeline
