#include "common/memory_limit.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

namespace pipeline {
namespace {

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();
constexpr int64_t kStoreBytesMin = 16LL * 1024 * 1024;

// A file that holds one number. Without one ("max"): no limit.
int64_t LimitIn(const std::string& path) {
  std::ifstream file(path);
  int64_t bytes = 0;
  return file >> bytes && bytes > 0 ? bytes : kNoLimit;
}

// Of /proc/meminfo's line "MemTotal: N kB".
int64_t MachineBytes(const std::string& root) {
  std::ifstream file(root + "/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    int64_t kilobytes = 0;
    if (words >> name >> kilobytes && name == "MemTotal:") return kilobytes * 1024;
  }
  return kNoLimit;
}

// The limit of a group and of those above it; the group's folder may not be visible from within a container, whose own
// group is the root then.
int64_t GroupBytes(const std::string& mount, const std::string& group, const std::string& file) {
  int64_t bytes = LimitIn(mount + "/" + file);
  for (std::filesystem::path at = group; at.has_relative_path(); at = at.parent_path()) {
    bytes = std::min(bytes, LimitIn(mount + at.string() + "/" + file));
  }
  return bytes;
}

}  // namespace

int64_t MemoryBytes(const std::string& root) {
  int64_t bytes = MachineBytes(root);
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // "0::/group" or "4:memory:/group"
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (controllers.empty()) bytes = std::min(bytes, GroupBytes(root + "/sys/fs/cgroup", group, "memory.max"));
    if (controllers == "memory") {
      bytes = std::min(bytes, GroupBytes(root + "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes"));
    }
  }
  return bytes;
}

int64_t DefaultStoreBytes(int64_t memory_bytes, int64_t window_bytes_max) {
  return std::max(kStoreBytesMin, (memory_bytes - window_bytes_max) / 2);
}

}  // namespace pipeline
