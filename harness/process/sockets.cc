#include "harness/process/sockets.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

#include "harness/process/process_info.h"

namespace harness {
namespace {

constexpr int kEstablished = 1;
constexpr int kListening = 10;

// "0100007F:C350": an address, of which the part behind the colon counts. -1: it is none.
int PortOf(std::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return -1;
  int port = -1;
  const char* const end = address.data() + address.size();
  const auto parsed = std::from_chars(address.data() + colon + 1, end, port, 16);
  return parsed.ec == std::errc() && parsed.ptr == end ? port : -1;
}

std::vector<TcpSocket> AllTcpSockets() {
  std::vector<TcpSocket> all;
  for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    const auto some = ParseTcpTable(text.str());
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace

std::vector<TcpSocket> ParseTcpTable(std::string_view text) {
  std::vector<TcpSocket> sockets;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string number, local, remote, state, queues, timer, retransmits, user, timeout;
    TcpSocket socket;
    fields >> number >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >> socket.inode;
    socket.local_port = PortOf(local);
    socket.remote_port = PortOf(remote);
    if (!fields || socket.local_port < 0 || socket.remote_port < 0) continue;
    if (std::from_chars(state.data(), state.data() + state.size(), socket.state, 16).ec != std::errc()) continue;
    sockets.push_back(socket);
  }
  return sockets;
}

std::set<uint64_t> ListeningSockets(int port) {
  std::set<uint64_t> inodes;
  for (const TcpSocket& socket : AllTcpSockets()) {
    if (socket.state == kListening && socket.local_port == port) inodes.insert(socket.inode);
  }
  return inodes;
}

std::set<uint64_t> SocketsConnectedTo(const std::set<int>& ports) {
  std::set<uint64_t> inodes;
  for (const TcpSocket& socket : AllTcpSockets()) {
    if (socket.state == kEstablished && ports.contains(socket.remote_port)) inodes.insert(socket.inode);
  }
  return inodes;
}

bool HasOpenOneOf(int64_t pid, const std::set<uint64_t>& inodes) {
  constexpr std::string_view kPrefix = "socket:[";
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/" + std::to_string(pid) + "/fd", error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry->path(), gone).string();
    if (gone || !target.starts_with(kPrefix)) continue;
    uint64_t inode = 0;
    std::from_chars(target.data() + kPrefix.size(), target.data() + target.size(), inode);
    if (inodes.contains(inode)) return true;
  }
  return false;
}

std::vector<int64_t> OwnersOf(const std::set<uint64_t>& inodes) {
  std::vector<int64_t> owners;
  if (inodes.empty()) return owners;
  for (const ProcessRow& process : AllProcesses()) {
    if (HasOpenOneOf(process.pid, inodes)) owners.push_back(process.pid);
  }
  return owners;
}

}  // namespace harness
